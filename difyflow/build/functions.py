"""A Python function as a Code node: its signature gives the inputs, its return annotation the outputs."""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping

from difyflow.errors import BuildError
from difyflow.nodes._base import LISTS, Takes, type_of
from difyflow.nodes.code import Code, CodeOutput, inputs, returns
from difyflow.terms.selector import Selector
from difyflow.terms.vartype import VarType

_OUTPUT_TYPE: dict[object, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    dict: "object",
}

_PARAMETER_TYPES: dict[object, tuple[VarType, ...]] = {
    str: (VarType.STRING, VarType.SECRET),
    int: (VarType.NUMBER, VarType.INTEGER),
    float: (VarType.NUMBER, VarType.INTEGER),
    bool: (VarType.BOOLEAN,),
    dict: (VarType.OBJECT, VarType.FILE),
}


def code(
    function: Callable[..., Mapping[str, object]],
    *,
    title: str = "Code",
    outputs: dict[str, CodeOutput] | None = None,
    **selectors: Selector,
) -> Code:
    """The Code node that runs this function; the function itself stays callable.

    Args:
        function: must stand on its own: imports inside, no names from its module. It becomes `main`.
        title: title on the canvas.
        outputs: `returns(result="string")`; not needed if the return annotation is a TypedDict.
        selectors: a reference for each parameter without a default.

    Raises:
        BuildError: the function uses names from outside, a parameter has no reference or one of another type,
            or nothing says what the function returns.
    """
    name = getattr(function, "__name__", "function")
    parameters = inspect.signature(function).parameters
    missing = [key for key, item in parameters.items() if key not in selectors and item.default is item.empty]
    if missing:
        raise BuildError(
            f"{name}: no reference for {', '.join(missing)}", hint=f"code({name}, {missing[0]}=...)"
        )
    unknown = selectors.keys() - parameters.keys()
    if unknown:
        raise BuildError(
            f"{name} has no parameter {', '.join(sorted(unknown))}", hint=f"it has: {', '.join(parameters)}"
        )
    _refuse_outside_names(function, name)
    _refuse_positional(parameters.values(), name)
    _refuse_wrong_types(function, name, selectors)
    return Code(
        title=title,
        variables=inputs(**selectors),
        code=_source_of(function),
        outputs=outputs if outputs is not None else _outputs_of(function, name),
    )


def _refuse_wrong_types(
    function: Callable[..., object], name: str, selectors: Mapping[str, Selector]
) -> None:
    notes = typing.get_type_hints(function)
    for key, selector in selectors.items():
        takes, kind = _takes(notes.get(key)), type_of(selector)
        if takes is not None and not takes.accepts(kind):
            raise BuildError(
                f"{name}: {key} takes {takes}, and {'.'.join(selector)} is {kind}", code="wrong-type"
            )


def _takes(note: object) -> Takes | None:
    """The types of variables that fit an annotation; None where any may."""
    if note is list or typing.get_origin(note) is list:
        kind = VarType.of(_output_type(note) or "")
        kinds_of_list = {kind, VarType.ARRAY_FILE} if kind is VarType.ARRAY_OBJECT else {kind}
        return LISTS if kind is VarType.ANY else Takes(frozenset(kinds_of_list))
    kinds = _PARAMETER_TYPES.get(dict if typing.get_origin(note) is dict else note)
    return Takes(frozenset(kinds)) if kinds else None


def _refuse_positional(parameters: Iterable[inspect.Parameter], name: str) -> None:
    found = [item.name for item in parameters if item.kind is item.POSITIONAL_ONLY]
    if found:
        raise BuildError(
            f"{name}: {', '.join(found)} cannot be given by name, and Dify gives every input by its name",
            hint="take the / out of the signature",
        )


