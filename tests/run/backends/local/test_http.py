"""What `http-request` nodes may reach: by default nothing that only this machine or its network can."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from difyflow.run.backends.local import http
from difyflow.terms.form import LocalFile, RemoteFile
from loopback.server import Answer


def request(url: str, **more: Any) -> dict[str, Any]:
    node = {
        "id": "h",
        "type": "http-request",
        "title": "H",
        "method": "get",
        "url": url,
        "authorization": {"type": "no-auth", "config": None},
        "headers": "",
        "params": "",
        "body": {"type": "none", "data": []},
    }
    return {**node, **more}


def fetch(local: Any, flows: Any, url: str, *, allowed: bool = False, **node: Any) -> Any:
    outputs = {"status": ["h", "status_code"], "body": ["h", "body"]}
    data = flows.chain(request(url, **node), outputs=outputs)
    return local.result(data, allow_private_network=allowed)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b::a9fe:a9fe]",
        "2130706433",
        "127.1",
        "224.0.0.1",
    ],
)
def test_addresses_that_are_not_public_are_refused(local: Any, flows: Any, host: str) -> None:
    result = fetch(local, flows, f"http://{host}:9/latest/meta-data")
    assert result.status == "failed"
    assert "not a public address; --allow-private-network lets it" in result.error


def test_nothing_is_sent_to_a_refused_address(local: Any, flows: Any, model_server: Any) -> None:
    server = model_server()
    assert fetch(local, flows, f"{server.url}/x").status == "failed"
    assert server.seen == []


def test_a_name_counts_by_its_addresses(monkeypatch: Any, local: Any, flows: Any) -> None:
    def lookup(host: str, *_args: Any, **_options: Any) -> Any:
        assert host == "innocent.example"
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("8.8.8.8", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert "innocent.example is 10.0.0.1" in fetch(local, flows, "http://innocent.example/").error


def test_a_name_that_does_not_exist_is_a_failed_node(local: Any, flows: Any, monkeypatch: Any) -> None:
    def lookup(*_args: Any, **_options: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert "cannot find nowhere.example" in fetch(local, flows, "http://nowhere.example/").error


def test_the_address_that_was_checked_is_the_one_that_is_used(
    local: Any, flows: Any, model_server: Any, monkeypatch: Any
) -> None:
    """A public name is looked up once; the request goes to that address with the name as its host."""
    server = model_server()
    server.on("GET", "/x", Answer.json({"ok": True}))
    lookups: list[str] = []
    real = socket.getaddrinfo

    def lookup(host: str, port: Any, *args: Any, **options: Any) -> Any:
        if host == "public.example":
            lookups.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
        return real(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(http, "_is_public", lambda address: address == "127.0.0.1")
    result = fetch(local, flows, f"http://public.example:{server.port}/x")
    assert result.outputs["status"] == 200
    assert lookups == ["public.example"]
    assert server.seen[0].headers["host"] == f"public.example:{server.port}"


def Answer_json(_server: Any, value: Any) -> Any:
    return Answer.json(value)


def test_with_permission_everything_is_reached(local: Any, flows: Any, model_server: Any) -> None:
    server = model_server()
    server.on("GET", "/x", Answer.json({"ok": True}))
    result = fetch(local, flows, f"{server.url}/x?a=1", allowed=True)
    assert result.outputs == {"status": 200, "body": '{"ok": true}'}


def test_a_redirect_is_checked_too(local: Any, flows: Any, model_server: Any, monkeypatch: Any) -> None:
    server = model_server()
    server.on("GET", "/x", Answer(status=302, headers={"Location": "http://169.254.169.254/latest"}))
    monkeypatch.setattr(http, "_is_public", lambda address: address == "127.0.0.1")
    assert "169.254.169.254 is 169.254.169.254, not a public" in fetch(local, flows, f"{server.url}/x").error
    assert len(server.seen) == 1


def test_an_error_status_is_an_output_and_no_failure(local: Any, flows: Any, model_server: Any) -> None:
    server = model_server()
    assert fetch(local, flows, f"{server.url}/gone", allowed=True).outputs["status"] == 404


def test_a_body_goes_out_and_a_file_comes_back(
    local: Any, flows: Any, model_server: Any, tmp_path: Any
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("学而".encode())
    server = model_server()
    server.on("POST", "/up", Answer(headers={"Content-Type": "image/png"}, chunks=(b"\x89PNG",)))
    parts = [
        {"id": "1", "key": "word", "type": "text", "value": "{{#start.q#}}"},
        {"id": "2", "key": "doc", "type": "file", "value": "", "file": ["start", "f"]},
    ]
    node = request(f"{server.url}/up", method="post", body={"type": "form-data", "data": parts})
    variables = [
        flows.text_input("q"),
        {"variable": "f", "label": "f", "type": "file", "required": True},
    ]
    outputs = {"files": ["h", "files"]}
    data = flows.chain(node, inputs=variables, outputs=outputs)
    result = local.result(data, {"q": "hi", "f": LocalFile(path)}, allow_private_network=True)
    sent = server.seen[0].parts()
    assert sent["word"].get_payload() == "hi"
    assert sent["doc"].get_filename() == "a.txt"
    assert sent["doc"].get_payload(decode=True) == "学而".encode()
    (file,) = result.outputs["files"]
    assert (file["type"], file["mime_type"], file["extension"], file["size"]) == (
        "image",
        "image/png",
        ".png",
        4,
    )


def test_an_answer_without_end_is_cut_off(local: Any, flows: Any, model_server: Any) -> None:
    server = model_server()
    server.on("GET", "/big", Answer(chunks=(b"x" * 2**20 for _ in range(40)), stream=True))
    assert "larger than 10 MB" in fetch(local, flows, f"{server.url}/big", allowed=True).error


def test_a_secret_header_is_masked_in_the_record(local: Any, flows: Any, model_server: Any) -> None:
    server = model_server()
    authorization = {"type": "api-key", "config": {"type": "bearer", "api_key": "{{#env.TOKEN#}}"}}
    data = flows.chain(request(f"{server.url}/x", authorization=authorization))
    data["workflow"]["environment_variables"] = [{"name": "TOKEN", "value_type": "secret", "value": ""}]
    events = local.events(data, allow_private_network=True, environment_variables={"TOKEN": "sk-12345678"})
    assert server.seen[0].headers["authorization"] == "Bearer sk-12345678"
    assert "sk-12345678" not in str(events)


def test_a_document_by_url_is_fetched_under_the_same_policy(
    local: Any, flows: Any, model_server: Any
) -> None:
    server = model_server()
    server.on("GET", "/a.txt", Answer(headers={"Content-Type": "text/plain"}, chunks=("学而".encode(),)))
    extractor = {
        "id": "d",
        "type": "document-extractor",
        "title": "D",
        "variable_selector": ["start", "f"],
        "is_array_file": False,
    }
    variable = {"variable": "f", "label": "f", "type": "file", "required": True}
    data = flows.chain(extractor, inputs=[variable], outputs={"text": ["d", "text"]})
    file = RemoteFile(f"{server.url}/a.txt")
    assert local.result(data, {"f": file}, allow_private_network=True).outputs == {"text": "学而"}
    assert "not a public address" in local.result(data, {"f": file}).error
