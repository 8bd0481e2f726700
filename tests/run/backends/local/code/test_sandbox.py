"""Hostile Python in the sandbox: what it tries, what it is told, what is left."""

import errno
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from difyflow.errors import NotRunnable
from difyflow.run.backends.local.code import Limits
from difyflow.run.backends.local.code._inside import syscalls
from difyflow.run.backends.local.code._sandbox import SandboxRunner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is made of parts of Linux")

HELD = {errno.EPERM, errno.EACCES, errno.ENOSYS}


OLD_KERNEL = pytest.param("a kernel with Landlock ABI 1", marks=pytest.mark.long)


@pytest.fixture(scope="module", params=["this kernel", OLD_KERNEL])
def box(request, sandbox):
    """The sandbox, and once more as on a kernel that knows only the first version of Landlock."""
    if request.param == "this kernel":
        yield sandbox
        return
    with SandboxRunner(Limits(wall_s=10.0, memory_bytes=256 * 1024 * 1024), landlock_abi=1) as runner:
        assert "ABI 1" in runner.describe()
        yield runner


def run(runner, source, **inputs):
    return runner.run("python3", source, inputs)


def attempt(runner, statement, **inputs):
    """Runs one statement as `main`; the outcome if it went through is `{"got": ...}`."""
    names = ", ".join(inputs)
    source = (
        "import os, sys, signal, socket, ctypes\n"
        f"def main({names}):\n    got = {statement}\n    return {{'got': repr(got)}}"
    )
    return run(runner, source, **inputs)


@pytest.mark.parametrize(
    "statement",
    [
        "open('/etc/passwd').read()",
        "open('/etc/hostname', 'a')",
        "os.listdir('/')",
        "os.listdir('..')",
        "os.listdir(os.path.dirname(parent_file))",
        "open(parent_file).read()",
        "os.open(parent_file, os.O_RDONLY)",
        "open('/proc/self/environ').read()",
        "open(f'/proc/{parent}/environ').read()",
        "open(f'/proc/{os.getppid()}/environ').read()",
        "open(f'/proc/{parent}/cmdline').read()",
        "open('/proc/1/cmdline').read()",
        "open(f'/proc/{parent}/mem', 'rb')",
        "os.listdir('/proc')",
        "open('/dev/shm/difyflow-test', 'w')",
        "open('/tmp/difyflow-test', 'w')",
        "open(os.path.join(os.path.dirname(os.__file__), 'difyflow-test.py'), 'w')",
        "os.mkdir('/tmp/difyflow-test')",
        "os.unlink(parent_file)",
        "os.rename(parent_file, 'x')",
        "os.truncate(parent_file, 0)",
        "os.open(parent_file, os.O_RDONLY | os.O_TRUNC)",
        "os.chmod(parent_file, 0o777)",
        "os.chmod('.', 0o777)",
        "os.chown(parent_file, 0, 0)",
        "os.utime(parent_file)",
        "os.setxattr(parent_file, 'user.x', b'1')",
        "os.symlink(parent_file, 'link') or open('link').read()",
        "os.chdir('/') or open('etc/passwd').read()",
        "os.mkfifo('fifo')",
        "os.mknod('device', 0o20666, 0x0103)",
        "open(packages).read()",
        "socket.socket()",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_INET6)",
        "socket.socket(socket.AF_UNIX)",
        "socket.socket(16, socket.SOCK_RAW)",
        "socket.socketpair()",
        "socket.getaddrinfo('localhost', 80)",
        "__import__('urllib.request').request.urlopen('http://127.0.0.1:1/')",
        "os.fork()",
        "os.forkpty()",
        "os.popen('id').read()",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "__import__('subprocess').run(['true'])",
        "__import__('multiprocessing').get_context('fork').Process(target=print).start()",
        "os.kill(parent, 0)",
        "os.kill(os.getppid(), signal.SIGKILL)",
        "os.kill(-1, signal.SIGKILL)",
        "os.kill(0, signal.SIGTERM)",
        "os.killpg(os.getppid(), signal.SIGKILL)",
        "signal.pidfd_send_signal(os.pidfd_open(parent), signal.SIGKILL)",
        "os.sched_setaffinity(parent, {0})",
        "os.setpriority(os.PRIO_PROCESS, parent, 5)",
        "os.setsid()",
        "os.setuid(0)",
        "os.memfd_create('x')",
        "__import__('fcntl').fcntl(0, 8, parent)",
        "__import__('fcntl').ioctl(0, 0x5412, b'x')",
    ],
)
def test_what_code_may_not_do_is_refused_and_named(box, statement):
    inputs = {
        "parent": os.getpid(),
        "parent_file": __file__,
        "packages": pytest.__file__,
    }
    outcome = attempt(box, statement, **inputs)
    assert outcome.result is None, statement
    assert outcome.error.kind == "forbidden", outcome.error.message
    assert "hint: isolated code works on its inputs" in outcome.error.message
    assert attempt(box, "1 + 1").result == {"got": "2"}


