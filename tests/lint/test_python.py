"""What is read out of the Python of a code node; the faults themselves are in the case files."""

from __future__ import annotations

import sys

import pytest

from difyflow.lint import _python, _sandbox


def _keys(body: str) -> list[set[str] | None]:
    """The keys of each return of a `main` with this body."""
    main = _python.read(f"def main(x):\n{body}").main
    assert main is not None
    return [None if item.keys is None else set(item.keys) for item in main.returns]


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("    return {'a': 1, 'b': x}", [{"a", "b"}]),
        ("    return dict(a=1)", [{"a"}]),
        ("    return {'a': 1} if x else {'b': 1}", [{"a"}, {"b"}]),
        ("    out = {'a': 1}\n    return out", [{"a"}]),
        ("    out = {'a': 1}\n    out['b'] = 2\n    return out", [{"a", "b"}]),
        (
            "    out = {}\n    out.update(a=1)\n    out.update({'b': 2}, c=3)\n    return out",
            [{"a", "b", "c"}],
        ),
        ("    out = dict({'a': 1}, b=2)\n    out |= {'c': 3}\n    return out", [{"a", "b", "c"}]),
        (
            "    out: dict = {'n': 0}\n    out['n'] += 1\n    print(out['n'], len(out))\n    return out",
            [{"n"}],
        ),
        ("    out = {'a': 1}\n    out.setdefault('b', x)\n    return out if x else {}", [{"a", "b"}, set()]),
        ("    return {'a': 1} | {'b': 2}", [{"a", "b"}]),
        ("    return dict({'a': 1}, b=2)", [{"a", "b"}]),
        (
            "    out = {'a': 1}\n    if x:\n        return out\n    out['b'] = 2\n    return out",
            [{"a"}, {"a", "b"}],
        ),
        ("    out = {'a': 1}\n    out.update(x)\n    return out", [None]),
        ("    out = {'a': 1}\n    out.update(**x)\n    return out", [None]),
        ("    out = {'a': 1}\n    out[x] = 1\n    return out", [None]),
        ("    out = {'a': 1}\n    out |= x\n    return out", [None]),
        ("    out = {'a': 1}\n    del out['a']\n    return out", [None]),
        ("    out = {'a': 1}\n    out.pop('a')\n    return out", [None]),
        ("    out = {'a': 1}\n    other = out\n    other['b'] = 1\n    return out", [None]),
        ("    out = {'a': 1}\n    x.append(out)\n    out['b'] = 1\n    return out", [None]),
        ("    out = {'a': 1}\n    def add():\n        out['b'] = 1\n    add()\n    return out", [None]),
        ("    out = {'a': 1}\n    for out['b'] in x:\n        pass\n    return out", [None]),
        ("    if not x:\n        x = {'a': 1}\n        x['b'] = 2\n    return x", [None]),
        ("    out = {'a': 1}\n    fill(out)\n    return out", [None]),
        ("    out = {'a': 1}\n    out = {'b': 1}\n    return out", [None]),
        ("    return {**x, 'a': 1}", [None]),
        ("    return {x: 1}", [None]),
        ("    return make(x)", [None]),
        ("    def inner():\n        return {'b': 1}\n    return {'a': inner()}", [{"a"}]),
        (
            "    try:\n        return {'a': 1}\n    except ValueError:\n        return {'b': 1}",
            [{"a"}, {"b"}],
        ),
        ("    for i in x:\n        if i:\n            return {'a': i}\n    return {'a': 0}", [{"a"}, {"a"}]),
        ("    match x:\n        case 1:\n            return {'a': 1}\n    return {'b': 1}", [{"a"}, {"b"}]),
    ],
)
def test_returned_keys_are_told_where_they_are_written_out(body: str, keys: list[set[str] | None]) -> None:
    assert _keys(body) == keys


