"""Parameters and schemas that plugins bring."""

from difyflow.nodes._plugin import I18n, Input, i18n, selector_if
from difyflow.nodes._record import READING
from difyflow.terms.selector import Selector


def test_only_a_variable_is_read_as_a_reference() -> None:
    for kind, expected in (("variable", True), ("constant", False), ("mixed", False)):
        found = Input.model_validate({"type": kind, "value": ["a", "b"]}, context=READING)
        assert isinstance(found.value, Selector) is expected
        assert found.dump() == {"type": kind, "value": found.value if expected else ["a", "b"]}


def test_what_is_no_list_of_texts_stays_as_it_is() -> None:
    for value in (None, "", 5, [1, 2], {"a": 1}):
        assert selector_if(True, value) is value


def test_a_text_is_the_same_in_languages_that_are_not_given() -> None:
    assert i18n("Name", zh="名称") == I18n(en_US="Name", zh_Hans="名称", pt_BR="Name", ja_JP="Name")
