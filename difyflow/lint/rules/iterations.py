"""Rules about what an iteration does when something in it fails."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._consequence import when_built
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View


@rule("iteration-error-mode", severity="error")
def iteration_error_mode(view: View) -> Iterator[Found]:
    """What an iteration does after an error is none of three ways.

    What it does:
        Finds values of `error_handle_mode` other than `terminated`, `continue-on-error` and
        `remove-abnormal-output`.

    Why is it bad:
        Dify cannot build the node, and no run begins.

    Example:
        ```yaml
        error_handle_mode: continue
        ```

    Use instead:
        ```yaml
        error_handle_mode: continue-on-error
        ```

    Dify:
        0.11 and later (`ErrorHandleMode`).
    """
    known = ("terminated", "continue-on-error", "remove-abnormal-output")
    for node in view.of("iteration"):
        mode = node.raw.get("error_handle_mode")
        if mode is not None and mode not in known:
            message = f"{shown(mode)} is no way to go on after an error; the ways are: {', '.join(known)}"
            yield Found(node.at("error_handle_mode"), message, severity=when_built(view, node))
