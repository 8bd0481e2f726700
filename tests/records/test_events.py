import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.client.sse import Decoder, payload
from difyflow.records import events as ev

CLASSES = [
    cls
    for cls in vars(ev).values()
    if isinstance(cls, type) and issubclass(cls, ev.Event) and cls.EVENT and dataclasses.is_dataclass(cls)
]
NAMES = [cls.EVENT for cls in CLASSES]
KEYS = sorted({item.metadata.get("key", item.name) for cls in CLASSES for item in dataclasses.fields(cls)})
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), JSON, max_size=6)
PAYLOADS = st.builds(
    lambda event, outer, data: {**outer, **event, **data},
    st.fixed_dictionaries({}, optional={"event": st.sampled_from(NAMES) | JSON}),
    BODIES,
    st.fixed_dictionaries({}, optional={"data": BODIES | JSON, "task_id": JSON, "workflow_run_id": JSON}),
)

# Events that are known to have no type of their own: parallel branches are gone since 1.9, forms need none.
KNOWN_UNKNOWN = {
    "parallel_branch_started",
    "parallel_branch_finished",
    "human_input_form_filled",
    "human_input_form_timeout",
}


def events_of(body):
    decoder = Decoder()
    return [ev.decode(payload(frame)) for frame in [*decoder.feed(body), *decoder.end()]]


def streams(loopback, version):
    recordings = [loopback.load(version, name) for name in loopback.names(version)]
    return [one for one in recordings if one.streaming]


@given(PAYLOADS)
def test_decoding_never_fails_and_its_result_survives_encoding(value):
    event = ev.decode(value)

    assert ev.decode(ev.encode(event)) == event


@given(st.sampled_from(CLASSES).flatmap(lambda cls: st.builds(cls, extra=st.just({}))))
def test_an_event_made_by_hand_survives_encoding(event):
    assert ev.decode(ev.encode(event)) == event


@pytest.mark.parametrize("version", ["0.15.3", "1.12.1", "1.15-dev"])
def test_every_recorded_event_is_known_and_survives_encoding(loopback, version):
    for recorded in streams(loopback, version):
        for event in events_of(recorded.body):
            assert ev.decode(ev.encode(event)) == event
            if isinstance(event, ev.UnknownEvent):
                assert event.name in KNOWN_UNKNOWN, recorded.name


@pytest.mark.parametrize("version", ["0.15.3", "1.12.1", "1.15-dev"])
def test_no_recorded_event_loses_a_value(loopback, version):
    """What is not null on the wire is in a field or in `extra`."""
    for recorded in streams(loopback, version):
        for frame in Decoder().feed(recorded.body):
            value = payload(frame)
            encoded = ev.encode(ev.decode(value))
            told = {**value, **(value.get("data") or {}), **encoded, **(encoded.get("data") or {})}
            before = {**value, **(value.get("data") or {})}
            for key, item in before.items():
                if item is not None and key != "data":
                    assert told[key] == item, (recorded.name, key)


def test_a_bare_ping_is_a_ping():
    assert ev.decode({"event": "ping"}) == ev.Ping()
    assert ev.encode(ev.Ping()) == {"event": "ping"}


def test_null_becomes_the_fields_empty_value_and_a_strange_type_stays_in_extra():
    event = ev.decode({"event": "node_finished", "data": {"inputs": None, "outputs": [1], "elapsed_time": 2}})

    assert event.inputs == {} and event.outputs == {} and event.extra == {"outputs": [1]}
    assert event.elapsed_s == 2.0 and isinstance(event.elapsed_s, float)


def test_ids_beside_data_are_kept():
    event = ev.decode({"event": "workflow_started", "conversation_id": "c", "data": {"id": "r"}})

    assert event.id == "r" and event.extra == {"conversation_id": "c"}


def test_which_events_are_terminal_differs_for_chatflows():
    finished, paused, error = ev.WorkflowFinished(), ev.WorkflowPaused(), ev.ErrorEvent()

    assert [ev.is_terminal(one) for one in (finished, paused, error, ev.MessageEnd())] == [
        True,
        True,
        True,
        False,
    ]
    assert [ev.is_terminal(one, chat=True) for one in (finished, paused, error)] == [False, True, True]