def test_a_command_for_the_shell_is_not_run(box):
    # system() does not raise: it gives -1, or the status 127 of a shell that could not be started
    assert attempt(box, "os.system('true')").result["got"] in ("-1", str(127 << 8))


# Name of the kernel call and its arguments; p is the pid of this test, s a bytes object of 256 zeros.
RAW_CALLS = {
    "socket": "(2, 1, 0)", "socketpair": "(1, 1, 0, s)", "io_uring_setup": "(8, s)",
    "ptrace": "(16, p, 0, 0)", "process_vm_readv": "(p, s, 1, s, 1, 0)",
    "process_vm_writev": "(p, s, 1, s, 1, 0)", "memfd_create": "(b'x', 0)", "memfd_secret": "(0,)",
    "fork": "()", "vfork": "()", "clone": "(17, 0, 0, 0, 0)", "clone3": "(s, 88)",
    "execve": "(b'/bin/true', 0, 0)", "execveat": "(-100, b'/bin/true', 0, 0, 0)", "kill": "(p, 9)",
    "tkill": "(p, 9)", "tgkill": "(p, p, 9)", "rt_sigqueueinfo": "(p, 9, s)",
    "rt_tgsigqueueinfo": "(p, p, 9, s)", "pidfd_open": "(p, 0)", "pidfd_send_signal": "(0, 9, 0, 0)",
    "pidfd_getfd": "(0, 0, 0)", "kcmp": "(p, p, 0, 0, 0)", "unshare": "(0x10000000,)",
    "setns": "(0, 0)", "mount": "(s, s, s, 0, s)", "chroot": "(b'.',)", "pivot_root": "(b'.', b'.')",
    "chmod": "(b'.', 511)", "fchmod": "(1, 511)", "fchmodat": "(-100, b'.', 511)",
    "fchmodat2": "(-100, b'.', 511, 0)", "chown": "(b'.', 0, 0)", "fchown": "(1, 0, 0)",
    "fchownat": "(-100, b'.', 0, 0, 0)", "utimensat": "(-100, b'.', 0, 0)",
    "setxattr": "(b'.', b'user.x', s, 1, 0)", "bpf": "(0, s, 128)",
    "perf_event_open": "(s, 0, -1, -1, 0)", "userfaultfd": "(0,)", "keyctl": "(0, 0, 0, 0, 0)",
    "add_key": "(b'user', b'x', s, 1, -2)", "shmget": "(0, 4096, 512)", "msgget": "(0, 512)",
    "semget": "(0, 1, 512)", "mq_open": "(b'x', 64, 384, 0)", "inotify_init1": "(0,)",
    "fanotify_init": "(0, 0)", "name_to_handle_at": "(-100, b'/etc', s, s, 0)",
    "open_by_handle_at": "(-100, s, 0)", "prlimit64": "(p, 7, s, 0)", "setrlimit": "(7, s)",
    "capset": "(s, s)", "personality": "(0xffffffff,)", "prctl": "(1, 0, 0, 0, 0)",
    "seccomp": "(1, 0, s)", "openat2": "(-100, b'/etc/passwd', s, 24)",
    "sched_setaffinity": "(p, 8, s)", "setpriority": "(0, p, 1)", "process_madvise": "(0, s, 0, 0, 0)",
    "setuid": "(0,)", "init_module": "(s, 1, s)", "reboot": "(0, 0, 0, 0)",
}  # fmt: skip
EXTRA = {"seccomp": (317, 277), "openat2": (437, 437)}  # calls that the tables leave to the default


