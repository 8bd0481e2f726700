"""Text in any encoding is decoded right or refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from difyflow.errors import InputError
from difyflow.run.backends.local.documents import extract
from difyflow.run.backends.local.documents.encodings import decode

Refusal = Callable[..., InputError]

CHINESE = "消防安全是指预防火灾和减少火灾危害的工作。学而时习之，不亦说乎？每月测试一次报警器。"
TRADITIONAL = "消防安全是指預防火災和減少火災危害的工作。學而時習之，不亦說乎？每月測試一次警報器。"
JAPANESE = "火災警報器は寝室や廊下に設置してください。ボタンを押すと音が鳴ります。毎月テストします。"
KOREAN = "화재경보기는 침실과 복도에 설치해야 합니다. 한 달에 한 번 시험하십시오."
RUSSIAN = "Пожарные извещатели должны быть установлены в спальнях и коридорах. Проверяйте их каждый месяц."
FRENCH = (
    "Les détecteurs de fumée sont dans les chambres à coucher et les couloirs. Très important : vérifiez-les."
)
GERMAN = "Rauchmelder müssen in Schlafräumen und Fluren hängen. Prüfen Sie sie; die Größe spielt keine Rolle."
CZECH = "Hlásiče kouře musí být instalovány v ložnicích a na chodbách. Příliš žluťoučký kůň úpěl ódy."
ENGLISH = "The detector’s battery – an “AA” – costs €3 in the shop, and that is all…"

WRITTEN = [
    *((CHINESE, codec) for codec in ("gb2312", "gbk", "gb18030")),
    *((TRADITIONAL, codec) for codec in ("big5", "cp950", "big5hkscs", "gbk")),
    *((JAPANESE, codec) for codec in ("shift_jis", "cp932", "euc_jp", "iso2022_jp")),
    *((KOREAN, codec) for codec in ("euc_kr", "cp949")),
    *((RUSSIAN, codec) for codec in ("cp1251", "koi8_r", "cp866")),
    *((text, "cp1252") for text in (FRENCH, GERMAN, ENGLISH)),
    (CZECH, "cp1250"),
]
MARKED = ("utf-8-sig", "utf-16", "utf-32")
UNMARKED = ("utf-8", "utf-16-le", "utf-16-be")
TEXTS = (CHINESE, TRADITIONAL, JAPANESE, KOREAN, RUSSIAN, FRENCH, GERMAN, CZECH, ENGLISH)


@pytest.mark.parametrize(("text", "codec"), WRITTEN)
def test_a_sentence_in_the_encoding_of_its_language_is_decoded_right(text: str, codec: str) -> None:
    found = decode(text.encode(codec), name="a.txt")
    assert found.text == text
    assert len(found.notes) == 1
    assert found.notes[0].startswith("decoded as ")


@pytest.mark.parametrize("codec", [*MARKED, *UNMARKED])
@pytest.mark.parametrize("text", TEXTS)
def test_unicode_is_decoded_right_with_and_without_a_byte_order_mark(text: str, codec: str) -> None:
    found = decode(text.encode(codec), name="a.txt")
    assert found.text == text
    assert bool(found.notes) == (not found.encoding.startswith("utf-8"))


@pytest.mark.long
@pytest.mark.parametrize(("text", "codec"), WRITTEN)
def test_no_part_of_a_sentence_is_ever_decoded_wrong(text: str, codec: str) -> None:
    for start, end in itertools.product(range(0, len(text), 4), range(1, len(text) + 1, 3)):
        _assert_right_or_refused(text[start:end], codec)


@pytest.mark.parametrize(("text", "codec"), WRITTEN)
def test_no_letter_alone_is_decoded_wrong(text: str, codec: str) -> None:
    for letter in text:
        _assert_right_or_refused(letter, codec)


def _assert_right_or_refused(text: str, codec: str) -> None:
    try:
        found = decode(text.encode(codec), name="a.txt")
    except InputError as error:
        assert error.code == "document-encoding"
    else:
        assert found.text == text


@pytest.mark.parametrize(
    "text",
    ["你好", "报警器", "第一章 总则", "姓名,电话\n张三,010", "一是", "《论语》", "价格：75元", "ｱ", "氜"],
)
@pytest.mark.parametrize("codec", ["gb18030", "big5", "cp932", "utf-8"])
def test_the_shortest_texts_are_decoded_right_or_refused(text: str, codec: str) -> None:
    try:
        data = text.encode(codec)
    except UnicodeEncodeError:
        return
    try:
        assert decode(data, name="a.txt").text == text
    except InputError as error:
        assert codec != "utf-8"
        assert error.code == "document-encoding"


@pytest.mark.parametrize(
    "text", ["été", "naïve", "5 °C", "±3 µm", "中", "😀", "→ ✓", "10 Ω", "нет", "שלום", "ñandú", "№ 5"]
)
def test_a_tiny_text_in_utf_8_stays_utf_8(text: str) -> None:
    assert decode(text.encode(), name="a.txt").text == text


def test_bytes_that_read_well_in_two_encodings_are_refused_and_both_readings_shown(refusal: Refusal) -> None:
    error = refusal("你".encode("gbk"), "a.txt")
    assert error.code == "document-encoding"
    assert "gb18030" in error.message
    assert "'你'" in error.message
    assert " or " in error.message or ";" in error.message
    assert "UTF-8" in str(error)
    assert "--encoding" in str(error)


def test_valid_utf_8_by_chance_is_refused(refusal: Refusal) -> None:
    data = "一".encode("gbk")
    assert data.decode() == "һ"
    assert "gb18030: '一'" in refusal(data, "a.txt").message


@pytest.mark.parametrize(("text", "codec"), [("危", "gb2312"), ("спа", "cp866")])
def test_a_word_alone_that_is_a_letter_in_utf_8_is_refused(text: str, codec: str, refusal: Refusal) -> None:
    assert "cannot be told" in refusal(text.encode(codec), "a.txt").message


def test_cyrillic_is_not_taken_for_latin_full_of_accents() -> None:
    text = "извещатели должны быть установлены"
    assert decode(text.encode("cp1251"), name="a.txt").text == text


def test_the_caller_may_state_the_encoding(refusal: Refusal) -> None:
    data = "你".encode("gbk")
    found = extract(data, name="a.txt", encoding="gbk")
    assert found.text == "你"
    assert found.notes == ("decoded as gbk, as stated",)
    assert "not ascii as stated" in refusal(data, "a.txt", encoding="ascii").message
    assert "no encoding" in refusal(data, "a.txt", encoding="klingon").message
    assert extract(b"\xef\xbb\xbfa", name="a.txt", encoding="utf-8").text == "a"


def test_a_damaged_utf_8_file_is_not_taken_for_another_encoding(refusal: Refusal) -> None:
    data = CHINESE.encode()
    assert "does not fit" not in extract(data, name="a.txt").notes
    for broken in (data[:-1], data[1:], data[:30] + b"\xff" + data[30:]):
        message = refusal(broken, "a.txt").message
        assert "UTF-8" in message
        assert "at offset" in message


def test_a_mixture_of_encodings_is_refused(refusal: Refusal) -> None:
    mixed = (CHINESE * 3 + "\n").encode("gb18030") + (CHINESE + "\n").encode()
    assert refusal(mixed, "a.txt").code == "document-encoding"
    assert refusal(mixed[::-1], "a.txt").code == "document-encoding"


@pytest.mark.parametrize("codec", ["gbk", "big5", "shift_jis", "euc_kr"])
def test_a_file_cut_in_the_middle_of_a_character_is_refused(refusal: Refusal, codec: str) -> None:
    text = {"gbk": CHINESE, "big5": TRADITIONAL, "shift_jis": JAPANESE, "euc_kr": KOREAN + "요"}[codec]
    assert refusal(text.encode(codec)[:-1], "a.txt").code == "document-encoding"


def test_a_byte_order_mark_that_lies_is_refused(refusal: Refusal) -> None:
    assert "byte order mark" in refusal(b"\xff\xfea\x00b", "a.txt").message


def test_a_declared_charset_decides_where_the_bytes_do_not() -> None:
    page = '<html><head><meta charset="{}"></head><body>你</body></html>'
    assert "你" in extract(page.format("gb2312").encode("gbk"), name="a.html").text
    xml = '<?xml version="1.0" encoding="GBK"?><a>你</a>'
    assert extract(xml.encode("gbk"), name="a.xml").text == xml


def test_a_declared_charset_that_is_wrong_does_not_mangle() -> None:
    page = f'<html><head><meta charset="big5"></head><body>{CHINESE}</body></html>'
    found = extract(page.encode("gbk"), name="a.html")
    assert CHINESE in found.text
    assert any("it declares cp950" in note for note in found.notes)
    assert CHINESE in extract(page.encode(), name="a.html").text


def test_marks_of_an_earlier_loss_are_told() -> None:
    assert any("U+FFFD" in note for note in extract("a\ufffdb".encode(), name="a.txt").notes)
    assert any("锟斤拷" in note for note in extract(f"{CHINESE}锟斤拷".encode(), name="a.txt").notes)


def test_a_stray_control_character_is_kept_and_told() -> None:
    text = CHINESE + "\x92" + ENGLISH + "\x1a"
    found = extract(text.encode(), name="a.txt")
    assert found.text == text
    assert found.notes == ("2 control characters are part of the text",)
    assert extract((CHINESE + "\x1a").encode("gbk"), name="a.txt").text == CHINESE + "\x1a"


@pytest.mark.parametrize("data", [b"a\x00b", bytes(range(1, 32)), b"\x80\x81\x82\xff\xfe" * 50])
def test_what_is_not_text_is_refused(refusal: Refusal, data: bytes) -> None:
    assert refusal(data, "a.txt").code == "document-encoding"


def test_line_ends_tabs_and_escape_sequences_of_terminals_are_kept() -> None:
    text = "a\r\nb\tc\rd\x0ce \x1b[31mred\x1b[0m"
    assert extract(text.encode(), name="a.log").text == text


def test_text_that_a_server_reads_is_given_as_it_reads_it(engine: Any) -> None:
    for text in TEXTS:
        for name in ("a.txt", "a.md", "a.html", "a.xml", "a.py", "a.vtt"):
            data = f"# {text}\r\n\r\n<p>{text}</p>\n".encode()
            assert extract(data, name=name).text == engine(data, name)
