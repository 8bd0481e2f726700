"""What Python code gets to see and how its result comes back, the same in every runner."""

import json
import math
import subprocess
import sys
import threading

import pytest

MAIN = "def main(**inputs):\n"


def run(runner, body, **inputs):
    return runner.run("python3", body, inputs)


def test_main_gets_its_inputs_as_keyword_arguments_and_returns_a_dict(any_runner):
    outcome = run(any_runner, "def main(a: str, b: int):\n    return {'both': a * b}", a="文", b=3)
    assert outcome.error is None
    assert outcome.result == {"both": "文文文"}
    assert outcome.elapsed_s > 0


def test_every_json_value_arrives_and_comes_back_unchanged(any_runner):
    value = {
        "text": "“引号”\u2028\x00😀 \ud800",
        "list": [1, 2.5, None, True, {"深": [[]]}],
        "big": 2**70,
        "small": 1e-300,
    }
    assert run(any_runner, "def main(value): return {'value': value}", value=value).result == {"value": value}


def test_not_a_number_and_infinity_pass_as_on_a_dify_server(any_runner):
    result = run(any_runner, MAIN + "    return {'nan': float('nan'), 'inf': float('inf')}").result
    assert math.isnan(result["nan"])
    assert result["inf"] == math.inf


def test_a_string_in_scientific_notation_becomes_a_number_as_on_a_dify_server(any_runner):
    result = run(
        any_runner, MAIN + "    return {'a': '1.5e-07', 'b': ['-2E+3'], 'c': '1e5', 'd': 'x1e+5'}"
    ).result
    assert result == {"a": 1.5e-07, "b": [-2000.0], "c": "1e5", "d": "x1e+5"}


def test_what_is_printed_is_kept_apart_from_the_result(any_runner):
    outcome = run(any_runner, MAIN + "    print('{\"result\": 1}')\n    return {'a': 1}")
    assert (outcome.result, outcome.stdout) == ({"a": 1}, '{"result": 1}\n')


@pytest.mark.parametrize("megabytes", [32, pytest.param(1024, marks=pytest.mark.long)])
def test_printing_too_much_is_cut_and_no_fault(any_runner, megabytes):
    source = "def main(n):\n    for _ in range(n): print('x' * 1024 * 1024)\n    return {'a': 1}"
    outcome = run(any_runner, source, n=megabytes)
    assert outcome.result == {"a": 1}
    assert outcome.stdout == "x" * 10_000


def test_the_code_is_the_main_module_so_dataclasses_and_its_guard_work(any_runner):
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass, asdict\n"
        "@dataclass\nclass P:\n    x: int\n"
        "if __name__ == '__main__':\n    seen = True\n"
        "def main(): return {'p': asdict(P(1)), 'seen': seen}"
    )
    assert run(any_runner, source).result == {"p": {"x": 1}, "seen": True}


def test_names_that_dify_defines_beside_the_code_are_there_without_an_import(any_runner):
    source = MAIN + "    return {'a': json.loads(b64decode('WzFd')), 'b': os.sep, 'c': sys.maxsize > 0}"
    assert run(any_runner, source).result == {"a": [1], "b": "/", "c": True}


def test_the_clock_shows_utc_as_in_dify_s_sandbox(any_runner):
    source = (
        "import time, datetime\n"
        + MAIN
        + (
            "    a, b = datetime.datetime.now(), datetime.datetime.utcnow()\n"
            "    return {'names': list(time.tzname), 'seconds': abs((a - b).total_seconds())}"
        )
    )
    result = run(any_runner, "import warnings; warnings.simplefilter('ignore')\n" + source).result
    assert result["names"][0] == "UTC"
    assert result["seconds"] < 1


def test_an_exception_is_told_in_lines_of_the_node_s_own_code(any_runner):
    outcome = run(any_runner, "def helper(x):\n    return 1 / x\n\ndef main():\n    return {'a': helper(0)}")
    assert outcome.result is None
    assert outcome.error.kind == "exception"
    lines = outcome.error.message.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1:3] == ['  File "code.py", line 5, in main', "    return {'a': helper(0)}"]
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "harness" not in outcome.error.message