def raw_number(name):
    column = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
    if column is None:
        pytest.skip(f"no table for {platform.machine()}")
    if name in EXTRA:
        return EXTRA[name][column]
    for table in (syscalls.FORBIDDEN, syscalls.GUARDED):
        if name in (numbers := syscalls.numbers(table, column)):
            return numbers[name]
    return pytest.skip(f"{platform.machine()} has no {name}")


@pytest.mark.parametrize("name", RAW_CALLS)
def test_kernel_calls_made_around_python_are_refused_too(box, name):
    source = (
        "import ctypes\ndef main(n, p):\n    s = bytes(256)\n    libc = ctypes.CDLL(None, use_errno=True)\n"
        f"    got = libc.syscall(n, *{RAW_CALLS[name]})\n"
        "    return {'got': got, 'errno': ctypes.get_errno()}"
    )
    outcome = run(box, source, n=raw_number(name), p=os.getpid())
    assert outcome.error is None
    assert outcome.result["got"] == -1
    assert outcome.result["errno"] in HELD


@pytest.mark.skipif(platform.machine() != "x86_64", reason="instruction sets beside that of x86-64")
@pytest.mark.parametrize(
    "machine_code",
    [
        "b8 14000000 cd80 c3",  # getpid of i386: mov eax, 20; int 0x80; ret
        "b8 27000040 0f05 c3",  # getpid of x32: mov eax, 39 | 1 << 30; syscall; ret
    ],
)
def test_kernel_calls_in_another_instruction_set_end_the_process(box, machine_code):
    source = (
        "import ctypes, mmap\ndef main(code):\n    page = mmap.mmap(-1, 4096, prot=7)\n"
        "    page.write(bytes.fromhex(code))\n"
        "    start = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "    return {'got': ctypes.CFUNCTYPE(ctypes.c_long)(start)()}"
    )
    outcome = run(box, source, code=machine_code)
    assert outcome.error.kind == "forbidden", outcome


def test_the_library_can_be_used(box):
    modules = (
        "json re math datetime collections hashlib random uuid decimal csv html urllib.parse zlib "
        "statistics base64 itertools functools string textwrap unicodedata difflib fractions heapq bisect "
        "copy io logging typing dataclasses enum operator time secrets hmac struct ipaddress "
        "xml.etree.ElementTree sqlite3 bz2 lzma zoneinfo urllib.request asyncio multiprocessing "
        "email.message pickle tomllib ssl binascii calendar concurrent.futures contextlib array locale "
        "gettext graphlib pprint shelve tarfile wave xml.sax "
    )
    source = (
        "import importlib\ndef main(names):\n    for n in names: importlib.import_module(n)\n    return {}"
    )
    outcome = run(box, source, names=modules.split())
    assert outcome.error is None


