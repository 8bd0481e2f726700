"""The dify-sandbox protocol against a loopback service."""

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from difyflow.errors import ApiError, AuthError, ConnectionLost, ServerError
from difyflow.run.backends.local.code import HttpSandbox, Limits, open_runner

PROGRAMS = {"python3": [sys.executable, "-I", "-"], "nodejs": ["node", "-"]}


def really_run(request):
    """What dify-sandbox does with a request, without the sandbox."""
    done = subprocess.run(PROGRAMS[request["language"]], input=request["code"].encode(), capture_output=True)
    return 200, {
        "code": 0,
        "message": "success",
        "data": {"stdout": done.stdout.decode(), "error": done.stderr.decode()},
    }


@pytest.fixture
def service():
    """A service that keeps what it was sent; `service.answer` maps a request to (status, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.seen.append((self.path, dict(self.headers), request))
            status, body = self.server.answer(request)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                return  # the client gave up

        def log_message(self, *_args):
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen, server.answer, server.daemon_threads = [], really_run, True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def open_http(service, request):
    def opener(**limits):
        endpoint = f"http://127.0.0.1:{service.server_port}/"
        runner = open_runner("http", http=HttpSandbox(endpoint, api_key="key-1"), limits=Limits(**limits))
        request.addfinalizer(runner.close)
        return runner

    return opener


@pytest.fixture
def runner(open_http):
    return open_http()


def stdout(text):
    return lambda _request: (200, {"code": 0, "message": "success", "data": {"stdout": text, "error": ""}})


def test_python_is_sent_as_dify_sends_it_and_its_result_comes_back(runner, service):
    outcome = runner.run(
        "python3",
        "def main(a, b):\n    print('“印”')\n    return {'both': a * b, 'x': '<<RESULT>>'}",
        {"a": "文{}", "b": 2},
    )
    assert (outcome.result, outcome.error) == ({"both": "文{}文{}", "x": "<<RESULT>>"}, None)
    assert outcome.stdout == "“印”\n"
    ((path, headers, request),) = service.seen
    assert path == "/v1/sandbox/run"
    assert headers["X-Api-Key"] == "key-1"
    assert request.keys() == {"language", "code", "preload", "enable_network"}
    assert (request["language"], request["preload"], request["enable_network"]) == ("python3", "", True)


@pytest.mark.usefixtures("node_on_path")
def test_javascript_is_sent_as_nodejs(runner, service):
    outcome = runner.run(
        "javascript", "function main({n}) { console.log('hi'); return {n: n + 1, s: '<a>'} }", {"n": 1}
    )
    assert (outcome.result, outcome.stdout) == ({"n": 2, "s": "<a>"}, "hi\n")
    assert service.seen[0][2]["language"] == "nodejs"


def test_the_form_in_which_dify_s_own_program_prints_is_read(runner, service):
    service.answer = stdout('printed\n<<RESULT>>{\n    "a": [1, "1e-5"]\n}<<RESULT>>\n')
    outcome = runner.run("python3", "def main(): return {}", {})
    assert (outcome.result, outcome.stdout) == ({"a": [1, 1e-05]}, "printed")


def test_an_error_of_the_code_is_a_fault_with_its_text(runner):
    outcome = runner.run("python3", "def main():\n    return {'a': 1 / 0}", {})
    assert outcome.error.kind == "exception"
    assert outcome.error.message.endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "bad-result"),
        ("<<RESULT>>", "bad-result"),
        ("<<RESULT>>[1]<<RESULT>>", "bad-result"),
        ("<<RESULT>>undefined<<RESULT>>", "bad-result"),
        ("<<RESULT>>" + "[" * 200_000 + "<<RESULT>>", "bad-result"),
        ("<<RESULT>>{" + " " * 20_000 + "}<<RESULT>>", "output-too-large"),
        ("x" * 600_000, "output-too-large"),
    ],
)
def test_an_answer_without_a_result_is_a_fault(open_http, service, text, kind):
    service.answer = stdout(text)
    limited = open_http(output_bytes=10_000 if kind == "output-too-large" else 10_000_000, stdout_bytes=1000)
    outcome = limited.run("python3", "def main(): return {}", {})
    assert (outcome.result, outcome.error.kind) == (None, kind)
    assert len(outcome.stdout) <= 1000


def test_the_service_s_own_time_limit_is_a_timeout(runner, service):
    service.answer = lambda _request: (200, {"code": 0, "data": {"stdout": "", "error": "error: timeout\n"}})
    assert runner.run("python3", "", {}).error.kind == "timeout"


@pytest.mark.parametrize(
    ("status", "body", "error", "transient"),
    [
        (401, b"", AuthError, False),
        (503, b"", ServerError, True),
        (500, b"", ServerError, False),
        (302, b"", ApiError, False),
        (404, b"404 page not found", ApiError, False),
        (200, b"<html>", ApiError, False),
        (200, b"[]", ApiError, False),
        (200, {"code": -400, "message": "network is disabled, please enable it"}, ApiError, False),
        (200, {"code": -429, "message": "busy"}, ApiError, True),
        (200, {"code": 0, "data": None}, ApiError, False),
        (200, {"code": 0, "data": {"stdout": 1}}, ApiError, False),
    ],
)
def test_a_service_that_does_not_run_the_code_is_an_error_of_ours(
    runner, service, status, body, error, transient
):
    service.answer = lambda _request: (status, body)
    with pytest.raises(error) as caught:
        runner.run("python3", "def main(): return {}", {})
    assert caught.value.transient is transient
    if isinstance(body, dict) and "message" in body:
        assert body["message"] in str(caught.value)


def test_no_service_is_an_error_that_says_where_and_what_to_look_for():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            open_runner("http", http=HttpSandbox(endpoint)) as runner,
            pytest.raises(ConnectionLost) as caught,
        ):
            runner.run("python3", "def main(): return {}", {})
    assert endpoint.removeprefix("http://") in str(caught.value)
    assert "is dify-sandbox running there?" in str(caught.value)


def test_an_answer_that_breaks_off_is_an_error(runner, service):
    service.answer = lambda _request: (200, b"")
    with pytest.raises(ApiError):
        runner.run("python3", "", {})


def test_a_stop_and_the_wall_clock_end_the_wait(open_http, service):
    release = threading.Event()
    service.answer = lambda _request: (release.wait(10), (200, b""))[1]
    try:
        stop = threading.Event()
        threading.Timer(0.1, stop.set).start()
        outcome = open_http().run("python3", "", {}, stop=stop)
        assert (outcome.error.kind, outcome.elapsed_s < 5) == ("stopped", True)
        outcome = open_http(wall_s=0.3).run("python3", "", {})
        assert (outcome.error.kind, outcome.elapsed_s < 5) == ("timeout", True)
    finally:
        release.set()


def test_it_runs_elsewhere_so_this_machine_is_safe(runner, service):
    assert (runner.name, runner.isolated) == ("http", True)
    assert runner.describe() == f"http (dify-sandbox at http://127.0.0.1:{service.server_port}/)"
