"""What the source of a Python code node says of itself, without running it.

The sandbox of Dify runs Python 3.10 up to its release 0.2.12 (May 2025, shipped up to Dify 1.12), later ones
the current Python (dify-sandbox, `docker/`). It calls `main(**inputs)` and writes what comes back as JSON.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from difyflow.lint import _sandbox
from difyflow.lint._python_names import Filled, assigned, filled, literal, own
from difyflow.lint._sandbox import Spot as Spot


@dataclass(frozen=True, slots=True)
class Return:
    """One `return` of `main`.

    Attributes:
        keys: that the dictionary certainly has, with the type of each value where that can be seen (else "");
            None if it is no dictionary whose keys are written out.
        maybe: further keys that it may have, since they are set in a branch or a loop.
        kind: type of what is returned, where that can be seen.
        lengths: number of items or characters, for keys whose value is a list or a text written out.
        levels: how many dictionaries lie in one another, for keys whose value is written out.
    """

    line: int
    keys: Mapping[str, str] | None
    kind: str
    lengths: Mapping[str, int]
    levels: Mapping[str, int] = field(default_factory=dict)
    maybe: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Main:
    """The function that the sandbox calls.

    Attributes:
        required: parameters without a default.
        positional: parameters that cannot be given by name.
        accepts: all parameters that can be given by name.
        takes_any: it has `**`.
        returns: its returns; None if what it gives cannot be seen (it is decorated, say).
        falls_through: its end can be reached without a return.
    """

    line: int
    required: tuple[str, ...]
    positional: tuple[str, ...]
    accepts: frozenset[str]
    takes_any: bool
    returns: tuple[Return, ...]
    falls_through: bool
    is_async: bool
    yields: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A source that was read.

    Attributes:
        fault: why Python refuses it.
        newer: what the sandbox's Python 3.10 refuses in it and newer ones take.
        main: the function `main`; None if there is none, or if nobody can say what it is.
        hidden: `main` may come from somewhere else (a star import, `exec`, an assignment).
        imports: top-level modules, with the line.
    """

    fault: Spot | None = None
    newer: Spot | None = None
    main: Main | None = None
    hidden: bool = False
    imports: tuple[tuple[str, int], ...] = ()
    forbidden: tuple[Spot, ...] = ()


@lru_cache(maxsize=512)
def read(code: str) -> Source:
    """Parses a source; the same text is parsed once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "invalid escape sequence" is no fault
        try:
            tree = ast.parse(code)
        except SyntaxError as err:
            spot = Spot(err.msg, err.lineno or 1, max(err.offset or 1, 1))
            if sys.version_info < (3, 12) and err.msg.startswith("f-string"):
                return Source(newer=spot, hidden=True)  # this Python may be older than the sandbox's
            return Source(fault=spot)
        except (ValueError, RecursionError, MemoryError) as err:  # NUL characters; nesting beyond reason
            return Source(fault=Spot(str(err) or "nested too deeply", 1))
        try:
            return _read(tree, code)
        except RecursionError:
            return Source(hidden=True)


def _read(tree: ast.Module, code: str) -> Source:
    found: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    hidden = False
    for node in _outside_functions(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "main":
            found.append(node)
        hidden = hidden or _makes_main(node)
    if found and found[-1].decorator_list:
        hidden = True
    imports, forbidden = _used(tree)
    return Source(
        newer=_sandbox.refused(tree, code),
        main=None if hidden or not found else _main(found[-1]),
        hidden=hidden,
        imports=imports,
        forbidden=forbidden,
    )


def _makes_main(node: ast.AST) -> bool:
    """True for what may make or unmake a `main` other than by `def`."""
    match node:
        case ast.ClassDef(name="main") | ast.Name(id="main", ctx=ast.Store()) | ast.Delete():
            return True
        case ast.Call(func=ast.Name(id="exec" | "globals" | "setattr" | "vars")):
            return True
        case ast.ImportFrom(names=names):
            return any(item.name == "*" or (item.asname or item.name) == "main" for item in names)
        case ast.Import(names=names):
            return any(item.asname == "main" for item in names)
    return False


def _used(tree: ast.Module) -> tuple[tuple[tuple[str, int], ...], tuple[Spot, ...]]:
    """The modules that are imported, and the calls that the sandbox forbids."""
    imports: list[tuple[str, int]] = []
    for item in _statements(tree):
        if isinstance(item, ast.Import):
            imports += [(one.name.partition(".")[0], item.lineno) for one in item.names]
        elif isinstance(item, ast.ImportFrom) and item.module and not item.level:
            imports.append((item.module.partition(".")[0], item.lineno))
    if not any(module in ("os", "subprocess") for module, _ in imports):
        return tuple(imports), ()
    forbidden: list[Spot] = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)):
                if (owner, name) in _FORBIDDEN or owner == "subprocess":
                    forbidden.append(Spot(f"{owner}.{name}", node.lineno, node.col_offset + 1))
    return tuple(imports), tuple(forbidden)


def _statements(node: ast.AST, *, enter: bool = True) -> Iterator[ast.stmt]:
    """Every statement inside of something; those of functions and classes in it only with `enter`."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, name, ()):
            if isinstance(child, ast.stmt):
                yield child
                if not enter and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    continue
            yield from _statements(child, enter=enter)