def test_library_functions_that_look_outside_have_what_they_need(box):
    source = (
        "import datetime, hashlib, uuid, zoneinfo, platform, tempfile, time, contextlib, os, sqlite3\n"
        "def main():\n"
        "    beijing = datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo('Asia/Shanghai'))\n"
        "    with contextlib.redirect_stdout(open(os.devnull, 'w')): print('x')\n"
        "    db = sqlite3.connect('a.db'); db.execute('create table t(x)'); db.commit()\n"
        "    return {'offset': beijing.utcoffset().total_seconds(), 'md5': hashlib.md5(b'').hexdigest(),\n"
        "            'node': uuid.uuid1().version, 'python': platform.python_version(),\n"
        "            'dir': tempfile.gettempdir(),\n"
        "            'gbk': '论语'.encode('gb18030').decode('gbk'), 'cpus': os.cpu_count()}"
    )
    if not Path("/usr/share/zoneinfo/Asia/Shanghai").exists():
        pytest.skip("no time zones are installed")
    outcome = run(box, source)
    assert outcome.error is None, outcome.error.message
    assert outcome.result["offset"] == 8 * 3600
    assert outcome.result["gbk"] == "论语"


@pytest.mark.parametrize("name", ["requests", "pandas", "difyflow", "yaml"])
def test_packages_are_not_visible_and_the_message_names_the_choices(box, name):
    outcome = run(box, f"import {name}\ndef main(): return {{}}")
    assert outcome.error.kind == "exception"
    assert f"ModuleNotFoundError: No module named '{name}'" in outcome.error.message
    assert "--code-runner http" in outcome.error.message
    assert "--code-runner unsafe-subprocess" in outcome.error.message


def test_the_server_holds_no_secret_of_ours(box, monkeypatch):
    monkeypatch.setenv("DIFY_API_KEY", "app-secret-of-the-test")
    source = (
        "import gc, sys\ndef main():\n"
        "    seen = repr([o for o in gc.get_objects() if isinstance(o, (dict, list, str))])\n"
        "    return {'got': 'app-secret-of-the' + '-test' in seen, 'argv': sys.argv, 'env': dict(os.environ)}"
    )
    result = run(box, source).result
    assert result["got"] is False
    assert not any("app-secret" in text for text in [*result["argv"], *result["env"].values()])


def test_no_descriptor_but_the_standard_ones_and_the_result_s_is_open(box):
    source = (
        "import os\ndef main():\n    found = []\n    for n in range(64):\n"
        "        try: os.fstat(n)\n        except OSError: continue\n        found.append(n)\n"
        "    return {'found': found}"
    )
    assert run(box, source).result == {"found": [0, 1, 2, 3]}


def test_two_calls_at_once_cannot_see_each_other_s_folder(temporary_folder):
    with SandboxRunner(Limits()) as runner:
        stop = threading.Event()
        sleeper = "import time\ndef main():\n    open('mine', 'w').write('x')\n    time.sleep(60)"
        thread = threading.Thread(target=runner.run, args=("python3", sleeper, {}), kwargs={"stop": stop})
        thread.start()
        try:
            deadline = time.monotonic() + 10
            while not (found := list(temporary_folder.glob("*/*/mine"))) and time.monotonic() < deadline:
                thread.join(0.01)
            outcome = attempt(runner, "open(path).read()", path=str(found[0]))
            assert outcome.error.kind == "forbidden"
            assert attempt(runner, "os.listdir(path)", path=str(found[0].parent)).error.kind == "forbidden"
        finally:
            stop.set()
            thread.join()
    assert list(temporary_folder.iterdir()) == []


