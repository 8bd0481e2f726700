"""http-request: sends one HTTP request (Dify 0.6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from difyflow.nodes._base import FILES, NodeData, Template, type_of
from difyflow.nodes._base import DefaultValue as DefaultValue
from difyflow.nodes._base import RetryConfig as RetryConfig
from difyflow.nodes._failure import defaults as defaults
from difyflow.nodes._failure import retry as retry
from difyflow.nodes._look import VIOLET, CanvasRow, Look
from difyflow.nodes._record import Many, Record, Since, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class AuthorizationConfig(Record):
    """The key, and the header that it goes into."""

    type: str = "bearer"
    """basic, bearer, custom."""
    api_key: Template | None = ""
    header: Template | None = None
    """For custom; `Authorization` if empty."""


class Authorization(Record):
    """See `bearer`, `basic`, `custom`."""

    type: str = "no-auth"
    """no-auth, api-key."""
    config: Annotated[AuthorizationConfig | None, Written()] = None

    def spelled(self) -> Spelled | None:
        """`bearer(...)`, `basic(...)`, `custom(...)`."""
        config = self.config
        if self.type != "api-key" or config is None:
            return None
        if config.type == "custom":
            return Spelled("custom", (config.header, config.api_key))
        return Spelled(config.type, (config.api_key,)) if config.type in ("bearer", "basic") else None


class BodyItem(Record):
    """One field of a form, or the whole of another body."""

    id: str | None = None
    """`key-value-1` and so on in the editor."""
    key: Template | None = ""
    type: str = "text"
    """text, file."""
    value: Template | None = None
    file: Annotated[Selector | Literal[""] | None, FILES] = None
    """For `file`: a file or a list of them."""

    def spelled(self) -> Spelled | None:
        """`file_field(...)`."""
        return Spelled("file_field", (self.key, self.file)) if self.type == "file" else None


class Body(Record):
    """See `json_body`, `raw_text`, `form_data`, `urlencoded`, `binary`."""

    type: str = "none"
    """none, form-data, x-www-form-urlencoded, raw-text, json, binary; the last three take one item."""
    data: Many[BodyItem] | Template = ()
    """Text in older files."""

    def spelled(self) -> Spelled | None:
        """`json_body(...)`, `raw_text(...)`, `binary(...)`, `urlencoded(...)`, `form_data(...)`."""
        match self.type, self.data:
            case ("json", (BodyItem() as only,)):
                return Spelled("json_body", (only.value,), names_files=True)
            case ("raw-text", (BodyItem() as only,)):
                return Spelled("raw_text", (only.value,), names_files=True)
            case ("binary", (BodyItem() as only,)):
                return Spelled("binary", (only.file,))
            case ("x-www-form-urlencoded", (BodyItem(), *_) as items):
                return _spelled_fields("urlencoded", items)
            case ("form-data", (BodyItem(), *_) as items):
                return _spelled_fields("form_data", items)
            case _:
                return None


def _spelled_fields(function: str, items: Iterable[object]) -> Spelled:
    """Fields by name; what a name cannot say, before them."""
    args: list[object] = []
    named: dict[str, object] = {}
    for item in items:
        assert isinstance(item, BodyItem)
        key, value = item.key or "", item.value or ""
        if item.type == "file":
            args.append(item)
        elif key.isidentifier() and key not in named:
            named[key] = value
        else:
            args.append((key, value))
    return Spelled(function, tuple(args), named)


class Timeout(Record):
    """Seconds; at most 10 to connect, 600 to read and to write, or as the server is set up."""

    connect: int | None = None
    read: int | None = None
    write: int | None = None
    max_connect_timeout: int = 0
    """Written by the editor, ignored; so are the next two."""
    max_read_timeout: int = 0
    max_write_timeout: int = 0


class HttpRequest(NodeData):
    """Any answer is a success, also 404; `fail-branch` is for no answer at all."""

    CAN_FAIL: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(VIOLET, "globe")

    type: str = "http-request"
    title: str = "HTTP Request"
    method: str = "get"
    """get, post, head, patch, put, delete; the backend also takes options and capitals."""
    url: Template = ""
    authorization: Authorization = Authorization()
    headers: Template = ""
    """A line per header, `name:value`; see `lines`."""
    params: Template = ""
    """A line per query parameter, `name:value`; see `lines`."""
    body: Body | None = Body()
    timeout: Annotated[Timeout | None, Written(value=Timeout())] = None
    ssl_verify: Annotated[bool | None, Written(since="0.2.0"), Since("1.3.0")] = True
    retry_config: Annotated[
        RetryConfig | None,
        Written(since="0.1.5", value=RetryConfig(retry_enabled=True, max_retries=3, retry_interval=100)),
    ] = None
    variables: Many[Any] = ()
    """Unused."""

    def spelled_fields(self) -> Mapping[str, Spelled]:
        """`lines(...)` for several headers or parameters."""
        found = {key: _spelled_lines(getattr(self, key)) for key in ("headers", "params")}
        return {**super().spelled_fields(), **{key: item for key, item in found.items() if item is not None}}

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The answer; `body` is empty when a file came back."""
        return (
            OutputVar("body", VarType.STRING),
            OutputVar("status_code", VarType.NUMBER),
            OutputVar("headers", VarType.OBJECT),
            OutputVar("files", VarType.ARRAY_FILE),
        )

    def with_ids(self, node_id: str) -> Self:  # noqa: ARG002  # the ids need only be unique in the node
        """Body items become `key-value-1`, `key-value-2`, ..."""
        if self.body is None or not isinstance(self.body.data, tuple) or not self.body.data:
            return self
        items = tuple(
            item if item.id else item.model_copy(update={"id": f"key-value-{index}"})
            for index, item in enumerate(self.body.data, start=1)
        )
        return self.model_copy(update={"body": self.body.model_copy(update={"data": items})})

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """Method and URL."""
        if not self.url:
            return ()
        return (CanvasRow("text", f"{self.method.upper()} {self.url}", lines=2),)

    def canvas_height(self) -> int:
        """With its URL, about 30 characters to a line."""
        return 90 if not self.url else 115 + 22 * (len(self.url) // 30)


def _spelled_lines(text: str) -> Spelled | None:
    pairs = [line.split(":", 1) for line in text.split("\n")]
    if len(pairs) < 2 or any(len(pair) < 2 for pair in pairs):
        return None
    return Spelled("lines", tuple((name, value) for name, value in pairs))


def lines(*pairs: tuple[str, object], **more: object) -> str:
    """Headers or query parameters: `lines(("Content-Type", "application/json"), page=1)`."""
    return "\n".join(f"{name}:{value}" for name, value in (*pairs, *more.items()))


def bearer(api_key: str | Selector) -> Authorization:
    """`Authorization: Bearer <api_key>`."""
    return _authorization("bearer", api_key)


def basic(api_key: str | Selector) -> Authorization:
    """`Authorization: Basic <api_key>`; Dify encodes the key."""
    return _authorization("basic", api_key)


def custom(header: str, api_key: str | Selector) -> Authorization:
    """`<header>: <api_key>`."""
    return _authorization("custom", api_key, header)


def _authorization(kind: str, api_key: str | Selector, header: str | None = None) -> Authorization:
    config = AuthorizationConfig(type=kind, api_key=str(api_key))
    if header is not None:
        config = config.changed(header=header)
    return Authorization(type="api-key", config=config)


def json_body(text: str | None = None, /, **fields: object) -> Body:
    """A JSON body: its text with references, or its fields by name.

    In fields, a reference to text (or to a type that is not known) is put in quotes, one to a number, a
    boolean, an object or a list is not. Dify repairs what quotes and line ends inside the values break.
    """
    if text is None:
        rows = [f"  {json.dumps(name, ensure_ascii=False)}: {_json(value)}" for name, value in fields.items()]
        text = "{\n" + ",\n".join(rows) + "\n}"
    return Body(type="json", data=(BodyItem(key="", type="text", value=text),))


def _json(value: object) -> str:
    if isinstance(value, Selector):
        quoted = type_of(value) in (None, VarType.STRING, VarType.SECRET)
        return f'"{value}"' if quoted else str(value)
    return json.dumps(value, ensure_ascii=False)


def raw_text(text: str) -> Body:
    """A text as it is."""
    return Body(type="raw-text", data=(BodyItem(key="", type="text", value=text),))


def binary(file: Selector) -> Body:
    """The bytes of a file."""
    return Body(type="binary", data=(BodyItem(key="", type="file", value="", file=file),))


def urlencoded(*pairs: tuple[str, object], **more: object) -> Body:
    """Form fields in the style of a query."""
    items = tuple(_text_item(name, value) for name, value in (*pairs, *more.items()))
    return Body(type="x-www-form-urlencoded", data=items)


def form_data(*items: BodyItem, **more: object) -> Body:
    """A multipart form: `form_data(file_field("doc", start.doc), title="x")`."""
    texts = tuple(_text_item(name, value) for name, value in more.items())
    return Body(type="form-data", data=(*items, *texts))


def file_field(key: str, file: Selector) -> BodyItem:
    """A file, or a list of them, for `form_data`."""
    return BodyItem(key=key, type="file", value="", file=file)


def _text_item(key: str, value: object) -> BodyItem:
    return BodyItem(key=key, type="text", value=str(value))


EXAMPLE = HttpRequest(
    method="post",
    url=f"https://api.example.com/v1/orders/{Selector(('start', 'order'))}",
    authorization=bearer(Selector(("env", "api_key"))),
    headers=lines(("X-Request-From", "dify")),
    params=lines(lang=Selector(("start", "language"))),
    body=json_body(note=Selector(("llm", "text")), urgent=True),
    timeout=Timeout(connect=10, read=60),
    error_strategy="fail-branch",
)

NODE = HttpRequest
