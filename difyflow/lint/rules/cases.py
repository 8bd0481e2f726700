"""Rules about branches that are not filled in."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint._conditions import NUMERIC, UNARY, conditions
from difyflow.lint._consequence import when_run
from difyflow.lint._shapes import OPERATORS
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View


@rule("ifelse-cases", severity="error")
def ifelse_cases(view: View) -> Iterator[Found]:
    """An if-else node has no cases, or cases with one id.

    What it does:
        Finds if-else nodes without `cases` (and without the `conditions` of old files), with an empty list
        of them, a case with the id `false`, and two cases with one id.

    Why is it bad:
        The editor cannot open an app with an if-else node without cases. A case with the id `false` leaves
        where ELSE leaves, and two cases with one id leave at one place: the branches are mixed up, which is a
        warning.

    Example:
        ```yaml
        data: {type: if-else, title: Urgent?, cases: []}
        ```

    Use instead:
        ```yaml
        data: {type: if-else, title: Urgent?, cases: [{case_id: 'true', id: 'true', logical_operator: and,
               conditions: [{variable_selector: [start, n], comparison_operator: '>', value: '3'}]}]}
        ```

    Dify:
        Every release (`branchNameCorrect`; `IfElseNode._run`).
    """
    for node in view.of("if-else"):
        cases = node.raw.get("cases")
        if cases is None or cases == []:
            if cases == [] or not node.raw.get("conditions"):
                message = "an if-else node without cases breaks the editor; give it a case with conditions"
                yield Found(node.at("cases"), message)
            continue
        seen: set[str] = set()
        for index, case in enumerate(cases if isinstance(cases, list) else []):
            case_id = case.get("case_id") if isinstance(case, dict) else None
            if not isinstance(case_id, str):
                continue
            place = node.at("cases", index, "case_id")
            if case_id == "false":
                message = "'false' is the id of ELSE: this case leaves at the same place; give it another id"
                yield Found(place, message, severity="warning")
            elif case_id in seen:
                message = f"two cases have the id {case_id!r}: their ways out are one and the same"
                yield Found(place, message, severity="warning")
            seen.add(case_id)


@rule("condition-empty", severity="warning")
def condition_empty(view: View) -> Iterator[Found]:
    """A case or a condition is not filled in.

    What it does:
        Finds cases without conditions, conditions without a variable, and comparisons with an empty value.

    Why is it bad:
        A condition without a variable fails the run, which is an error. A case without conditions is always
        true (`and`) or never (`or`); a comparison with nothing is rarely meant, and the editor marks it red.

    Example:
        ```yaml
        conditions: [{variable_selector: [start, text], comparison_operator: contains, value: ''}]
        ```

    Use instead:
        ```yaml
        conditions: [{variable_selector: [start, text], comparison_operator: contains, value: refund}]
        ```

    Dify:
        Every release (`ConditionProcessor.process_conditions`; `default.ts` of if-else).
    """
    for node in view.of("if-else"):
        cases = node.raw.get("cases")
        for index, case in enumerate(cases if isinstance(cases, list) else []):
            if isinstance(case, dict) and case.get("conditions") == []:
                message = "this case has no conditions; add one, or remove the case"
                yield Found(node.at("cases", index, "conditions"), message)
    for item in conditions(view):
        value = item.raw.get("value")
        sub = item.raw.get("sub_variable_condition")
        if item.operator not in OPERATORS or item.operator in UNARY or item.operator in NUMERIC or sub:
            continue
        if value in (None, "", []):
            message = f"{item.operator!r} compares with nothing; give it a value"
            yield Found((*item.path, "value"), message)


@rule("condition-variable", severity="error")
def condition_variable(view: View) -> Iterator[Found]:
    """A condition has no variable chosen.

    What it does:
        Finds conditions whose `variable_selector` has fewer than two parts.

    Why is it bad:
        The run fails: "Variable [] not found".

    Example:
        ```yaml
        conditions: [{variable_selector: [], comparison_operator: empty, value: ''}]
        ```

    Use instead:
        ```yaml
        conditions: [{variable_selector: [start, text], comparison_operator: empty, value: ''}]
        ```

    Dify:
        Every release (`ConditionProcessor.process_conditions`).
    """
    for item in conditions(view):
        if item.selector is not None and len(item.selector) < 2:
            message = "no variable is chosen, and the run fails when it comes to this condition; choose one"
            place = (*item.path, "variable_selector")
            yield Found(place, message, severity=when_run(view, item.node))
