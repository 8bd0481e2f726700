"""human-input: waits for a person, who fills in a form and picks an action (Dify 1.13).

From documentation: no raw export with one was at hand; the examples are synthetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal, Self

from difyflow.nodes._base import Handle, NodeData, Template, with_made_ids
from difyflow.nodes._look import CYAN, CanvasRow, Look, row
from difyflow.nodes._record import Many, Record, Since, Spelled, Written
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import OutputVar, VarType

URL = "{{#url#}}"
"""The link to the form; an e-mail must contain it."""

_ACTION_ID = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_ACTION_ID_LENGTH = 20

_RELEASES = {"select": "1.14.0", "file": "1.14.0", "file-list": "1.14.0"}

_TYPES = {"file": VarType.FILE, "file-list": VarType.ARRAY_FILE}


class Recipient(Record):
    """Who gets the e-mail: a member of the workspace, or an address."""

    type: str = "external"
    """member, external."""
    user_id: str | None = None
    email: str | None = None


class Recipients(Record):
    """All who get the e-mail."""

    whole_workspace: bool = False
    items: Many[Recipient] = ()


class EmailConfig(Record):
    """The e-mail; its body must contain `URL`."""

    recipients: Recipients = Recipients()
    subject: Template = ""
    body: Template = ""
    debug_mode: bool = False
    """To the one who tests, not to the recipients."""


class DeliveryMethod(Record):
    """How the form reaches a person; see `webapp` and `email`."""

    id: str = ""
    """A UUID."""
    type: str = "webapp"
    """webapp, email; the editor also knows slack, teams, discord, which the backend refuses."""
    enabled: bool = True
    config: EmailConfig | None = None

    def spelled(self) -> Spelled | None:
        """`webapp()` or `email(...)`."""
        if self.config is None:
            return Spelled("webapp")
        to = self.config.recipients
        addresses = tuple(item.email for item in to.items)
        given = {"whole_workspace": to.whole_workspace}
        return Spelled("email", (self.config.subject, self.config.body, *addresses), given)


class FormDefault(Record):
    """What stands in a text field at first: a text, or a variable."""

    type: str = "constant"
    """constant, variable."""
    selector: Selector | None = Selector()
    value: str | None = ""


class OptionSource(Record):
    """The choices of a select: a list of texts, or a variable."""

    type: str = "constant"
    """constant, variable."""
    selector: Selector | None = Selector()
    value: Many[str] | None = ()


class FormInput(Record):
    """A field of the form; see `paragraph`, `select`, `file`, `files`."""

    type: Annotated[str, Since(values=_RELEASES)] = "paragraph"
    """paragraph, select, file, file-list; Dify 1.13 knew text-input and paragraph only."""
    output_variable_name: str = ""
    """Name of the output, at most 30 characters."""
    default: FormDefault | None = None
    option_source: OptionSource | None = None
    allowed_file_types: Many[str] | None = None
    """Of image, document, audio, video, custom."""
    allowed_file_extensions: Many[str] | None = None
    allowed_file_upload_methods: Many[str] | None = None
    """Of local_file, remote_url."""
    number_limits: int | None = None
    """Most files."""

    def spelled(self) -> Spelled | None:
        """`paragraph(...)`, `select(...)`, `file(...)`, `files(...)`."""
        name = self.output_variable_name
        if self.type == "paragraph" and self.default is not None:
            start = self.default
            return Spelled("paragraph", (name, start.selector if start.type == "variable" else start.value))
        if self.type == "select" and self.option_source is not None:
            source = self.option_source
            return Spelled("select", (name, source.selector if source.type == "variable" else source.value))
        given: dict[str, object] = {"extensions": self.allowed_file_extensions or ()}
        if self.type == "file-list":
            return Spelled(
                "files", (name, self.allowed_file_types), {"number_limits": self.number_limits, **given}
            )
        return Spelled("file", (name, self.allowed_file_types), given) if self.type == "file" else None


class UserAction(Record):
    """A button; its `id` is the handle that edges leave at."""

    id: str = ""
    """`^[A-Za-z_][A-Za-z0-9_]*$`, at most 20 characters."""
    title: str = ""
    """At most 100 characters (20 in Dify 1.13)."""
    button_style: str = "default"
    """primary, default, accent, ghost."""

    def spelled(self) -> Spelled | None:
        """`action(...)`."""
        return Spelled("action", (self.id, self.title), {"button_style": self.button_style})


class HumanInput(NodeData):
    """Not inside containers and not in snippets. Dify checks the whole node when a draft is saved."""

    SINCE: ClassVar[str] = "1.13.0"
    FROM_DOCUMENTATION: ClassVar[bool] = True
    LOOK: ClassVar[Look] = Look(CYAN, "hand")

    type: str = "human-input"
    title: str = "Human Input"
    delivery_methods: Many[DeliveryMethod] = ()
    form_content: Template = ""
    """Markdown with references, and with `field(name)` where a field is to stand."""
    inputs: Many[FormInput] = ()
    user_actions: Many[UserAction] = ()
    timeout: Annotated[int, Written(value=3)] = 36
    """At most 7 days."""
    timeout_unit: Annotated[str, Written(value="day")] = "hour"
    """hour, day."""

    def output_variables(self) -> tuple[OutputVar, ...]:
        """The fields, and what the person did."""
        return (
            *(
                OutputVar(item.output_variable_name, _TYPES.get(item.type, VarType.STRING))
                for item in self.inputs
            ),
            OutputVar("__action_id", VarType.STRING),
            OutputVar("__action_value", VarType.STRING),
            OutputVar("__rendered_content", VarType.STRING),
        )

    def import_faults(self, dsl_version: tuple[int, ...]) -> Iterator[str]:
        """Dify checks the whole node (`_validate_human_input_node_data`, recorded at 1.15)."""
        if dsl_version < (0, 6, 0):
            return
        start = "Invalid HumanInput node data: "
        for problem in self.problems():
            yield f"{start}{'.'.join(map(str, problem.path))}: {problem.message}"
        names = [item.output_variable_name for item in self.inputs]
        ids = [item.id for item in self.user_actions]
        for label, found in (("output_variable_name in inputs", names), ("user action id", ids)):
            for item in sorted({item for item in found if found.count(item) > 1}):
                yield f"{start}duplicated {label} {item!r}"
        for item in ids:
            if len(item) > _ACTION_ID_LENGTH or not _ACTION_ID.fullmatch(item):
                yield f"{start}user action id {item!r} is no name of at most {_ACTION_ID_LENGTH} characters"

    def source_handles(self) -> tuple[Handle, ...]:
        """The actions, and `__timeout` for nobody came."""
        return (*(Handle(item.id, item.title) for item in self.user_actions), Handle("__timeout", "Timeout"))

    def with_ids(self, node_id: str) -> Self:
        """Delivery methods get UUIDs."""
        if not self.delivery_methods:
            return self
        return self.model_copy(update={"delivery_methods": with_made_ids(self.delivery_methods, node_id)})

    def canvas_rows(self) -> tuple[CanvasRow, ...]:
        """How the form reaches a person, then the actions."""
        ways = (CanvasRow("branch", item.label or item.id, handle=item.id) for item in self.source_handles())
        return (*(row(item.type, "delivery") for item in self.delivery_methods), *ways)

    def canvas_height(self) -> int:
        """A row per delivery method and per way out; estimated."""
        return 64 + 26 * (len(self.delivery_methods) + len(self.user_actions) + 1)


def webapp() -> DeliveryMethod:
    """The form stands in the web app."""
    return DeliveryMethod(type="webapp")


def email(subject: str, body: str, *to: str, whole_workspace: bool = False) -> DeliveryMethod:
    """The form's link goes out by e-mail; `body` must contain `URL`.

    Args:
        subject: with references.
        body: with references and `URL`.
        to: addresses.
        whole_workspace: to all members too.
    """
    items = tuple(Recipient(type="external", email=address) for address in to)
    recipients = Recipients(whole_workspace=whole_workspace, items=items)
    return DeliveryMethod(type="email", config=EmailConfig(recipients=recipients, subject=subject, body=body))


def field(name: str) -> str:
    """The place of a field in `form_content`."""
    return "{{#$output." + name + "#}}"


def paragraph(name: str, default: str | Selector = "") -> FormInput:
    """A text field; a reference as default is looked up when the form is shown."""
    if isinstance(default, Selector):
        start = FormDefault(type="variable", selector=default, value="")
    else:
        start = FormDefault(type="constant", selector=Selector(), value=default)
    return FormInput(type="paragraph", output_variable_name=name, default=start)


def select(name: str, options: Iterable[str] | Selector) -> FormInput:
    """One of several texts, or of the texts in a list variable."""
    if isinstance(options, Selector):
        source = OptionSource(type="variable", selector=options, value=())
    else:
        source = OptionSource(type="constant", selector=Selector(), value=tuple(options))
    return FormInput(type="select", output_variable_name=name, option_source=source)


def file(name: str, types: Iterable[str] = ("image",), *, extensions: Iterable[str] = ()) -> FormInput:
    """A file of these types; with `custom`, of these extensions."""
    return FormInput(
        type="file",
        output_variable_name=name,
        allowed_file_types=tuple(types),
        allowed_file_extensions=tuple(extensions),
        allowed_file_upload_methods=("local_file", "remote_url"),
    )


def files(
    name: str, types: Iterable[str] = ("image",), *, number_limits: int = 5, extensions: Iterable[str] = ()
) -> FormInput:
    """At most `number_limits` files; see `file`."""
    one = file(name, types, extensions=extensions)
    return one.changed(type="file-list", number_limits=number_limits)


def action(
    id: str, title: str, button_style: Literal["primary", "default", "accent", "ghost"] = "default"
) -> UserAction:
    """A button; `node.on(id)` is its way out."""
    return UserAction(id=id, title=title, button_style=button_style)


EXAMPLE = HumanInput(
    title="Approve",
    delivery_methods=(
        webapp(),
        email("Please approve", f"A draft waits: {URL}", "editor@example.com"),
    ),
    form_content=f"{Selector(('llm', 'text'))}\n\nRemarks: {field('remarks')}\n\nRisk: {field('risk')}",
    inputs=(paragraph("remarks"), select("risk", ("low", "high")), files("evidence", ("document",))),
    user_actions=(action("approve", "Approve", "primary"), action("reject", "Reject")),
    timeout=24,
    timeout_unit="hour",
)

NODE = HumanInput
