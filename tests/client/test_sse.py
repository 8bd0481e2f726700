import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.client.sse import BadLine, Decoder, Frame, payload


def frames_of(*chunks: bytes) -> list:
    decoder = Decoder()
    return [frame for chunk in chunks for frame in decoder.feed(chunk)] + decoder.end()


PIECES = st.sampled_from(
    [
        b'data: {"event":"text_chunk","data":{"text":"\xe5\xad\xa6\xe2\x80\xa8\xc2\x85"}}\n\n',
        b"event: ping\n\n",
        b"event: ping\r\n\r\n",
        b'data:{"a":\r\ndata: 1}\r\n\r\n',
        b": comment\n",
        b"id: 7\nretry: 10\n",
        b"\n",
        b"data: \xff\xfe\n\n",
        b"data: not json\n\n",
        b'data: {"x":"' + b"\xf0\x9f\x98\x80" * 20 + b'"}\n\n',
        b'data: {"cut":',
    ]
)


@given(st.lists(PIECES, max_size=12), st.data())
def test_any_split_of_the_bytes_gives_the_same_frames(pieces, data):
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=20)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert frames_of(*chunks) == frames_of(stream)


def test_one_byte_at_a_time_gives_the_same_frames_as_all_at_once(recording):
    stream = recording("1.12.1", "chat/streaming").body

    assert frames_of(*(stream[i : i + 1] for i in range(len(stream)))) == frames_of(stream)


def test_a_bare_ping_is_a_frame():
    assert frames_of(b"event: ping\n\n") == [Frame("ping", "")]
    assert payload(Frame("ping", "")) == {"event": "ping"}


def test_several_data_lines_are_joined_with_newlines():
    (frame,) = frames_of(b'data: {"a":\ndata:  1}\n\n')

    assert frame.data == '{"a":\n 1}'
    assert payload(frame) == {"a": 1}


def test_line_separators_inside_json_do_not_end_a_line():
    text = "a\u2028b\u2029c\u0085d\x0be\x0cf"
    line = b"data: " + json.dumps({"t": text}, ensure_ascii=False).encode().replace(b"\\u000b", b" ")

    (frame,) = frames_of(line + b"\n\n")

    assert "\u2028" in frame.data and "\u2029" in frame.data and "\u0085" in frame.data


def test_a_line_without_space_after_the_colon_and_a_bom_are_read():
    assert frames_of(b"\xef\xbb\xbfdata:{}\n\n") == [Frame("", "{}")]


def test_comments_and_blank_lines_make_no_frames():
    assert frames_of(b"\n\n: hello\n\n:\n\nid: 3\n\n") == []


def test_bytes_that_are_not_utf8_are_reported_and_the_next_frame_is_read():
    bad, good = frames_of(b'data: {"x":"\xff"}\n\ndata: {}\n\n')

    assert isinstance(bad, BadLine) and bad.reason == "not UTF-8" and "\\xff" in bad.sample
    assert good == Frame("", "{}")


@pytest.mark.parametrize("text", ["{", "[1]", "7", '"x"', "[" * 100_000, '{"n":' + "9" * 5000 + "}"])
def test_data_that_is_no_json_object_is_a_value_and_no_exception(text):
    assert isinstance(payload(Frame("", text)), BadLine)


def test_a_sample_of_a_bad_line_is_short_and_has_no_control_characters():
    bad = payload(Frame("", "\x1b[31m\r" + "x" * 1000))

    assert isinstance(bad, BadLine)
    assert len(bad.sample) < 100 and bad.sample.isprintable()


def test_an_unterminated_last_frame_is_given_back_as_not_whole():
    assert frames_of(b"data: {}\n\ndata: {") == [Frame("", "{}"), Frame("", "{", whole=False)]
    assert frames_of(b"data: {}\n\nevent: pi") == [Frame("", "{}")]


def test_a_line_of_many_megabytes_in_small_chunks_is_joined_once():
    decoder = Decoder()
    chunk = b"x" * 1000
    decoder.feed(b"data: ")
    for _ in range(20_000):  # joining at every chunk would copy 200 GB
        assert decoder.feed(chunk) == []

    (frame,) = decoder.feed(b"\n\n")

    assert len(frame.data) == 20_000_000
