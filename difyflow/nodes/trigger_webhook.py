"""trigger-webhook: a workflow begins when an HTTP request comes in (Dify 1.10).

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from difyflow.nodes._base import NodeData
from difyflow.nodes._look import BLUE, CanvasRow, Look, row
from difyflow.nodes._record import Many, Record, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType


class WebhookHeader(Record):
    """A header that is read; the output's name has `_` for `-`."""

    name: str = ""
    required: bool = False


class WebhookParameter(Record):
    """A query parameter or a field of the body that is read."""

    name: str = ""
    type: str = "string"
    """string, number, boolean, object, file, array[...] of string, number, boolean, object.

    Bodies: JSON all but file; text string; urlencoded string, number, boolean; multipart those and file;
    octet-stream file.
    """
    required: bool = False


class WebhookVariable(Record):
    """An output as the editor knows it."""

    variable: str = ""
    label: str | None = None
    """Where it comes from: param, header, body, raw."""
    value_type: str = "string"
    value_selector: Selector = Selector()
    """Empty."""
    required: bool = False


RAW = WebhookVariable(
    variable="_webhook_raw", label="raw", value_type="object", value_selector=Selector(), required=True
)
"""The whole request."""


class TriggerWebhook(NodeData):
    """Only in workflows, and not beside a start node."""

    SINCE: ClassVar[str] = "1.10.0"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    ENTRY: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(BLUE, "hook")

    type: str = "trigger-webhook"
    title: str = "Webhook Trigger"
    webhook_url: str = ""
    """Filled in by the server; empty in exports."""
    webhook_debug_url: str | None = None
    """Filled in by the server; empty in exports."""
    method: Annotated[str, Written(value="POST")] = "get"
    """GET, POST, PUT, DELETE, PATCH, HEAD."""
    content_type: str = "application/json"
    """application/json, .../x-www-form-urlencoded, .../octet-stream, multipart/form-data, text/plain."""
    headers: Many[WebhookHeader] = ()
    params: Many[WebhookParameter] = ()
    body: Many[WebhookParameter] = ()
    async_mode: bool = True
    """True answers at once, before the run."""
    status_code: int = 200
    response_body: str = ""
    timeout: int | None = None
    """Seconds; 30 if absent."""
    variables: Many[WebhookVariable] = ()
    """The outputs as the editor knows them; made from the three lists above if not given."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """What `variables` has; what only the other lists have, the editor does not offer."""
        given = {item.variable: item for item in self.variables}
        read = {item.variable: item for item in self._read()}
        offered = given or read
        return tuple(
            OutputVar(name, VarType.of(item.value_type), run_time_only=name not in offered)
            for name, item in (read | given).items()
        )

    def completed(self, version: str) -> Self:
        """As `Record.completed`; `variables` that are not given are made from headers, params and body."""
        if "variables" in self.model_fields_set:
            return super().completed(version)
        return super(TriggerWebhook, self.model_copy(update={"variables": self._read()})).completed(version)

    def _read(self) -> tuple[WebhookVariable, ...]:
        headers = (
            _variable(item.name.replace("-", "_"), "header", "string", item.required) for item in self.headers
        )
        params = (_variable(item.name, "param", item.type, item.required) for item in self.params)
        body = (_variable(item.name, "body", item.type, item.required) for item in self.body)
        return (RAW, *headers, *params, *body)

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """What is read."""
        return (row(self.method.upper(), self.content_type),)


def _variable(name: str, source: str, kind: str, required: bool) -> WebhookVariable:
    return WebhookVariable(
        variable=name, label=source, value_type=kind, value_selector=Selector(), required=required
    )


def header(name: str, *, required: bool = False) -> WebhookHeader:
    """A header that is read."""
    return WebhookHeader(name=name, required=required)


def parameter(name: str, type: str = "string", *, required: bool = False) -> WebhookParameter:
    """A query parameter or a field of the body; types: see `WebhookParameter`."""
    return WebhookParameter(name=name, type=type, required=required)


EXAMPLE = TriggerWebhook(
    method="POST",
    headers=(header("X-Signature", required=True),),
    params=(parameter("lang"),),
    body=(parameter("order", "object", required=True), parameter("tags", "array[string]")),
    response_body='{"ok": true}',
)

NODE = TriggerWebhook
