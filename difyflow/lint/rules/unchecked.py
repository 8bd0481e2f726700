"""Rules about references that nobody but us looks at."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.dsl.edit import Path
from difyflow.lint import _uses
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_KEYS = {
    "vision": ("llm", "question-classifier", "parameter-extractor"),
    "prompt_config": ("llm",),
    "advanced_settings": ("variable-aggregator", "variable-assigner"),
    "output_selector": ("iteration",),
    "items": ("assigner",),
    "agent_parameters": ("agent",),
    "authorization": ("http-request",),
}
"""The first part of places in the data of nodes that the editor's checklist passes by."""


@rule("ref-unchecked-field", severity="info", opt_in=True)
def ref_unchecked_field(view: View) -> Iterator[Found]:
    """A reference stands in a field that the editor's checklist passes by.

    What it does:
        Finds references in the vision settings of a model, in Jinja prompts and their variables, in
        conditions on files, in the groups of an aggregator, in what an iteration collects, in the items of an
        assigner, in the parameters of an agent, in the key and the file of a request. What they name exists;
        else another rule says so. They are in many apps that are all right, so it is asked only where it is
        selected: `difyflow lint --select ref-unchecked-field`.

    Why is it bad:
        It is not. But when the node that is named goes away, the editor marks nothing red and publishes: only
        a linter tells.

    Example:
        ```yaml
        items: [{variable_selector: [conversation, last], input_type: variable, operation: over-write,
                 value: [ask, text]}]
        ```

    Use instead:
        The same, and `difyflow lint` as a required check.

    Dify:
        Every release (`getNodeUsedVars` of the editor, which the checklist asks).
    """
    for node, reference in view.references:
        if _is_passed_by(node.kind, reference.path) and view.resolve(reference.selector, node).fault is None:
            text = f"the editor does not check {_uses.shown(reference.selector)} here"
            yield _uses.told(node, reference, text)


def _is_passed_by(kind: str, path: Path) -> bool:
    if kind in _KEYS.get(str(path[0]), ()) or "sub_variable_condition" in path or "jinja2_text" in path:
        return True
    return kind == "http-request" and path[0] == "body" and "file" in path
