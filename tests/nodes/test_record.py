"""What all mappings of the DSL can do."""

from typing import Annotated

import pytest

from difyflow.nodes._record import NEVER, READING, Many, Record, Written
from difyflow.terms.selector import Selector


class Inner(Record):
    name: str = ""
    size: int | None = None


class Outer(Record):
    title: str = "t"
    inner: Inner | None = None
    many: Many[Inner] = ()
    pick: Selector = Selector()
    old: Annotated[str, Written(until="0.1.5")] = "old"
    new: Annotated[str, Written(since="0.5.0")] = "new"
    differs: Annotated[int, Written(value=9)] = 1
    absent: Annotated[int, NEVER] = 7
    null: Annotated[str | None, Written()] = None


def test_the_editors_defaults_depend_on_the_version() -> None:
    assert Outer().completed("0.1.5").dump() == {
        "title": "t",
        "many": (),
        "pick": [],
        "old": "old",
        "differs": 9,
        "null": None,
    }
    assert "new" in Outer().completed("0.5.0").dump()


def test_a_default_that_means_absence_is_kept_when_it_is_set() -> None:
    assert Outer(differs=1, absent=7).completed("0.3.0").dump()["differs"] == 1
    assert Outer(absent=7).completed("0.3.0").dump()["absent"] == 7


def test_what_does_not_fit_is_kept_and_named() -> None:
    data = {"title": 5, "inner": {"name": [], "x": 1}, "pick": [1], "extra": {"a": [1]}}
    found = Outer.model_validate(data, context=READING)
    assert found.dump() == data
    assert {item.path for item in found.problems()} == {("title",), ("inner", "name"), ("pick",)}
    assert found.extras() == {"extra": {"a": [1]}}
    assert set(found.misfits()) == {"title", "pick"}


def test_python_gets_an_error_for_both() -> None:
    with pytest.raises(ValueError, match="valid string"):
        Outer(title=5)  # type: ignore[arg-type]  # what the test is about
    with pytest.raises(ValueError, match="no field 'titel'; do you mean 'title'"):
        Outer(titel="x")  # type: ignore[call-arg]  # what the test is about
    with pytest.raises(ValueError, match="no field 'wholly_new'; it has: absent"):
        Outer(wholly_new="x")  # type: ignore[call-arg]  # what the test is about


def test_a_change_keeps_everything_else() -> None:
    data = {"title": 5, "inner": {"name": "n", "x": 1}, "extra": 1}
    found = Outer.model_validate(data, context=READING)
    assert found.changed(old="o").dump() == {**data, "old": "o"}
    assert found.changed(title="mended").dump() == {**data, "title": "mended"}
    assert found.changed(title="mended").problems() == ()
    with pytest.raises(ValueError, match="valid string"):
        found.changed(title=6)
    with pytest.raises(ValueError, match="no field"):
        found.changed(extra=2)


def test_a_change_keeps_the_very_values() -> None:
    class Ref(Selector):
        """A reference that knows more."""

    pick = Ref(("a", "b"))
    assert type(Outer(pick=pick).changed(title="x").pick) is Ref


def test_a_key_without_a_field_is_added_by_its_own_word() -> None:
    assert Outer().also(extra=1).dump() == {"extra": 1}
    with pytest.raises(ValueError, match="title: Outer has a field"):
        Outer().also(title="x")
