"""Which runner is opened, and that none is without having been attacked."""

import json
import subprocess
import sys

import pytest

from difyflow.errors import NotRunnable, UsageError
from difyflow.run.backends.local.code import (
    CHOICES,
    Candidate,
    HttpSandbox,
    Limits,
    default_candidates,
    open_runner,
    probe,
)

LIMITS = Limits(memory_bytes=256 * 1024 * 1024)
BROKEN = Candidate("sandbox", lambda _limits: fail("this kernel has no usable Landlock"))
LEAKY = Candidate("bwrap", lambda limits: open_runner("unsafe-subprocess", limits=limits))


def fail(reason):
    raise NotRunnable(reason)


@pytest.mark.usefixtures("sandbox")
def test_auto_takes_the_first_candidate_that_holds():
    with open_runner("auto", limits=LIMITS) as runner:
        assert (runner.name, runner.isolated) == ("sandbox", True)
        assert runner.describe().startswith("sandbox (Landlock ABI ")
    with open_runner("auto", limits=LIMITS, candidates=[BROKEN, *default_candidates()]) as runner:
        assert runner.name == "sandbox"


@pytest.mark.skipif(sys.platform == "win32", reason="the script uses POSIX")
def test_a_plain_subprocess_does_not_pass_the_probe():
    with open_runner("unsafe-subprocess", limits=LIMITS) as runner:
        problems = probe(runner, "python3", limits=LIMITS)
    broken = {line.partition(":")[0] for line in problems}
    assert broken >= {"reading files", "writing files", "network", "new processes", "signals to others"}
    assert any("/etc/passwd" in line for line in problems)


@pytest.mark.usefixtures("node_on_path")
def test_a_runner_of_javascript_that_is_not_isolated_does_not_pass_the_probe():
    with open_runner("unsafe-subprocess", limits=LIMITS) as runner:
        problems = probe(runner, "javascript", limits=LIMITS)
    broken = {line.partition(":")[0] for line in problems}
    assert broken >= {"reading files", "writing files", "network", "new processes", "signals to others"}


@pytest.mark.skipif(sys.platform == "win32", reason="the script uses POSIX")
def test_where_nothing_holds_auto_refuses_and_says_what_was_tried_and_what_can_be_done():
    with pytest.raises(NotRunnable) as caught:
        open_runner("auto", limits=LIMITS, candidates=[BROKEN, LEAKY])
    error = caught.value
    assert len(error.reasons) == 2
    assert error.reasons[0] == "sandbox: this kernel has no usable Landlock"
    assert error.reasons[1].startswith("bwrap: reading files: got through to ")
    assert "--code-runner http" in str(error)
    assert "--code-runner unsafe-subprocess" in str(error)


def test_where_nothing_is_known_auto_refuses_too():
    with pytest.raises(NotRunnable, match="no isolation is known for this platform"):
        open_runner("auto", candidates=[])


def test_a_runner_asked_for_by_name_is_probed_as_well():
    with pytest.raises(NotRunnable, match="bwrap: reading files"):
        open_runner("bwrap", limits=LIMITS, candidates=[LEAKY])


def test_the_caller_s_own_code_may_go_on_without_isolation_and_it_shows():
    with open_runner("auto", allow_plain=True, candidates=[BROKEN]) as runner:
        assert (runner.name, runner.isolated) == ("unsafe-subprocess", False)
        assert "NOT isolated" in runner.describe()
        assert runner.run("python3", "def main(a): return {'b': a}", {"a": 1}).result == {"b": 1}


@pytest.mark.usefixtures("sandbox")
def test_isolation_is_preferred_even_where_plain_would_be_allowed():
    with open_runner("auto", allow_plain=True) as runner:
        assert runner.isolated


@pytest.mark.usefixtures("sandbox")
def test_limits_too_tight_for_the_probe_are_kept_for_the_code_and_do_not_fail_the_probe():
    with open_runner("sandbox", limits=Limits(wall_s=0.02)) as runner:
        assert runner.run("python3", "import time\ndef main(): time.sleep(9)", {}).error.kind == "timeout"


def test_an_unknown_choice_names_the_known_ones():
    with pytest.raises(UsageError) as caught:
        open_runner("docker")
    assert all(choice in str(caught.value) for choice in CHOICES)


def test_http_needs_an_address():
    with pytest.raises(UsageError, match="address of a code sandbox"):
        open_runner("http")
    with pytest.raises(UsageError, match="no URL"):
        open_runner("http", http=HttpSandbox(endpoint="sandbox:8194"))


def test_bubblewrap_that_is_not_installed_is_the_reason(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotRunnable, match=r"no bwrap on PATH|no isolation is known"):
        open_runner("bwrap")


@pytest.mark.usefixtures("sandbox")
def test_javascript_without_node_is_refused_with_the_reason(monkeypatch, tmp_path):
    with open_runner("sandbox", limits=LIMITS) as runner:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "node is not installed" in runner.supports("javascript")
        with pytest.raises(NotRunnable, match="node is not installed"):
            runner.run("javascript", "function main() { return {} }", {})
        assert runner.supports("python3") is None


@pytest.mark.parametrize("language", ["python", "jinja2", "Python3", ""])
def test_a_language_that_dify_does_not_know_is_refused_with_those_it_does(plain, language):
    assert "it takes python3 and javascript" in plain.supports(language)
    with pytest.raises(NotRunnable, match="it takes python3 and javascript"):
        plain.run(language, "", {})


def test_the_package_loads_the_standard_library_only_and_nothing_of_linux_alone():
    script = """if True:
        import json, sys, types, difyflow
        name, path = "difyflow", difyflow.__path__[0]
        for part in ("run", "backends", "local"):  # what those rooms load themselves is not the question
            name, path = f"{name}.{part}", f"{path}/{part}"
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = [path]
        before = set(sys.modules)
        import difyflow.run.backends.local.code
        print(json.dumps(sorted(set(sys.modules) - before)))
    """
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    loaded = json.loads(answer.stdout)
    assert {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) == {"difyflow"}
    assert not {"resource", "fcntl", "ssl"} & set(loaded)
    own = {name.rpartition(".")[2] for name in loaded if ".local.code." in name}
    assert not {"_sandbox", "_bwrap", "_http", "_plain", "server", "landlock", "seccomp"} & own
