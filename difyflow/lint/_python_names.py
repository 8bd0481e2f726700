"""What the names in a function hold; of dictionaries which keys they have, filled step by step.

    out = {"a": 1}
    out["b"] = 2              # certain: it stands beside the return and before it
    if x:
        out.update(c=3)       # it may be there
    return out

Whatever else happens to the name (a call that gets it, a second name for it, `del`, `pop`, `**other`) makes
the keys unknown, and nothing is said of them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef

Values = dict[str, list[ast.expr | None]]
"""By key the values that are set; None for one that nobody can see."""

_READERS = frozenset(("get", "keys", "values", "items", "copy"))
_READING_CALLS = frozenset(("len", "print", "bool", "list", "sorted", "str", "repr", "dict"))


@dataclass(slots=True)
class Filled:
    """A dictionary with a name.

    Attributes:
        first: keys and values that it begins with.
        later: what is set afterwards: place in the function's body (-1 = inside of a block of it), values.
        is_plain: nothing but its first value is ever set or read.
    """

    first: Mapping[str, ast.expr]
    later: list[tuple[int, Mapping[str, ast.expr | None]]] = field(default_factory=list)
    is_plain: bool = True

    def at(self, place: int) -> tuple[Values, frozenset[str]]:
        """What a return at this place of the body gives: the keys that are certain, and those that may be."""
        certain: Values = {key: [value] for key, value in self.first.items()}
        maybe: set[str] = set()
        for where, values in self.later:
            if 0 <= where < place:
                for key in values:
                    certain.setdefault(key, [])
            else:
                maybe |= set(values)
        for _, values in self.later:
            for key, value in values.items():
                if key in certain:
                    certain[key].append(value)
        return certain, frozenset(maybe - set(certain))


def literal(value: ast.expr | None) -> dict[str, ast.expr] | None:
    """The keys and values of a dictionary that is written out; None if one of them cannot be seen."""
    match value:
        case ast.Dict(keys=keys, values=values):
            found: dict[str, ast.expr] = {}
            for key, item in zip(keys, values, strict=True):
                if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                    return None
                found[key.value] = item
            return found
        case ast.Call(func=ast.Name(id="dict"), args=args, keywords=keywords):
            return _given(args, keywords)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            one, other = literal(left), literal(right)
            return None if one is None or other is None else {**one, **other}
    return None


def _given(args: list[ast.expr], keywords: list[ast.keyword]) -> dict[str, ast.expr] | None:
    """What `dict(...)` and `update(...)` are given."""
    found: dict[str, ast.expr] = {}
    if len(args) > 1 or not all(item.arg for item in keywords):
        return None
    for item in args:
        inner = literal(item)
        if inner is None:
            return None
        found |= inner
    return found | {str(item.arg): item.value for item in keywords}


def own(function: ast.AST) -> Iterator[ast.AST]:
    """Everything of a function's own body, not that of functions in it."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        yield child
        yield from own(child)


def assigned(function: Function, inside: list[ast.AST]) -> Mapping[str, ast.expr]:
    """Names that hold one value which nothing changes: assigned once, and else only returned."""
    values: dict[str, list[ast.expr]] = {}
    returned: dict[str, int] = {}
    for item in inside:
        name, value = _assignment(item)
        if name and value is not None:
            values.setdefault(name, []).append(value)
        elif isinstance(item, ast.Return):
            for name in _returned(item.value):
                returned[name] = returned.get(name, 0) + 1
    taken, times = _parameters(function), _times(function)
    return {
        name: found[0]
        for name, found in values.items()
        if len(found) == 1 and name not in taken and times[name] == 1 + returned.get(name, 0)
    }


def _parameters(function: Function) -> set[str]:
    return {item.arg for item in ast.walk(function.args) if isinstance(item, ast.arg)}


def filled(function: Function, inside: list[ast.AST]) -> dict[str, Filled]:
    """The names of a function that hold a dictionary whose keys can be followed.

    Args:
        function: it.
        inside: every node of its own body, not those of functions in it.
    """
    taken = _parameters(function)
    places = {id(item): place for place, item in enumerate(function.body)}
    found: dict[str, Filled] = {}
    for node in inside:
        name, value = _assignment(node)
        keys = literal(value)
        if name and keys is not None and name not in taken and name not in found:
            found[name] = Filled(keys)
    uses: dict[str, int] = dict.fromkeys(found, 1)
    for node in inside:
        for name, change in _known_uses(node):
            if name in found:
                uses[name] += 1
                _note(found[name], places.get(id(node), -1), change)
    times = _times(function)
    return {name: item for name, item in found.items() if uses[name] == times[name]}


def _note(item: Filled, place: int, change: Mapping[str, ast.expr | None] | None) -> None:
    if change is None:
        return
    item.is_plain = False
    if change:
        item.later.append((place, change))


def _times(function: Function) -> Counter[str]:
    """How often each name occurs, in functions inside of it, too."""
    return Counter(item.id for item in ast.walk(function) if isinstance(item, ast.Name))


def _assignment(node: ast.AST) -> tuple[str, ast.expr | None]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return name, value
    return "", None


def _known_uses(node: ast.AST) -> Iterator[tuple[str, Mapping[str, ast.expr | None] | None]]:
    """The names that a node uses in a way that is understood, with the keys that it sets.

    None for keys = it is returned; empty = it is only read.
    """
    yield from _changes(node)
    match node:
        case ast.Return(value=value):
            yield from ((name, None) for name in _returned(value))
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _READERS:
            yield name, {}
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr="dumps" as called), args=args):
            if called == "dumps" or called in _READING_CALLS:
                yield from ((item.id, {}) for item in args if isinstance(item, ast.Name))
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Load()):
            yield name, {}
        case ast.Compare(comparators=items):
            yield from ((item.id, {}) for item in items if isinstance(item, ast.Name))
        case ast.FormattedValue(value=ast.Name(id=name)):
            yield name, {}


def _returned(value: ast.expr | None) -> Iterator[str]:
    """The names that `return a if x else b` gives as they are."""
    if isinstance(value, ast.IfExp):
        yield from _returned(value.body)
        yield from _returned(value.orelse)
    elif isinstance(value, ast.Name):
        yield value.id


def _changes(node: ast.AST) -> Iterator[tuple[str, Mapping[str, ast.expr | None]]]:
    """The keys that a statement sets; its values are unseen where it does more than set them."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from _set(targets, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _set([target], value)
        case ast.AugAssign(target=ast.Name(id=name), op=ast.BitOr(), value=value):
            if (found := literal(value)) is not None:
                yield name, dict(found)
        case ast.AugAssign(target=target):
            yield from _set([target], None)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) as call):
            if (given := _by_method(method, call)) is not None:
                yield name, given


def _set(
    targets: list[ast.expr], value: ast.expr | None
) -> Iterator[tuple[str, Mapping[str, ast.expr | None]]]:
    """`out["key"] = value`."""
    for target in targets:
        match target:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as key)):
                yield name, {key: value}


def _by_method(method: str, call: ast.Call) -> Mapping[str, ast.expr | None] | None:
    """The keys that `update` and `setdefault` set."""
    if method == "update":
        given = _given(call.args, call.keywords)
        return None if given is None else dict(given)
    match method, call.args:
        case "setdefault", [ast.Constant(value=str() as key), *_]:
            return {key: None}
    return None
