"""JavaScript, the same in every runner that has node."""

import os
import threading

import pytest


@pytest.fixture(autouse=True)
def needs_node(any_runner):
    if (reason := any_runner.supports("javascript")) is not None:
        pytest.skip(reason)


def run(runner, source, **inputs):
    return runner.run("javascript", source, inputs)


def test_main_gets_one_object_and_returns_one(any_runner):
    outcome = run(
        any_runner, "function main({a, b}) { console.log('印'); return {both: a.repeat(b)} }", a="文", b=2
    )
    assert (outcome.result, outcome.error, outcome.stdout) == ({"both": "文文"}, None, "印\n")


def test_values_pass_through_stringify_as_on_a_dify_server(any_runner):
    source = "const main = ({v}) => ({v, nan: NaN, gone: undefined, when: new Date(0), sci: '1e-7'})"
    value = {"text": "“引号”\u2028😀", "list": [1, 2.5, None, True]}
    result = run(any_runner, source, v=value).result
    assert result == {"v": value, "nan": None, "when": "1970-01-01T00:00:00.000Z", "sci": 1e-07}


def test_node_s_own_modules_can_be_used(any_runner):
    source = (
        "const crypto = require('crypto'), fs = require('fs'), path = require('path')\n"
        "function main() { fs.writeFileSync('a.txt', 'x'); return {"
        "hash: crypto.createHash('md5').update('').digest('hex'), read: fs.readFileSync('a.txt', 'utf8'),"
        "home: fs.realpathSync(process.env.HOME) === process.cwd()} }"
    )
    expected = {"hash": "d41d8cd98f00b204e9800998ecf8427e", "read": "x", "home": True}
    assert run(any_runner, source).result == expected


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        (
            "function main() {\n  return x\n}",
            "exception",
            "ReferenceError: x is not defined\n    at main (code.js:2:",
        ),
        ("function main( {", "exception", "SyntaxError"),
        ("var a = 1", "exception", "main is not defined"),
        ("function main() { throw 'text' }", "exception", "text"),
        ("function main() { throw null }", "exception", "null"),
        ("function main() { return main() }", "exception", "RangeError: Maximum call stack"),
        ("function main() { return [1] }", "bad-result", "an array"),
        ("function main() {}", "bad-result", "undefined"),
        ("async function main() { return {} }", "bad-result", "Promise"),
        ("function main() { return {a: 1n} }", "bad-result", "BigInt"),
        ("function main() { const a = {}; a.a = a; return a }", "bad-result", "circular"),
        ("function main() { process.exit(0) }", "killed", "exit status 0"),
        ("function main() { process.abort() }", "memory", "SIGABRT"),
        ("function main() { require('fs').closeSync(1); return {} }", "killed", ""),
        ("function main() { require('fs').writeSync(1, 'junk'); return {} }", "bad-result", "something else"),
        ("function main() { return {a: 'x'.repeat(17 * 2**20)} }", "output-too-large", "bytes"),
        ("function main() { return require('left-pad') }", "exception", "Cannot find module 'left-pad'"),
    ],
)
def test_code_that_goes_wrong_has_one_clear_fault(any_runner, source, kind, words):
    outcome = run(any_runner, source)
    assert outcome.result is None
    assert (outcome.error.kind, words in outcome.error.message) == (kind, True), outcome
    assert "harness" not in outcome.error.message


def test_timers_and_exit_handlers_do_not_hold_up_the_result(any_runner):
    source = (
        "process.on('exit', () => { for (;;); })\n"
        "function main() { setTimeout(() => {}, 60000); return {a: 1} }"
    )
    outcome = run(any_runner, source)
    assert (outcome.result, outcome.elapsed_s < 5) == ({"a": 1}, True)


@pytest.mark.parametrize(
    "deed",
    [
        "require('fs').readFileSync('/etc/passwd')",
        "require('fs').readFileSync(`/proc/${parent}/environ`)",
        "require('fs').readdirSync('/root')",
        "require('fs').writeFileSync('/tmp/difyflow-test', 'x')",
        "require('fs').chmodSync('.', 0o777)",
        "process.kill(parent, 0)",
        "require('child_process').execFileSync('true')",
        "require('child_process').execFileSync(process.execPath, ['-v'])",
        "require('cluster').fork()",
    ],
)
def test_what_isolated_code_may_not_do_fails(any_runner, deed):
    if not any_runner.isolated:
        pytest.skip("this runner isolates nothing")
    outcome = run(
        any_runner, f"function main({{parent}}) {{ return {{got: String({deed})}} }}", parent=os.getpid()
    )
    assert outcome.result is None
    assert outcome.error.kind in ("forbidden", "exception")


@pytest.mark.long
def test_memory_is_bounded_in_the_heap_and_beside_it(any_runner):
    grow = "function main() { const a = []; for (;;) a.push(new Array(1e5).fill(1)) }"
    assert run(any_runner, grow).error.kind == "memory"
    buffers = "function main() { const a = []; for (;;) a.push(Buffer.alloc(2**26, 1)) }"
    outcome = run(any_runner, buffers)
    assert outcome.error.kind in ("memory", "exception")
    assert "llocation failed" in outcome.error.message or outcome.error.kind == "memory"


def test_a_stop_ends_the_call_at_once(any_runner):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    outcome = any_runner.run("javascript", "function main() { for (;;); }", {}, stop=stop)
    assert outcome.error.kind == "stopped"
    assert outcome.elapsed_s < 5
