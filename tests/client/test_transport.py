"""Sessions, headers, proxies, certificates, secrets: what the transport promises beside the fault table."""

import gc
import gzip
import logging
import queue
import threading
import traceback
import warnings

import pytest
import requests

from difyflow.client.app_api import AppApi
from difyflow.client.transport import Call, Connection, Effect, Timeouts, Transport
from difyflow.errors import ApiError, ConnectionLost, DifyflowError, InputError, UsageError
from difyflow.records import events as ev

KEY = "app-0123456789abcdefWXYZ"
SECRET = KEY[4:-4]
RUN = "/v1/workflows/run"


def dumped(error):
    """Everything that somebody might print of an error: text, repr, traceback, and the request in it."""
    parts = [str(error), repr(error), "".join(traceback.format_exception(error)), repr(vars(error))]
    while error is not None:
        request = getattr(error, "request", None)
        parts += [repr(getattr(request, "headers", None)), repr(vars(error)), repr(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(parts)


def test_a_call_carries_key_trace_id_and_no_wish_for_compression(server, api, loopback):
    server.on("GET", "/v1/info", loopback.Answer.json({"name": "x"}, X_Version="1.12.1"))
    client = api(server.url)

    assert client.info().name == "x" and client.server_version == "1.12.1"

    headers = server.seen[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept-encoding"] == "identity" and headers["user-agent"] == "difyflow"
    assert headers["x-trace-id"].isalnum() and len(headers["x-trace-id"]) == 32


def test_every_error_has_the_trace_id_that_was_sent(server, api):
    with pytest.raises(ApiError) as caught:
        api(server.url).info()

    assert caught.value.trace_id == server.seen[0].headers["x-trace-id"]


def test_a_netrc_file_does_not_overrule_the_key(server, api, loopback, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password other\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server.on("GET", "/v1/info", loopback.Answer.json({}))

    api(server.url).info()

    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_proxy_of_the_environment_is_used_and_no_proxy_is_kept(server, api, loopback, monkeypatch):
    server.on("GET", ".*/v1/info", loopback.Answer.json({"name": "by proxy"}))
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert api("http://dify.example.test").info().name == "by proxy"
    assert server.seen[0].headers["host"] == "dify.example.test"
    assert api(server.url).info().name == "by proxy"
    assert server.seen[1].headers["host"].startswith("127.0.0.1")


def test_a_proxy_that_is_not_there_means_that_nothing_was_sent(api, monkeypatch, loopback):
    monkeypatch.setenv("HTTP_PROXY", f"http://user:geheim@127.0.0.1:{loopback.server.unused_port()}")

    with pytest.raises(ConnectionLost) as caught:
        api("http://dify.example.test").run({}, user="u")

    assert caught.value.code == "unreachable" and not caught.value.may_have_run
    assert "proxy" in caught.value.message and "geheim" not in dumped(caught.value)


def test_https_goes_through_the_tunnel_of_the_proxy_which_never_sees_the_key(api, loopback, monkeypatch):
    with loopback.Server(tls=True) as server, loopback.Tunnel() as proxy:
        server.on("GET", "/v1/info", loopback.Answer.json({"name": "safe"}))
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:geheim@{proxy.address}")

        client = api(server.url, ca_file=loopback.server.CERTIFICATE)
        assert client.info().name == "safe"
        client.close()
        assert len(proxy.asked) == 1 and proxy.asked[0].startswith(f"CONNECT 127.0.0.1:{server.port} ")
        assert "Proxy-Authorization: Basic" in proxy.asked[0] and SECRET not in proxy.asked[0]

        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert api(server.url, ca_file=loopback.server.CERTIFICATE).info().name == "safe"
        assert len(proxy.asked) == 1


@pytest.mark.parametrize("status", [407, 403, 502])
def test_a_proxy_that_refuses_the_tunnel_means_that_nothing_was_sent(api, loopback, monkeypatch, status):
    with loopback.Tunnel(refuse=status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:geheim@{proxy.address}")

        with pytest.raises(ConnectionLost) as caught:
            api("https://dify.example.test").run({}, user="u")

        assert caught.value.code == "unreachable" and not caught.value.may_have_run
        assert "proxy" in caught.value.message and "geheim" not in dumped(caught.value)


def test_a_certificate_of_an_own_authority_is_trusted_by_its_file(loopback, api):
    with loopback.Server(tls=True) as server:
        server.on("GET", "/v1/info", loopback.Answer.json({"name": "safe"}))

        client = api(server.url, ca_file=loopback.server.CERTIFICATE)

        assert client.info().name == "safe" and not client.transport.insecure


def test_insecure_works_only_by_name_and_warns(loopback, api):
    with loopback.Server(tls=True) as server:
        server.on("GET", "/v1/info", loopback.Answer.json({"name": "unsafe"}))

        with pytest.warns(Warning, match="Unverified HTTPS request"):
            assert api(server.url, insecure=True).info().name == "unsafe"


def test_the_environments_bundle_does_not_overrule_insecure_or_ca_file(loopback, api, monkeypatch, tmp_path):
    (tmp_path / "none.pem").write_text("nothing")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with loopback.Server(tls=True) as server:
        server.on("GET", "/v1/info", loopback.Answer.json({}))

        api(server.url, ca_file=loopback.server.CERTIFICATE).info()


def test_a_file_that_is_no_certificate_is_refused_at_once(tmp_path):
    (tmp_path / "x.pem").write_text("not a certificate")
    for path in (tmp_path / "x.pem", tmp_path / "missing.pem"):
        with pytest.raises(UsageError, match="not a PEM file"):
            Transport("https://h", KEY, connection=Connection(ca_file=path))


@pytest.mark.parametrize("key", ["", "  ", "app key", "app-\n", "app-schlüssel", "app-键"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key):
    if key == "app-\n":
        assert Transport("http://h", key)  # white space around it is taken away
        return
    with pytest.raises(UsageError) as caught:
        Transport("http://h", key)
    assert key.strip() == "" or key not in str(caught.value)


def test_the_key_is_in_no_repr_error_or_log(server, api, loopback, caplog):
    caplog.set_level(logging.DEBUG)
    echo = loopback.Answer.json({"code": "invalid_param", "message": f"bad header Bearer {KEY}"}, 400)
    page = loopback.Answer(status=502, chunks=[f"<title>{KEY}</title>".encode()])
    server.on(
        "POST",
        "/v1/workflows/run",
        echo,
        page,
        loopback.Answer(reset=True),
        loopback.Answer(headers_after_s=3),
    )
    client = api(server.url, stream_s=0.1)
    texts = [repr(client), repr(client.transport), repr(vars(client.transport))]

    for _ in range(4):
        with pytest.raises(DifyflowError) as caught:
            client.run({}, user="u")
        texts.append(dumped(caught.value))
    with pytest.raises(ConnectionLost) as caught:
        api(f"http://127.0.0.1:{loopback.server.unused_port()}").info()
    texts.append(dumped(caught.value))

    assert SECRET not in "\n".join([*texts, caplog.text])
    assert "WXYZ" in texts[0]


def test_the_session_that_a_test_hands_in_is_the_one_that_is_used(server, loopback):
    class Counting(requests.Session):
        calls = 0

        def request(self, *args, **kwargs):
            Counting.calls += 1
            return super().request(*args, **kwargs)

    server.on("GET", "/v1/info", loopback.Answer.json({}))
    transport = Transport(server.url, KEY, connection=Connection(new_session=Counting))
    transport.send(Call(method="GET", path="/info"))
    transport.close()

    assert Counting.calls == 1


def test_no_socket_is_left_open(server, loopback, recording):
    server.on("POST", "/v1/workflows/run", loopback.Answer.of(recording("1.12.1", "run/seed-streaming")))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        transport = Transport(server.url, KEY)
        answer = transport.open(Call(method="POST", path="/workflows/run", body={}, effect=Effect.RUN))
        next(answer.chunks())
        answer.close()
        answer.close()
        transport.close()
        del transport, answer
        gc.collect()

    assert [one for one in caught if one.category is ResourceWarning] == []


PATIENT = {"timeouts": Timeouts(end_s=20), "clock": lambda: 0.0}
"""Of a client that keeps its connections however slow the machine is."""


def until_the_end(stream):
    """Reads to the last event and finishes the stream, as a run does."""
    for event in stream:
        if isinstance(event, ev.WorkflowFinished):
            stream.finish()
            break


def test_streams_one_after_the_other_take_one_connection(server, api, answer_of, recording):
    server.on("POST", RUN, answer_of(recording("1.12.1", "run/seed-streaming")))
    client = api(server.url, **PATIENT)

    for _ in range(20):
        with client.run({}, user="u") as stream:
            until_the_end(stream)

    assert len(server.seen) == 20 and server.connections == 1


def test_what_comes_behind_the_last_event_is_read_over(server, api, answer_of, recording):
    seed = recording("1.12.1", "run/seed-streaming")
    late = b'data: {"event":"tts_message_end","audio":""}\n\n'
    server.on("POST", RUN, answer_of(seed).but(chunks=[*seed.events, late]))
    client = api(server.url, **PATIENT)

    for _ in range(2):
        with client.run({}, user="u") as stream:
            until_the_end(stream)

    assert server.connections == 1


def test_a_stream_that_is_given_up_takes_its_connection_with_it(server, api, answer_of, recording):
    server.on("POST", RUN, answer_of(recording("1.12.1", "run/seed-streaming")))
    client = api(server.url)

    for _ in range(2):
        with client.run({}, user="u") as stream:
            next(iter(stream))

    assert server.connections == 2


def test_a_server_that_keeps_a_stream_open_is_not_waited_for(server, api, answer_of, recording):
    seed = recording("1.12.1", "run/seed-streaming")
    left, waited = threading.Event(), queue.SimpleQueue()

    def events():
        yield from seed.events
        waited.put(left.wait(20))

    server.on("POST", RUN, lambda _seen: answer_of(seed).but(chunks=events()))
    client = api(server.url)

    for _ in range(2):
        with client.run({}, user="u") as stream:
            until_the_end(stream)
        left.set()
        assert waited.get(timeout=30), "the client left only when the server had ended the answer"
        left.clear()

    assert server.connections == 2


def test_a_server_that_never_stops_talking_is_left(server, api, answer_of, recording):
    seed = recording("1.12.1", "run/seed-streaming")
    said = queue.SimpleQueue()

    def events():
        yield from seed.events
        for number in range(1_000_000):
            yield b"event: ping\n\n" * 100
            said.put(number)

    server.on("POST", RUN, lambda _seen: answer_of(seed).but(chunks=events()))
    with api(server.url).run({}, user="u") as stream:
        until_the_end(stream)

    server.close()
    assert said.qsize() < 1_000_000


def test_the_next_call_is_sent_under_the_usual_time_limit(server, answer_of, recording):
    server.on("POST", RUN, answer_of(recording("1.12.1", "run/seed-streaming")))
    sessions = []

    def new_session():
        sessions.append(requests.Session())
        return sessions[-1]

    api = AppApi(server.url, KEY, connection=Connection(new_session=new_session, **PATIENT))
    with api.run({}, user="u") as stream:
        until_the_end(stream)

    pools = sessions[0].get_adapter(server.url).poolmanager.pools
    (key,) = pools.keys()
    pool = pools[key].pool
    kept = pool.get()
    assert kept.sock.gettimeout() == Timeouts().stream_s
    pool.put(kept)
    api.close()


def test_a_compressed_answer_is_read_all_the_same(server, api, loopback, recording):
    seed = recording("1.12.1", "run/seed-streaming")
    zipped = gzip.compress(seed.body)
    parts = [zipped[i : i + 700] for i in range(0, len(zipped), 700)]
    answer = loopback.Answer.of(seed)
    server.on(
        "POST",
        "/v1/workflows/run",
        answer.but(chunks=parts, headers={**answer.headers, "Content-Encoding": "gzip"}),
    )

    with api(server.url).run({}, user="u") as stream:
        assert len(list(stream)) == len(seed.events)


def test_events_arrive_before_the_answer_has_ended(server, api, loopback, recording):
    seed = recording("1.12.1", "run/seed-streaming")
    first = len(seed.events[0])
    server.on("POST", "/v1/workflows/run", loopback.Answer.of(seed).but(hang_at=first))

    with api(server.url, stream_s=3).run({}, user="u") as stream:
        assert next(iter(stream)).EVENT == "workflow_started"


def test_inputs_that_are_no_json_are_an_input_error_and_nothing_is_sent(server, api):
    for value in (float("nan"), object(), "\ud800"):
        with pytest.raises(InputError):
            api(server.url).run({"x": value}, user="u")
    assert server.seen == []


def test_a_json_body_is_sent_as_utf8(server, api, loopback):
    server.on(
        "POST", "/v1/workflows/run", loopback.Answer.json({"code": "invalid_param", "message": "x"}, 400)
    )
    with pytest.raises(ApiError):
        api(server.url).run({"trigger": "你好 \N{GRINNING FACE}"}, user="u")

    assert "你好 \N{GRINNING FACE}".encode() in server.seen[0].body
    assert server.seen[0].headers["content-type"] == "application/json"


def test_an_answer_that_is_no_json_is_an_error_without_its_text(server, api, loopback):
    server.on("GET", "/v1/info", loopback.Answer.html(200, "Dify"))

    with pytest.raises(ApiError) as caught:
        api(server.url).info()

    assert caught.value.code == "wrong-base-url" and "secret page" not in str(caught.value)


def test_the_usual_time_limits_are_those_of_the_reference():
    assert Timeouts() == Timeouts(connect_s=10, read_s=30, stream_s=60, upload_s=300, blocking_s=90)