JUNK = {
    "nothing whole": "os.write(3, b'DFCR')",
    "a length that is not true": "os.write(3, b'DFCR' + (2**63).to_bytes(8, 'big'))",
    "no frame": "os.write(3, b'{}' * 100)",
    "a pickle": "os.write(3, __import__('pickle').dumps(print))",
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_junk_on_the_result_s_descriptor_is_no_result(box, junk):
    outcome = attempt(box, junk)
    assert (outcome.result, outcome.error.kind) == (None, "bad-result")


def test_a_flood_on_the_result_s_descriptor_ends_at_the_limit(box):
    outcome = run(box, "import os\ndef main():\n    while True: os.write(3, b'x' * 2**20)")
    assert (outcome.result, outcome.error.kind) == (None, "bad-result")
    assert outcome.elapsed_s < 5


@pytest.mark.parametrize(
    ("deed", "kinds"),
    [
        ("shutil.rmtree('.', ignore_errors=True)", {None}),
        ("for _ in range(400): os.mkdir('d' * 200); os.chdir('d' * 200)", {None, "output-too-large"}),
        ("for n in range(100): open(f'{n}\\n\\udcff', 'w'); os.mkdir(f'd{n}', 0)", {None}),
        ("os.mkdir('a'); os.symlink('/etc', 'a/b'); os.symlink('..', 'a/c')", {None}),
        ("os.umask(0o777); os.mkdir('a'); open('b', 'w')", {None}),
        ("open('big', 'wb').truncate(2**40)", {"exception"}),
    ],
)
def test_whatever_is_done_to_the_folder_it_is_gone_afterwards(temporary_folder, deed, kinds):
    with SandboxRunner(Limits()) as runner:
        outcome = run(runner, f"import os, shutil\ndef main():\n    {deed}\n    return {{}}")
        assert (outcome.error and outcome.error.kind) in kinds, outcome
        assert [list(base.iterdir()) for base in temporary_folder.iterdir()] == [[]]
    assert list(temporary_folder.iterdir()) == []


def test_filling_the_disk_with_many_files_is_ended(quick):
    source = (
        "import itertools\ndef main():\n    for n in itertools.count():\n"
        "        with open(f'{n}', 'wb') as f: f.write(b'x' * 2**20)"
    )
    outcome = quick("sandbox", wall_s=10, file_bytes=4 * 2**20).run("python3", source, {})
    assert outcome.error.kind == "output-too-large"
    assert outcome.elapsed_s < 8


@pytest.mark.long
@pytest.mark.parametrize(
    "source",
    [
        "def main():\n    while True: pass",
        "import time\ndef main(): time.sleep(60)",
        "import signal, time\ndef main():\n    for s in {*range(1, 32)} - {9, 19}:\n"
        "        signal.signal(s, signal.SIG_IGN)\n    time.sleep(60)",
        "import threading\ndef spin():\n    while True: pass\n"
        "def main():\n    threading.Thread(target=spin).start()\n    spin()",
        "import os\ndef main():\n    os.closerange(0, 99)\n    while True: pass",
        "import re\ndef main(): re.match('(a+)+$', 'a' * 64 + 'b')",
        "while True: pass",
    ],
)  # fmt: skip
def test_code_without_end_is_ended_at_the_wall_clock_limit(quick, processes, source):
    before = processes()
    runner = quick("sandbox", wall_s=0.4)
    outcome = runner.run("python3", source, {})
    assert (outcome.error.kind, outcome.error.message) == ("timeout", "the code ran longer than 0.4 s")
    assert 0.4 <= outcome.elapsed_s < 5
    assert runner.run("python3", "def main(): return {'a': 1}", {}).result == {"a": 1}
    runner.close()
    assert processes() <= before


@pytest.mark.long
def test_code_that_computes_too_long_is_ended_at_the_cpu_limit(quick):
    outcome = quick("sandbox", wall_s=20, cpu_s=1).run("python3", "def main():\n    while True: pass", {})
    assert outcome.error.kind == "timeout"
    assert "CPU" in outcome.error.message


def test_a_stop_ends_the_call_at_once(sandbox):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    outcome = sandbox.run("python3", "import time\ndef main(): time.sleep(60)", {}, stop=stop)
    assert outcome.error.kind == "stopped"
    assert outcome.elapsed_s < 5
    assert sandbox.run("python3", "def main(): return {}", {}, stop=stop).error.kind == "stopped"


def test_after_its_server_was_killed_the_next_call_works(processes):
    before = processes()
    with SandboxRunner(Limits()) as runner:
        (server,) = processes() - before
        os.kill(server, 9)
        assert run(runner, "def main(): return {'a': 1}").result == {"a": 1}


def test_a_call_during_which_the_server_is_killed_ends_with_it(processes):
    before = processes()
    with SandboxRunner(Limits()) as runner:
        (server,) = processes() - before
        threading.Timer(0.2, os.kill, (server, 9)).start()
        outcome = run(runner, "import time\ndef main(): time.sleep(60)")
        assert outcome.error.kind == "killed"
        assert outcome.elapsed_s < 5
        assert run(runner, "def main(): return {'a': 1}").result == {"a": 1}
    assert processes() <= before


def test_calls_that_outlive_their_server_do_not_disturb_the_next_one(processes):
    before = processes()
    with SandboxRunner(Limits()) as runner:
        (server,) = processes() - before
        outcomes, source = [], "import time\ndef main(): time.sleep(60)"
        threads = [
            threading.Thread(target=lambda: outcomes.append(run(runner, source).error.kind)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while len(processes() - before) < 5 and time.monotonic() < deadline:
            threads[0].join(0.01)
        os.kill(server, 9)
        for _ in range(10):
            assert run(runner, "def main(): return {'a': 1}").result == {"a": 1}
        for thread in threads:
            thread.join(5)
    assert outcomes == ["killed"] * 4
    assert processes() <= before


@pytest.mark.long
# An interrupt between opening a file and taking note of it leaves the file to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_ctrl_c_at_any_moment_leaves_the_next_call_right_and_nothing_behind(temporary_folder, processes):
    before = processes()

    def interrupt(*_args):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with SandboxRunner(Limits()) as runner:
            for step in range(12):
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.001 * (step + 1))
                    run(runner, "def main(): return {'a': 1}")
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except KeyboardInterrupt:
                    assert run(runner, "def main(n): return {'n': n}", n=step).result == {"n": step}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert processes() <= before
    assert list(temporary_folder.iterdir()) == []


def test_closing_ends_calls_that_are_under_way_and_refuses_further_ones(temporary_folder, processes):
    before = processes()
    runner = SandboxRunner(Limits())
    outcomes = []
    source = "import time\ndef main():\n    open('here', 'w')\n    time.sleep(60)"
    thread = threading.Thread(target=lambda: outcomes.append(run(runner, source)))
    thread.start()
    deadline = time.monotonic() + 10
    while not list(temporary_folder.glob("*/*/here")) and time.monotonic() < deadline:
        thread.join(0.01)
    runner.close()
    thread.join(5)
    assert [outcome.error.kind for outcome in outcomes] == ["killed"]
    with pytest.raises(NotRunnable, match="closed"):
        run(runner, "def main(): return {}")
    runner.close()
    assert list(temporary_folder.iterdir()) == []
    assert processes() <= before


def test_when_our_own_process_is_killed_its_children_end_and_the_folder_is_emptied(tmp_path):
    source = (
        "import time, os\ndef main():\n    open('here', 'w').write(str(os.getppid()))\n    time.sleep(60)"
    )
    script = (
        "import sys\nfrom difyflow.run.backends.local.code import *\n"
        "open_runner('sandbox').run('python3', sys.argv[1], {})"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[5])}
    process = subprocess.Popen(
        [sys.executable, "-c", script, source], env=environment, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 20
    while not (found := [f for f in tmp_path.glob("*/*/here") if f.read_text()]):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.skip(f"the sandbox does not hold here: {process.communicate()[1].decode()[-300:]}")
        threading.Event().wait(0.02)
    server = int(found[0].read_text())
    process.kill()
    process.communicate()
    while Path(f"/proc/{server}").exists() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert not Path(f"/proc/{server}").exists()
    assert [list(folder.iterdir()) for folder in tmp_path.iterdir()] == [[]]
