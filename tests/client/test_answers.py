import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from difyflow.client import answers

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    *("id", "name", "mode", "tags", "data", "workflow_run", "created_by_end_user", "user_input_form"),
    *("system_parameters", "status", "outputs", "inputs", "error", "elapsed_time", "total_tokens"),
    *("created_at", "finished_at", "has_more", "page", "metadata", "workflow_run_id"),
]
READERS = [
    answers.app_info,
    answers.parameters,
    answers.upload,
    answers.run_record,
    answers.blocking_run,
    answers.log_page,
    answers.chat_answer,
    answers.listing,
]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@settings(max_examples=settings.default.max_examples // 3)
@given(value=JSON | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8))
def test_no_answer_however_strange_makes_reading_fail(reader, value):
    reader(value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1795345366, 1795345366.0),
        (1.5, 1.5),
        ("Sun, 22 Nov 2026 11:02:46 -0000", 1795345366.0),
        ("Sun, 22 Nov 2026 11:02:46 GMT", 1795345366.0),
        ("yesterday", None),
        (None, None),
        (True, None),
    ],
)
def test_dates_are_unix_seconds_from_both_spellings(value, seconds):
    assert answers.moment(value) == seconds


def test_outputs_of_null_or_broken_text_are_empty():
    for outputs in (None, "", "{", "[1]", "null", 3):
        assert answers.run_record({"id": "r", "outputs": outputs}).outputs == {}
