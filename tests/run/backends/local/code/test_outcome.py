"""Reading what a hostile process left in place of its result."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.run.backends.local.code import CodeFault, Limits
from difyflow.run.backends.local.code._outcome import Remains, judge, read_frame

LIMITS = Limits(output_bytes=100_000, cpu_s=5)
TEXT = st.text(st.characters(exclude_characters="eE"))  # without scientific notation, which becomes a number
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
RESULTS = st.dictionaries(TEXT, JSON, max_size=3)


def frame(body):
    return b"DFCR" + struct.pack(">Q", len(body)) + body


@given(RESULTS)
def test_a_result_in_a_whole_frame_is_read_as_it_is(result):
    assert read_frame(frame(json.dumps({"result": result}).encode()), limits=LIMITS) == result


@given(st.binary())
def test_any_other_bytes_are_a_bad_result_and_no_exception(data):
    found = read_frame(data, limits=LIMITS)
    assert isinstance(found, CodeFault)
    assert found.kind == "bad-result"


@given(st.binary())
def test_any_other_bytes_in_a_frame_are_a_bad_result_and_no_exception(data):
    assert read_frame(frame(data), limits=LIMITS).kind == "bad-result"


@given(JSON)
def test_any_other_json_in_a_frame_is_a_bad_result(value):
    assert read_frame(frame(json.dumps(value).encode()), limits=LIMITS).kind == "bad-result"


@given(RESULTS, st.data())
def test_a_frame_that_is_cut_or_followed_by_more_is_no_result(result, data):
    whole = frame(json.dumps({"result": result}).encode())
    cut = data.draw(st.integers(1, len(whole) - 1))
    assert read_frame(whole[:cut], limits=LIMITS).kind == "bad-result"
    assert read_frame(whole + b"x", limits=LIMITS).kind == "bad-result"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"result": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}", "bad-result"),
        (b'{"result": {"a": ' + b"[" * 200_000 + b"}", "bad-result"),
        (b'{"result": {"a": ' + b"9" * 10_000 + b"}}", "bad-result"),
        (b'{"result": {"a": [' + b"[]," * 2_100_000 + b"[]]}}", "output-too-large"),
        (b'{"result": {}, "fault": {"kind": "killed", "message": "x"}}', "bad-result"),
        (b'{"fault": {"kind": "victory", "message": "x"}}', "bad-result"),
        (b'{"fault": {"kind": ["killed"], "message": "x"}}', "bad-result"),
        (b'{"fault": {"kind": "killed", "message": 1}}', "bad-result"),
        (b'{"fault": {"kind": "memory", "message": "x"}}', "memory"),
    ],
)
def test_a_crafted_body_cannot_confuse_the_reader(body, kind):
    assert read_frame(frame(body), limits=Limits()).kind == kind


def test_a_fault_s_message_is_bounded():
    body = json.dumps({"fault": {"kind": "exception", "message": "x" * 90_000}}).encode()
    assert len(read_frame(frame(body), limits=LIMITS).message) <= 16_000


@pytest.mark.parametrize(
    ("status", "language", "kind", "words"),
    [
        (-24, "python3", "timeout", "5 s of CPU"),
        (-25, "python3", "output-too-large", "file"),
        (-31, "python3", "forbidden", "kernel"),
        (-9, "python3", "killed", "SIGKILL"),
        (-6, "javascript", "memory", "memory"),
        (-6, "python3", "killed", "SIGABRT"),
        (-63, "python3", "killed", "signal 63"),
        (1, "python3", "killed", "exit status 1"),
        (0, "python3", "killed", "exit status 0"),
    ],
)
def test_a_process_that_ended_without_a_frame_has_its_end_as_fault(status, language, kind, words):
    fault = judge(Remains("ended", status=status, frame=b"", elapsed_s=1.0), limits=LIMITS, language=language)
    assert (fault.kind, words in fault.message) == (kind, True), fault


def test_a_kill_after_the_cpu_limit_is_a_timeout():
    """SIGXCPU can be ignored; the hard limit's SIGKILL cannot."""
    remains = Remains("ended", status=-9, frame=b"", elapsed_s=6.0)
    assert judge(remains, limits=LIMITS, language="python3").kind == "timeout"


@pytest.mark.parametrize("verdict", ["timeout", "stopped", "full"])
def test_a_call_that_we_ended_has_no_result_even_if_one_lies_there(verdict):
    remains = Remains(verdict, status=-9, frame=frame(b'{"result": {}}'), elapsed_s=1.0)
    assert isinstance(judge(remains, limits=LIMITS, language="python3"), CodeFault)