def test_code_that_does_not_compile_is_told_with_its_line(any_runner):
    outcome = run(any_runner, "x = 1\ndef main(:\n    pass")
    assert outcome.error.kind == "exception"
    assert 'File "code.py", line 2' in outcome.error.message
    assert "SyntaxError" in outcome.error.message


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("x = 1", "exception", "defines no function `main`"),
        ("def main(other): return {}", "exception", "unexpected keyword argument 'n'"),
        ("def main(n): return [n]", "bad-result", "must return a dict, it returned list"),
        ("def main(n): pass", "bad-result", "must return a dict, it returned NoneType"),
        ("def main(n): return {'a': {1}}", "bad-result", "set is not JSON serializable"),
        ("def main(n):\n    a = {}\n    a['a'] = a\n    return a", "bad-result", "Circular"),
        ("def main(n):\n    for _ in range(10**5): n = [n]\n    return {'a': n}", "bad-result", ""),
        ("import sys\ndef main(n): sys.exit(3)", "exception", "SystemExit: 3"),
        ("def main(n): raise SystemExit", "exception", "SystemExit"),
        ("def main(n): raise KeyboardInterrupt", "exception", "KeyboardInterrupt"),
        ("raise SystemExit(0)", "exception", "SystemExit"),
        ("def main(n): return main(n)", "exception", "RecursionError"),
        ("import os\ndef main(n): os._exit(0)", "killed", "exit status 0"),
        ("import os\ndef main(n): os._exit(9)", "killed", "exit status 9"),
        ("import os\ndef main(n): os.abort()", "killed", "SIG"),
        ("import ctypes\ndef main(n): ctypes.string_at(0)", "killed", "SIGSEGV"),
        ("import os, signal\ndef main(n): os.kill(os.getpid(), signal.SIGKILL)", "killed", ""),
        ("def main(n): return {'a': bytearray(10 * 2**30)}", "memory", "memory"),
        ("def main(n):\n    a = []\n    while True: a.append('x' * 2**22)", "memory", "memory"),
        ("def main(n): return {'a': 'x' * 17 * 2**20}", "output-too-large", "bytes"),
        ("import os\ndef main(n):\n    os.closerange(0, 999)\n    return {}", "bad-result", "descriptor"),
        ("class E(Exception):\n  def __str__(self): exit()\ndef main(n): raise E", "exception", "E"),
    ],
)  # fmt: skip
def test_code_that_goes_wrong_has_one_clear_fault(any_runner, source, kind, words):
    outcome = run(any_runner, source, n=1)
    if any_runner.name == "bwrap" and "os.kill" in source:
        kind = "forbidden"  # in the box nothing can be signalled, not even oneself
    assert outcome.result is None
    assert (outcome.error.kind, words in outcome.error.message) == (kind, True), outcome
    assert run(any_runner, "def main(): return {'next': 1}").result == {"next": 1}


def test_exit_handlers_and_threads_without_end_do_not_hold_up_the_result(any_runner):
    source = (
        "import atexit, threading, time\natexit.register(time.sleep, 60)\n"
        "def main():\n    threading.Thread(target=time.sleep, args=(60,)).start()\n    return {'a': 1}"
    )
    outcome = run(any_runner, source)
    assert outcome.result == {"a": 1}
    assert outcome.elapsed_s < 5


def test_threads_work(any_runner):
    source = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def main(): return {'a': sum(ThreadPoolExecutor(4).map(abs, range(-9, 0)))}"
    )
    assert run(any_runner, source).result == {"a": 45}


def test_calls_share_neither_random_numbers_nor_changes_to_modules(any_runner):
    source = (
        "import json, random, uuid\n"
        "def main():\n    seen = hasattr(json, 'mark')\n    json.mark = 1\n"
        "    return {'seen': seen, 'r': random.random(), 'u': str(uuid.uuid4())}"
    )
    first, second = run(any_runner, source).result, run(any_runner, source).result
    assert (first["seen"], second["seen"]) == (False, False)
    assert first["r"] != second["r"]
    assert first["u"] != second["u"]


def test_input_ends_at_once_instead_of_waiting(any_runner):
    assert "EOFError" in run(any_runner, MAIN + "    return {'a': input()}").error.message


def test_the_code_sees_no_environment_of_ours(any_runner, monkeypatch):
    monkeypatch.setenv("DIFY_API_KEY", "app-secret")
    result = run(any_runner, MAIN + "    return {'names': sorted(os.environ)}").result
    assert set(result["names"]) <= {"HOME", "LANG", "LC_CTYPE", "PWD", "TMPDIR", "TZ"}


def test_the_private_folder_can_be_used_and_is_fresh_each_time(any_runner):
    source = (
        "import os, tempfile, pathlib, zipfile\n"
        "def main():\n    before = os.listdir('.')\n    pathlib.Path('a/b').mkdir(parents=True)\n"
        "    with tempfile.NamedTemporaryFile('w+') as f:\n        f.write('x'); f.seek(0); text = f.read()\n"
        "    with zipfile.ZipFile('a/b/c.zip', 'w') as z: z.writestr('n', 'y')\n"
        "    os.rename('a/b/c.zip', 'd.zip')\n"
        "    return {'before': before, 'text': text, 'in': zipfile.ZipFile('d.zip').read('n').decode(),"
        " 'home': os.path.samefile(os.path.expanduser('~'), '.')}"
    )
    for _ in range(2):
        outcome = run(any_runner, source)
        assert outcome.result == {"before": [], "text": "x", "in": "y", "home": True}, outcome.error


def test_inputs_that_are_no_json_values_are_the_caller_s_error(any_runner):
    with pytest.raises(TypeError, match="not JSON serializable"):
        run(any_runner, "def main(x): return {}", x=object())


def test_many_calls_at_once_keep_their_results_apart(any_runner):
    results = {}

    def call(number):
        results[number] = run(any_runner, "def main(n): return {'n': n}", n=number).result

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: {"n": number} for number in range(8)}


def test_inputs_of_several_megabytes_pass_both_ways(any_runner):
    text = "论语" * 700_000
    assert run(any_runner, "def main(t): return {'t': t}", t=text).result == {"t": text}


def test_the_code_that_runs_inside_imports_nothing_but_the_standard_library():
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import _inside.server, _inside.alone; import json; "
        "print(json.dumps([name.split('.')[0] for name in sys.modules]))"
    )
    from difyflow.run.backends.local.code import probe

    folder = sys.modules[probe.__module__].__file__.rpartition("/")[0]
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, folder], capture_output=True, check=True
    )
    assert set(json.loads(answer.stdout)) - set(sys.stdlib_module_names) == {"__main__", "_inside"}
