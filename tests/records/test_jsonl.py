from __future__ import annotations

import json
import pickle

import pytest

from difyflow.records.jsonl import Collection, Message, Reject, Sample, collect, collect_lines

LINE = (
    '{"messages": [{"role": "user", "content": "一?"}, {"role": "assistant", "content": "壹:\\"大写\\"。"}]}'
)
SAMPLE = (Message("user", "一?"), Message("assistant", '壹:"大写"。'))


def only(text: str) -> Sample:
    found = collect(text)
    assert found.rejects == ()
    (sample,) = found.samples
    return sample


def test_clean_jsonl_needs_no_repair():
    found = collect(f"{LINE}\n{LINE}\n")

    assert [sample.messages for sample in found.samples] == [SAMPLE, SAMPLE]
    assert [sample.line for sample in found.samples] == [1, 2]
    assert found.repairs == {}


def test_empty_text_holds_nothing():
    assert collect("") == Collection((), {}, ())


def test_a_line_has_the_key_order_and_the_separators_of_the_seed():
    assert only(LINE).to_line() == LINE


@pytest.mark.parametrize(
    "sign", ["\u2028", "\u2029", "\x85", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1e", "\x00"]
)
def test_a_line_is_one_line_for_every_reader_and_says_the_same(sign):
    sample = Sample((Message("user", f"a{sign}b"), Message("assistant", "c")))

    assert sample.to_line().splitlines() == [sample.to_line()]
    assert json.loads(sample.to_line())["messages"][0]["content"] == f"a{sign}b"


def test_a_line_is_utf8_even_with_half_a_character_in_it():
    line = Sample((Message("user", "\ud83d"), Message("assistant", "c"))).to_line()

    assert json.loads(line.encode().decode())["messages"][0]["content"] == "\ud83d"


def test_a_pair_of_escaped_surrogates_is_one_character():
    assert only(LINE.replace("一", "\\ud83d\\udd25")).messages[0].content == "🔥?"
    assert only(LINE.replace("一", "\\ud83d\\udd25").replace('"}]', '",}]')).messages[0].content == "🔥?"


def test_half_a_character_is_rejected():
    assert collect(LINE.replace("一", "\\ud83d")).rejects[0].reason == "lone-surrogate"


REPAIRS = {
    f"```jsonl\n{LINE}\n```": "code-fence",
    f"好的:\n{LINE}": "prose",
    f"<think>嗯</think>{LINE}": "thinking",
    f"[{LINE}]": "array",
    f'{{"samples": [{LINE}]}}': "wrapper",
    f"1. {LINE}": "list-marker",
    f"\ufeff{LINE}": "invisible-sign",
    LINE.replace("[", "\n["): "several-lines",
    LINE.replace("一", "一\n"): "raw-control",
    LINE.replace("}]", "},]"): "trailing-comma",
    LINE.replace("}, {", "} {"): "missing-comma",
    LINE.replace("}, {", "},, {"): "extra-comma",
    LINE.replace("}, {", "}}, {"): "extra-closer",
    LINE[:-1] + "\n完": "missing-closer",
    LINE.replace('[{"role', '["role'): "missing-brace",
    LINE.replace(": ", "："): "full-width-sign",
    LINE.replace('"user"', "“user”"): "curly-quotes",
    LINE.replace('"user"', "'user'"): "single-quotes",
    LINE.replace('"role"', "role"): "unquoted-key",
    LINE.replace('"user"', "user"): "unquoted-role",
    LINE.replace('\\"', '"'): "inner-quotes",
    LINE.replace("一", "一\\'"): "invalid-escape",
    LINE.replace("}, {", "}, // 答\n {"): "comment",
    LINE.replace("}, {", "},\\n{"): "escaped-blank",
    "> " + LINE.replace("}, {", "},\n> {"): "block-quote",
    LINE.replace('"', "&quot;"): "html-escaped",
    json.dumps(LINE): "escaped-object",
    LINE.replace("messages", "message"): "messages-key",
    LINE.replace('"role"', '"Role"'): "key-name",
    LINE.replace('"user"', '"User"'): "role-name",
    LINE.replace('{"messages": ', "")[:-1]: "bare-messages",
    LINE.replace('"role": ', "").replace(', "content"', "").replace('"user"', '"user"'): "role-as-key",
    LINE.replace('{"messages": [', "").replace("]}", ""): "loose-messages",
    LINE.replace('"}, {"', '", "'): "split-message",
    LINE.replace('"role": "user"', '"role": "user", "role": "user"'): "duplicate-key",
    LINE.replace('"一?"', '[{"type": "text", "text": "一?"}]'): "content-parts",
    LINE.replace('"role": "user"', '"role": "user", "name": "a"'): "extra-message-keys",
    LINE.replace("]}", '], "id": 7}'): "extra-keys",
    LINE.replace("]}", '], "ok": None}'): "python-literal",
    json.dumps({"messages": json.dumps(json.loads(LINE)["messages"])}): "encoded-messages",
    LINE.replace('"一?"', '"""一\n?"""'): "triple-quotes",
}


@pytest.mark.parametrize(("text", "repair"), REPAIRS.items(), ids=REPAIRS.values())
def test_every_repair_has_its_name_and_is_counted(text, repair):
    found = collect(text)

    assert len(found.samples) == 1
    assert repair in found.samples[0].repairs
    assert found.repairs[repair] == 1


def test_samples_that_share_one_list_are_cut_at_their_system_messages():
    system = '{"role": "system", "content": "专家"}, '
    chat = f"{system}{LINE[LINE.index('[') + 1 : -2]}"
    found = collect(f'{{"messages": [{chat}, {chat}]}}')

    assert [sample.messages[1:] for sample in found.samples] == [SAMPLE, SAMPLE]
    assert found.repairs == {"split-sample": 2}


def test_two_on_a_line_are_named():
    assert collect(LINE + LINE).repairs == {"shared-line": 1}


def test_members_beside_the_messages_are_kept_apart_from_the_line():
    sample = only(LINE.replace("]}", '], "id": 7, "tags": [{"a": null}]}'))

    assert sample.extra == {"id": 7, "tags": [{"a": None}]}
    assert sample.to_line() == LINE


def test_the_line_is_counted_from_one_in_the_whole_text():
    text = f"好的:\r\n```\r\n{LINE}\r\n\r\n" + LINE.replace("一?", "一\n?") + f"\n\n{LINE}"

    assert [sample.line for sample in collect(text).samples] == [3, 5, 8]


def test_a_reject_tells_what_where_and_shows_the_text():
    broken = LINE.replace('"assistant"', '"tool"')
    (reject,) = collect(f"{LINE}\n{broken}").rejects

    assert reject == Reject("unknown-role", "role 'tool'; there are system, user, assistant", 2, broken)


def test_a_cut_model_and_a_torn_text_have_reasons_of_their_own():
    assert [one.reason for one in collect(LINE[:-5], truncated=True).rejects] == ["cut-off"]
    assert [one.reason for one in collect(LINE[:-5]).rejects] == ["unfinished"]


def test_a_cut_model_costs_no_sample_that_is_complete():
    assert len(collect(f"{LINE}\n{LINE}", truncated=True).samples) == 2


@pytest.mark.parametrize(
    "layout", ["{0}\n{0}\n", "[{0}, {0}]", "```\n{0}\n```\n{0}", '{{"a": 1, "samples": [{0},\n{0}]}}']
)
@pytest.mark.parametrize("pretty", [False, True])
@pytest.mark.parametrize("truncated", [False, True])
def test_a_text_cut_anywhere_gives_the_whole_samples_before_the_cut(layout, pretty, truncated):
    one = json.dumps(json.loads(LINE), ensure_ascii=False, indent=2) if pretty else LINE
    text = layout.format(one)
    ends = [at + len(one) for at in range(len(text)) if text.startswith(one, at)]

    for cut in range(len(text) + 1):
        samples = collect(text[:cut], truncated=truncated).samples
        assert [sample.messages for sample in samples] == [SAMPLE] * sum(end <= cut for end in ends)


def test_samples_and_rejects_can_be_sent_to_another_process():
    found = collect(f"{LINE}\n{LINE[:-9]}")

    assert pickle.loads(pickle.dumps(found)) == found
    assert isinstance(hash(found.samples[0]), int)


def test_lines_come_out_one_by_one_while_they_are_clean():
    taken = []

    def lines():
        for number in range(3):
            taken.append(number)
            yield LINE + "\n"

    found = collect_lines(lines())
    next(found)
    assert taken == [0]
    assert [one.line for one in found] == [2, 3]


def test_a_stretch_that_is_not_clean_does_not_hold_up_all_that_follows():
    lines = ["```jsonl\n", *[LINE + "\n"] * 20, "```\n", *[LINE + "\n"] * 20]
    read = iter(lines)
    found = collect_lines(read)
    next(found)

    assert len(list(read)) > 20
    assert len(list(collect_lines(lines))) == 40


def test_lines_may_come_without_their_line_breaks():
    pretty = json.dumps(json.loads(LINE), ensure_ascii=False, indent=2).split("\n")

    assert [one.line for one in collect_lines([*pretty, LINE])] == [1, len(pretty) + 1]


def test_thinking_is_not_torn_apart_by_clean_drafts():
    lines = ["<think>\n", *[LINE + "\n"] * 20, "</think>\n", LINE + "\n"]
    found = list(collect_lines(lines))

    assert [one.reason for one in found if isinstance(one, Reject)] == ["in-thinking"] * 20
    assert [one.line for one in found if isinstance(one, Sample)] == [23]


def test_a_cut_last_line_is_rejected_as_cut_off():
    (sample, reject) = collect_lines([LINE + "\n", LINE[:-20]], truncated=True)

    assert (sample.line, reject.line, reject.reason) == (1, 2, "cut-off")


def test_samples_deep_inside_of_wrappers_are_found():
    data = [json.loads(LINE)] * 400
    for name in "abcdefgh":
        data = {"n": 1, name: data}

    assert len(collect(json.dumps(data)).samples) == 400
