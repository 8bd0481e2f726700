"""PowerPoint presentations."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pptx
from pptx.util import Pt

from difyflow.errors import InputError
from difyflow.run.backends.local.documents import extract


def test_slides_are_read_in_order_with_tables_and_speaker_notes(make: Any) -> None:
    found = extract(make.pptx(), name="a.pptx")
    assert found.text == "标题\n一\n二\n讲稿\n\n| 甲 |  |\n| --- | --- |\n|  | 丁 |\n\n"
    assert [(part.page, part.heading) for part in found.parts] == [(1, "标题"), (2, None)]
    assert found.notes == ("the speaker notes of 1 slides are part of the text",)


def test_shapes_are_read_from_the_top_and_groups_are_opened() -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    for text, top in (("low", 300), ("high", 100)):
        slide.shapes.add_textbox(Pt(10), Pt(top), Pt(50), Pt(20)).text_frame.text = text
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Pt(10), Pt(200), Pt(50), Pt(20)).text_frame.text = "grouped"
    buffer = io.BytesIO()
    show.save(buffer)
    assert extract(buffer.getvalue(), name="a.pptx").text == "high\ngrouped\nlow\n\n"


def test_slides_without_text_are_told_and_nothing_but_such_is_refused(
    refusal: Callable[..., InputError],
) -> None:
    show = pptx.Presentation()
    show.slides.add_slide(show.slide_layouts[6])
    buffer = io.BytesIO()
    show.save(buffer)
    error = refusal(buffer.getvalue(), "a.pptx")
    assert error.code == "document-no-text"
    assert "1 of 1 slides" in error.message
