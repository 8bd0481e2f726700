"""CSV and TSV become a Markdown table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.errors import InputError
from difyflow.run.backends.local.documents import extract

# ASCII: the engine guesses the encoding, and wrong at short texts.
cells = st.text("abc|,;\"'\n ", max_size=5)


@given(st.lists(st.lists(cells, max_size=4), max_size=6))
def test_the_text_is_that_of_the_engine(engine: Callable[[bytes, str], str], rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([*rows, ["end"]])
    data = file.getvalue().encode()
    assert extract(data, name="a.csv").text == engine(data, "a.csv")


def test_a_table_in_a_legacy_encoding_is_read() -> None:
    data = '姓名,住址\n张三,北京市朝阳区\n李四,"上海市\n浦东"\n'.encode("gbk")
    assert extract(data, name="a.csv").text == (
        "| 姓名 | 住址 |\n| -- | -- |\n| 张三 | 北京市朝阳区 |\n| 李四 | 上海市 浦东 |\n"
    )


def test_tabs_separate_only_in_a_tsv() -> None:
    found = extract(b"a\tb\n1\t2\n", name="a.tsv")
    assert found.text == "| a | b |\n| - | - |\n| 1 | 2 |\n"
    assert found.notes == ("a Dify server does not read .tsv",)
    assert extract(b"a\tb\n", name="a.csv").text == "| a\tb |\n| --- |\n"


@pytest.fixture(params=[None, 10_000_000], ids=["python's limit", "another limit in this process"])
def limit(request: pytest.FixtureRequest) -> Iterator[None]:
    before = csv.field_size_limit(request.param or 131_072)
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("limit")
def test_a_cell_without_end_is_refused_with_its_line(refusal: Callable[..., InputError]) -> None:
    error = refusal(b'a,b\n1,"' + b"x\n" * 200_000, "a.csv")
    assert error.code == "document-damaged"
    assert "line" in error.message
