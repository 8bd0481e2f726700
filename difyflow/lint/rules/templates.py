"""Rules about Jinja2 text: template nodes and the Jinja2 messages of models."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.dsl.edit import Path
from difyflow.lint import _jinja
from difyflow.lint._consequence import when_run
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View
from difyflow.terms.selector import PLACEHOLDER


@rule("template-syntax", severity="error")
def template_syntax(view: View) -> Iterator[Found]:
    """A Jinja2 template is one that Jinja2 refuses.

    What it does:
        Looks at the templates of template nodes and at Jinja2 messages: tags that do not end, blocks without
        their end, unknown tags and filters, characters that do not belong. It is a check of its own that
        needs no Jinja2 and tells only what is certain. The commonest case is `{{#node.name#}}`: Jinja2 does
        not know Dify's references.

    Why is it bad:
        The node fails with a TemplateSyntaxError, and the run with it.

    Example:
        ```yaml
        template: 'Dear {{#start.name#}}'
        variables: []
        ```

    Use instead:
        ```yaml
        template: 'Dear {{ name }}'
        variables: [{variable: name, value_selector: [start, name]}]
        ```

    Dify:
        Every release (`TemplateTransformNode`, `handle_list_messages`; Jinja2 3.0 to 3.1 in the sandbox).
    """
    for node, place, text in _templates(view):
        fault = _jinja.fault(text)
        if fault is None:
            continue
        reference = PLACEHOLDER.match(text, fault.at - 2) if fault.text == "#" and fault.at >= 2 else None
        if reference is not None:
            name = reference.group(1).rpartition(".")[2]
            yield Found(
                place,
                f"Jinja2 does not know {reference.group()}: declare a variable and write {{{{ {name} }}}}",
                text=reference.group(),
                start=reference.start(),
                severity=when_run(view, node),
            )
        else:
            message = f"Jinja2 refuses this template: {fault.message}"
            yield Found(place, message, text=fault.text, start=fault.at, severity=when_run(view, node))


@rule("template-undeclared", severity="warning")
def template_undeclared(view: View) -> Iterator[Found]:
    """A template uses a name that nobody gives it.

    What it does:
        Compares the names in a template with `variables` of the node (for Jinja2 messages with
        `prompt_config.jinja2_variables`) and with what the template itself sets.

    Why is it bad:
        Jinja2 renders an unknown name as nothing, without a word; an attribute of it fails the run.

    Example:
        ```yaml
        template: 'Dear {{ nmae }}'
        variables: [{variable: name, value_selector: [start, name]}]
        ```

    Use instead:
        ```yaml
        template: 'Dear {{ name }}'
        variables: [{variable: name, value_selector: [start, name]}]
        ```

    Dify:
        Every release (`TemplateTransformNode`, `render_jinja2_message`; Jinja2's `Undefined`).
    """
    for node, place, text in _templates(view):
        given = _given(node)
        for name in sorted(_jinja.names(text) - given):
            known = ", ".join(sorted(given)) or "none"
            yield Found(
                place,
                f"no variable is named {name!r}, so it renders as nothing; variables: {known}",
                text=name,
            )


def _given(node: NodeView) -> frozenset[str]:
    """The names that a template of a node gets."""
    config = node.raw.get("prompt_config")
    listed = node.raw.get("variables") if node.kind == "template-transform" else None
    if node.kind == "llm" and isinstance(config, dict):
        listed = config.get("jinja2_variables")
    items = listed if isinstance(listed, list) else []
    return frozenset(str(item.get("variable")) for item in items if isinstance(item, dict))


@rule("template-empty", severity="warning")
def template_empty(view: View) -> Iterator[Found]:
    """A template node has an empty template.

    What it does:
        Finds template nodes whose `template` is empty, and Jinja2 messages without a text.

    Why is it bad:
        The node puts out nothing, which is hardly meant. The editor marks it red and refuses to publish.

    Example:
        ```yaml
        template: ''
        ```

    Use instead:
        ```yaml
        template: '{{ text | upper }}'
        ```

    Dify:
        Every release (`default.ts` of template-transform and llm).
    """
    for _, place, text in _templates(view):
        if not text.strip():
            yield Found(place, "the template is empty, so nothing comes out of it; write one")


def _templates(view: View) -> Iterator[tuple[NodeView, Path, str]]:
    """Every Jinja2 text with its place."""
    for node in view.of("template-transform"):
        template = node.raw.get("template")
        if isinstance(template, str):
            yield node, node.at("template"), template
    for node in view.of("llm"):
        prompt = node.raw.get("prompt_template")
        if isinstance(prompt, dict):
            messages: list[tuple[Path, object]] = [(("prompt_template",), prompt)]
        else:
            listed = prompt if isinstance(prompt, list) else []
            messages = [(("prompt_template", index), item) for index, item in enumerate(listed)]
        for path, message in messages:
            if isinstance(message, dict) and message.get("edition_type") == "jinja2":
                text = message.get("jinja2_text") or ""
                if isinstance(text, str):
                    yield node, node.at(*path, "jinja2_text"), text