@pytest.mark.parametrize(
    ("body", "certain", "maybe"),
    [
        ("    out = {}\n    if x:\n        out['a'] = 1\n    return out", set(), {"a"}),
        ("    out = {'a': 1}\n    for i in x:\n        out.update(b=i)\n    return out", {"a"}, {"b"}),
        (
            "    out = {}\n    try:\n        out['a'] = 1\n    finally:\n        out['b'] = 1\n"
            "    return out",
            set(),
            {"a", "b"},
        ),
        (
            "    out = {}\n    for i in x:\n        if i:\n            return out\n        out['a'] = 1\n"
            "    return {}",
            set(),
            {"a"},
        ),
    ],
)
def test_keys_that_are_set_in_a_block_may_be_there(body: str, certain: set[str], maybe: set[str]) -> None:
    main = _python.read(f"def main(x):\n{body}").main
    assert main is not None
    assert (set(main.returns[0].keys or {}), set(main.returns[0].maybe)) == (certain, maybe)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("    out = {'a': 1}\n    out['a'] = 'text'\n    return out", ""),
        ("    out = {'a': 1}\n    out['a'] = 2\n    return out", "number"),
        ("    out = {'a': 1}\n    if x:\n        out['a'] = 'text'\n    return out", ""),
        ("    out = {}\n    out['a'] = [x]\n    return out", "array"),
        ("    out = {'a': 1}\n    out['a'] += x\n    return out", ""),
    ],
)
def test_a_key_that_is_set_several_times_has_the_type_of_all_its_values(body: str, kind: str) -> None:
    main = _python.read(f"def main(x):\n{body}").main
    assert main is not None
    assert main.returns[0].keys == {"a": kind}


@pytest.mark.parametrize(
    ("source", "required", "accepts", "takes_any"),
    [
        ("def main(a, b=1, *, c, d=2): pass", {"a", "c"}, {"a", "b", "c", "d"}, False),
        ("def main(**given): pass", set(), set(), True),
        ("def main(*args): pass", set(), set(), False),
        ("def main(a, /, b): pass", {"a", "b"}, {"b"}, False),
    ],
)
def test_parameters_are_those_that_can_be_given_by_name(
    source: str, required: set[str], accepts: set[str], takes_any: bool
) -> None:
    main = _python.read(source).main
    assert main is not None
    assert (set(main.required), main.accepts, main.takes_any) == (required, accepts, takes_any)


@pytest.mark.parametrize(
    "source",
    [
        "from helpers import *",
        "from helpers import run as main",
        "main = make()",
        "exec(text)",
        "class main: pass",
        "@cached\ndef main(x): return {}",
        "def main(x): return {}\ndel main",
    ],
)
def test_a_main_that_may_come_from_elsewhere_is_not_judged(source: str) -> None:
    found = _python.read(source)
    assert found.hidden and found.main is None


@pytest.mark.parametrize("source", ["def main(:", "x = (", "\x00", "return = 1", "  def main(): pass"])
def test_what_does_not_parse_has_a_place(source: str) -> None:
    fault = _python.read(source).fault
    assert fault is not None and fault.line >= 1 and fault.col >= 1


def test_deep_nesting_is_no_crash() -> None:
    found = _python.read("x = " + "(" * 5000 + ")" * 5000)
    assert found.fault is not None


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    pass\nexcept* ValueError:\n    pass",
        pytest.param(
            "def first[T](x: T) -> T:\n    return x",
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="3.12"),
        ),
        pytest.param('x = f"{a["b"]}"', marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="3.12")),
        pytest.param(
            "x = f'{a!r:{w}} {'b'}'", marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="3.12")
        ),
        pytest.param(
            "x = f'{chr(10).join(a)} {\"\\n\"}'",
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="3.12"),
        ),
    ],
)
def test_what_python_3_10_refuses_is_told(source: str) -> None:
    assert _python.read(source).newer is not None


@pytest.mark.parametrize(
    "source",
    [
        "x = f\"{a['b']}\"",
        "x = f'{a}' 'b' f\"{c}\"",
        "x = f'''{a + \"b\"} '{c}' '''",
        "match x:\n    case [1, *rest]:\n        pass",
        "with (open(a) as f, open(b) as g):\n    pass",
        "def main(x: list[int] | None = None): return {'a': x}",
        "type = 3\ntypes = [type]",
    ],
)
def test_what_python_3_10_takes_is_not_told(source: str) -> None:
    found = _python.read(source)
    assert found.fault is None and found.newer is None


def test_the_sandbox_has_the_standard_library_and_little_else() -> None:
    assert all(map(_sandbox.is_shipped, ("json", "requests", "httpx", "jinja2", "cgi", "distutils")))
    assert not any(map(_sandbox.is_shipped, ("pandas", "numpy", "json_repair", "bs4", "yaml")))