def _refuse_outside_names(function: Callable[..., object], name: str) -> None:
    if not isinstance(function, types.FunctionType):
        raise BuildError(f"{name!r} is not a plain Python function", hint="write it with def")
    tree = _parse(function)
    table = symtable.symtable(textwrap.dedent(inspect.getsource(function)), name, "exec")
    scopes = [child for child in table.get_children() if child.get_name() == function.__name__]
    outside = {item for scope in scopes for item in _outside_names(scope)}
    outside |= {
        item.id
        for default in (*tree.args.defaults, *tree.args.kw_defaults)
        if default is not None
        for item in ast.walk(default)
        if isinstance(item, ast.Name) and not hasattr(builtins, item.id)
    }
    if outside:
        raise BuildError(
            f"{name} uses {', '.join(sorted(outside))} from outside",
            hint="a Code node holds this function alone: import and define what it needs inside",
        )


def _outside_names(scope: symtable.SymbolTable) -> Iterator[str]:
    """Names that a function or one inside it looks up in its module; annotations are not looked at."""
    if "annotation" in str(scope.get_type()):
        return
    for symbol in scope.get_symbols():
        if symbol.is_global() and not hasattr(builtins, symbol.get_name()):
            yield symbol.get_name()
    for child in scope.get_children():
        yield from _outside_names(child)


def _parse(function: types.FunctionType) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise BuildError(f"{function.__name__!r} is not written with def", hint="write it with def")
    return tree


def _source_of(function: Callable[..., object]) -> str:
    """The function's text as `main`, without decorators and annotations that need names from outside."""
    assert isinstance(function, types.FunctionType)
    text = textwrap.dedent(inspect.getsource(function))
    tree = _parse(function)
    lines = text.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    data = b"".join(lines)
    edits: list[tuple[int, int, bytes]] = []
    for argument in [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]:
        note = argument.annotation
        if note is not None and not _needs_only_builtins(note):
            begin = starts[argument.lineno - 1] + argument.col_offset + len(argument.arg.encode())
            edits.append((begin, _end(note, starts), b""))
    if tree.returns is not None and not _needs_only_builtins(tree.returns):
        begin = starts[tree.returns.lineno - 1] + tree.returns.col_offset
        edits.append((begin, _end(tree.returns, starts), b"dict"))
    head = starts[tree.lineno - 1] + tree.col_offset
    name_at = data.index(tree.name.encode(), head + len(b"def"))
    edits.append((name_at, name_at + len(tree.name.encode()), b"main"))
    for begin, end, new in sorted(edits, reverse=True):
        data = data[:begin] + new + data[end:]
    return data[head:].decode().rstrip("\n")


def _end(node: ast.expr, starts: list[int]) -> int:
    assert node.end_lineno is not None and node.end_col_offset is not None
    return starts[node.end_lineno - 1] + node.end_col_offset


def _needs_only_builtins(annotation: ast.expr) -> bool:
    names = {item.id for item in ast.walk(annotation) if isinstance(item, ast.Name)}
    dotted = any(isinstance(item, ast.Attribute) for item in ast.walk(annotation))
    return not dotted and all(hasattr(builtins, name) for name in names)


def _outputs_of(function: Callable[..., object], name: str) -> dict[str, CodeOutput]:
    note = typing.get_type_hints(function).get("return")
    if not typing.is_typeddict(note):
        raise BuildError(
            f"{name}: nothing says what it returns",
            hint='annotate it with a TypedDict, or pass outputs=returns(result="string")',
        )
    found = {}
    for key, kind in typing.get_type_hints(note).items():
        output_type = _output_type(kind)
        if output_type is None:
            raise BuildError(
                f"{name}: {key} has a type that a code node cannot return",
                hint="it can: str, int, float, bool, dict, and lists of these",
            )
        found[key] = output_type
    return returns(**found)


def _output_type(note: object) -> str | None:
    """The type of a code node's output that is annotated so; None if it cannot have this one."""
    if typing.get_origin(note) is list:
        (item,) = typing.get_args(note)
        kind = _output_type(item)
        return f"array[{kind}]" if kind is not None and not kind.startswith("array") else None
    if typing.get_origin(note) is dict or typing.is_typeddict(note):
        return "object"
    return _OUTPUT_TYPE.get(note)