_FORBIDDEN = frozenset(
    (("os", "system"), ("os", "popen"), ("os", "fork"), ("os", "execv"), ("os", "execve"), ("os", "spawnv"))
)
"""What the sandbox's seccomp filter refuses: other processes."""


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that runs when the module is loaded."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from _outside_functions(child)


def _main(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Main:
    args = node.args
    by_name = [*args.posonlyargs, *args.args]
    without_default = by_name[: len(by_name) - len(args.defaults)]
    required = [item.arg for item in without_default]
    required += [
        item.arg for item, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if not default
    ]
    given = [item for item in _statements(node, enter=False) if isinstance(item, ast.Return)]
    inside = list(own(node)) if any(_needs_names(item.value) for item in given) else []
    names = _Names(assigned(node, inside), filled(node, inside), _places(node))
    returns = tuple(made for item in given for made in _returns(item.value, item, names))
    return Main(
        line=node.lineno,
        required=tuple(required),
        positional=tuple(item.arg for item in without_default if item in args.posonlyargs),
        accepts=frozenset(item.arg for item in (*args.args, *args.kwonlyargs)),
        takes_any=args.kwarg is not None,
        returns=returns,
        falls_through=_falls_through(node.body),
        is_async=isinstance(node, ast.AsyncFunctionDef),
        yields=_yields(node),
    )


def _needs_names(value: ast.expr | None) -> bool:
    """True if what a return gives hangs on what a name holds."""
    if isinstance(value, ast.IfExp):
        return _needs_names(value.body) or _needs_names(value.orelse)
    return isinstance(value, ast.Name)


def _yields(function: ast.AST) -> bool:
    """True for a generator: its `yield` is nearly always a statement of its own, or assigned."""
    return any(
        isinstance(getattr(item, "value", None), ast.Yield | ast.YieldFrom)
        for item in _statements(function, enter=False)
    )


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names of a function hold.

    Attributes:
        values: names with one value that nothing changes.
        dicts: names of dictionaries that are filled step by step.
        places: by id of a return the place in the function's body of the statement that it lies in.
    """

    values: Mapping[str, ast.expr]
    dicts: Mapping[str, Filled]
    places: Mapping[int, int]


def _places(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Mapping[int, int]:
    found: dict[int, int] = {}
    for place, item in enumerate(function.body):
        found[id(item)] = place
        found |= {id(inner): place for inner in _statements(item, enter=False)}
    return found


def _returns(value: ast.expr | None, at: ast.Return, names: _Names) -> Iterator[Return]:
    """What a return gives; two for `a if x else b`."""
    if isinstance(value, ast.IfExp):
        yield from _returns(value.body, at, names)
        yield from _returns(value.orelse, at, names)
        return
    if isinstance(value, ast.Name):
        known = names.dicts.get(value.id)
        if known is not None and not known.is_plain:
            yield _of_filled(known, at, names.places.get(id(at), 0))
            return
        value = names.values.get(value.id, value)
    keys = literal(value)
    if keys is None:
        yield Return(at.lineno, None, _kind(value), {})
        return
    kinds = {name: _kind(item) for name, item in keys.items()}
    levels = {name: _levels(item) for name, item in keys.items()}
    yield Return(at.lineno, kinds, "object", _lengths(keys), levels)


def _of_filled(known: Filled, at: ast.Return, place: int) -> Return:
    """A dictionary that was filled: of a key that is set several times the type that all its values have."""
    certain, maybe = known.at(place)
    kinds: dict[str, str] = {}
    for name, values in certain.items():
        found = {_kind(item) if item is not None else "" for item in values}
        kinds[name] = found.pop() if len(found) == 1 else ""
    return Return(at.lineno, kinds, "object", {}, maybe=maybe)


def _lengths(keys: Mapping[str, ast.expr]) -> Mapping[str, int]:
    """The number of items or characters of values that are written out."""
    lengths: dict[str, int] = {}
    for name, item in keys.items():
        if isinstance(item, ast.List) and not any(isinstance(part, ast.Starred) for part in item.elts):
            lengths[name] = len(item.elts)
        elif isinstance(item, ast.Constant) and isinstance(item.value, str):
            lengths[name] = len(item.value)
    return lengths


def _levels(value: ast.expr | None) -> int:
    """How many dictionaries lie in one another, as far as they are written out."""
    if isinstance(value, ast.Dict):
        return 1 + max(map(_levels, value.values), default=0)
    return max(map(_levels, value.elts), default=0) if isinstance(value, ast.List) else 0


_CALLS = {
    "str": "string",
    "repr": "string",
    "len": "number",
    "int": "number",
    "float": "number",
    "round": "number",
    "list": "array",
    "sorted": "array",
    "dict": "object",
    "bool": "boolean",
}
_METHODS = {"dumps": "string", "join": "string", "strip": "string", "upper": "string", "lower": "string"}


_KINDS: tuple[tuple[type[ast.expr] | tuple[type[ast.expr], ...], str], ...] = (
    (ast.JoinedStr, "string"),
    ((ast.List, ast.ListComp, ast.Tuple), "array"),
    ((ast.Dict, ast.DictComp), "object"),
    ((ast.Set, ast.SetComp, ast.GeneratorExp, ast.Lambda), "unwritable"),
)


def _kind(value: ast.expr | None) -> str:
    """The type of an expression in Dify's words, where that can be seen; else empty."""
    match value:
        case None:
            return "null"
        case ast.Constant(value=plain):
            return _kind_of_constant(plain)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return "number"
        case ast.UnaryOp(op=ast.Not()):
            return "boolean"
        case ast.Call(func=ast.Name(id=name)):
            return _CALLS.get(name, "")
        case ast.Call(func=ast.Attribute(value=owner, attr=name)):
            is_text = name == "dumps" or (isinstance(owner, ast.Constant) and isinstance(owner.value, str))
            return _METHODS.get(name, "") if is_text else ""
    return next((kind for types, kind in _KINDS if isinstance(value, types)), "")


def _kind_of_constant(value: object) -> str:
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "boolean"),
        ((int, float), "number"),
        (str, "string"),
        (type(None), "null"),
    )
    return next((kind for types, kind in kinds if isinstance(value, types)), "unwritable")


def _falls_through(body: list[ast.stmt]) -> bool:
    """True if the end of these statements may be reached; in doubt, no."""
    return not any(_stops(item) for item in body)


def _stops(item: ast.stmt) -> bool:
    """True if nothing behind this statement may run, or nobody can say."""
    match item:
        case ast.Return() | ast.Raise() | ast.With() | ast.AsyncWith() | ast.Match() | ast.TryStar():
            return True
        case ast.While(test=ast.Constant()):
            return True
        case ast.If(body=then, orelse=other):
            return bool(other) and not _falls_through(then) and not _falls_through(other)
        case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=final):
            if final and not _falls_through(final):
                return True
            ends = not _falls_through([*inner, *other])
            return ends and not any(_falls_through(handler.body) for handler in handlers)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="exit") | ast.Name(id="exit" | "quit"))):
            return True
    return False
