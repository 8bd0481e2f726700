"""The sessions of the threads: what they keep, what they ask the environment, which connection they trust."""

import threading

import requests

from difyflow.client.transport import Call, Connection, Effect, Transport

KEY = "app-0123456789abcdefWXYZ"
READ = Call(method="GET", path="/info")
RUN = Call(method="POST", path="/workflows/run", body={}, effect=Effect.RUN)


def test_each_thread_has_one_session_that_keeps_its_connection(server, loopback):
    made = []

    def new_session():
        made.append(threading.current_thread().name)
        return requests.Session()

    server.on("GET", "/v1/info", loopback.Answer.json({}))
    transport = Transport(server.url, KEY, connection=Connection(new_session=new_session))

    def work():
        for _ in range(3):
            transport.send(Call(method="GET", path="/info"))

    threads = [threading.Thread(target=work, name=f"t{number}") for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    transport.close()
    transport.close()

    assert sorted(made) == ["t0", "t1", "t2"] and len(server.seen) == 9


def test_a_run_is_not_sent_by_a_connection_that_was_idle_for_long(server, loopback):
    """gunicorn, which Dify runs on, closes one after 2 s; a run that crosses the close is lost."""
    server.on("GET", ".*", loopback.Answer.json({}))
    server.on("POST", ".*", loopback.Answer.json({}))
    now = [0.0]
    transport = Transport(server.url, KEY, connection=Connection(clock=lambda: now[0]))

    for pause, call, connections in [
        (0, READ, 1),
        (0.5, RUN, 1),
        (0.5, RUN, 1),
        (1.5, RUN, 2),
        (60, READ, 2),
        (0.5, RUN, 2),
    ]:
        now[0] += pause
        transport.send(call)
        assert server.connections == connections, (pause, call.method)
    transport.close()


def test_a_connection_that_the_server_has_closed_is_noticed_before_a_run_is_sent(loopback):
    ended = loopback.Answer.json({})
    transport = None
    port = 0
    for _ in range(3):
        with loopback.Server(port=port) as server:
            server.on("POST", ".*", ended)
            port = server.port
            transport = transport or Transport(server.url, KEY, connection=Connection(clock=lambda: 0.0))
            transport.send(RUN)
            assert len(server.seen) == 1
    transport.close()


def test_the_environment_is_asked_once(server, loopback, monkeypatch):
    server.on("GET", "/v1/info", loopback.Answer.json({}))
    transport = Transport(server.url, KEY)
    transport.send(READ)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{loopback.server.unused_port()}")

    transport.send(READ)
    other = threading.Thread(target=transport.send, args=(READ,))
    other.start()
    other.join()

    assert len(server.seen) == 3
    transport.close()


def test_the_authorities_of_the_environment_are_trusted(loopback, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(loopback.server.CERTIFICATE))
    with loopback.Server(tls=True) as server:
        server.on("GET", "/v1/info", loopback.Answer.json({"name": "safe"}))
        transport = Transport(server.url, KEY)

        assert transport.send(READ).value == {"name": "safe"}
        transport.close()
