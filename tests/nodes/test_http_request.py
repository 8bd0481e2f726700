"""http-request."""

import json

from difyflow.build.refs import OutputRef
from difyflow.nodes.http_request import (
    HttpRequest,
    basic,
    bearer,
    binary,
    custom,
    file_field,
    form_data,
    json_body,
    lines,
    raw_text,
    urlencoded,
)
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

X = Selector(("start", "x"))


def test_outputs_are_the_answer(read, outputs) -> None:
    assert outputs(read("http-request", url="x")) == {
        "body": "string",
        "status_code": "number",
        "headers": "object",
        "files": "array[file]",
    }


def test_references_are_everywhere_in_the_request(refs) -> None:
    node = HttpRequest(
        url=f"https://{X}/",
        headers=lines(("X-Key", Selector(("env", "k")))),
        params=lines(page=Selector(("start", "page"))),
        authorization=custom(f"X-{Selector(('env', 'name'))}", Selector(("env", "key"))),
        body=form_data(file_field("doc", Selector(("start", "file"))), title=Selector(("start", "title"))),
    )
    assert refs(node) == {
        "url": "start.x",
        "headers": "env.k",
        "params": "start.page",
        "authorization.config.api_key": "env.key",
        "authorization.config.header": "env.name",
        "body.data.0.file": "start.file",
        "body.data.1.value": "start.title",
    }


def test_an_old_body_is_text(read, refs) -> None:
    node = read("http-request", body={"type": "json", "data": '{"a": "{{#start.x#}}"}'})
    assert node.problems() == ()
    assert refs(node) == {"body.data": "start.x"}


def test_fields_of_a_json_body_are_quoted_by_type() -> None:
    number = OutputRef(("a", "n"), OutputVar("n", VarType.NUMBER))
    body = json_body(text=X, n=number, yes=True, words='say "hi"', many=[1, 2])
    assert isinstance(body.data, tuple)
    text = body.data[0].value
    assert text == (
        '{\n  "text": "{{#start.x#}}",\n  "n": {{#a.n#}},\n  "yes": true,\n'
        '  "words": "say \\"hi\\"",\n  "many": [1, 2]\n}'
    )
    assert json.loads(text.replace("{{#a.n#}}", "1"))["n"] == 1
    given = json_body("{}")
    assert isinstance(given.data, tuple)
    assert given.data[0].value == "{}"


def test_bodies_have_difys_names_and_ids() -> None:
    kinds = [
        item.type for item in (raw_text("x"), binary(X), urlencoded(a=1), form_data(a=1), json_body("{}"))
    ]
    assert kinds == ["raw-text", "binary", "x-www-form-urlencoded", "form-data", "json"]
    node = HttpRequest(body=urlencoded(("a-b", 1), c=2)).with_ids("n")
    assert node.body is not None
    assert node.body.dump()["data"] == (
        {"id": "key-value-1", "key": "a-b", "type": "text", "value": "1"},
        {"id": "key-value-2", "key": "c", "type": "text", "value": "2"},
    )


def test_keys_go_into_the_header() -> None:
    assert bearer(X).dump() == {"type": "api-key", "config": {"type": "bearer", "api_key": "{{#start.x#}}"}}
    assert basic("a:b").config is not None
    assert custom("X-Key", "k").dump()["config"] == {"type": "custom", "api_key": "k", "header": "X-Key"}


def test_the_editor_retries_though_absence_does_not(read) -> None:
    assert read("http-request").retry_config is None
    written = HttpRequest().completed("0.5.0").dump()
    assert written["retry_config"] == {"retry_enabled": True, "max_retries": 3, "retry_interval": 100}
    assert written["authorization"] == {"type": "no-auth", "config": None}
    assert written["body"] == {"type": "none", "data": ()}
    assert written["timeout"] == {"max_connect_timeout": 0, "max_read_timeout": 0, "max_write_timeout": 0}
    assert written["ssl_verify"] is True
    old = HttpRequest().completed("0.1.3").dump()
    assert "retry_config" not in old
    assert "ssl_verify" not in old
