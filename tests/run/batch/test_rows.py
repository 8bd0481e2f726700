"""Reading rows: what spreadsheets and scripts write, and a clear word about what cannot be read."""

import io
from itertools import islice

import pytest

from difyflow.errors import UsageError
from difyflow.run.batch.rows import each, open_source


@pytest.fixture
def rows_of(tmp_path):
    def read(data, name="rows.csv", **options):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return list(open_source(str(path), **options).rows())

    return read


def values(rows):
    return [row.values for row in rows]


def test_a_byte_order_mark_is_no_part_of_the_first_column(rows_of):
    assert values(rows_of(b"\xef\xbb\xbftrigger\nx\n")) == [{"trigger": "x"}]
    assert values(rows_of(b"\xef\xbb\xbftrigger\nx\n", encoding="utf-8")) == [{"trigger": "x"}]


def test_utf_16_is_known_by_its_mark(rows_of):
    assert values(rows_of("题\n值\n".encode("utf-16"))) == [{"题": "值"}]


def test_gbk_is_read_when_named_and_told_by_line_when_not(rows_of):
    data = "id,trigger\n1,ascii\n2,消防\n".encode("gb18030")
    with pytest.raises(UsageError, match=r"rows\.csv:3: not UTF-8 at byte 3") as caught:
        rows_of(data)
    assert "--encoding" in caught.value.hint
    assert values(rows_of(data, encoding="gb18030"))[1] == {"id": "2", "trigger": "消防"}


def test_an_unknown_encoding_is_refused(rows_of):
    with pytest.raises(UsageError, match="no such encoding: 'gbkk'"):
        rows_of("a\nb\n", encoding="gbkk")


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_the_delimiter_is_seen_from_the_header(rows_of, sign):
    assert values(rows_of(f'a{sign}"b,;c"\n1{sign}2\n')) == [{"a": "1", "b,;c": "2"}]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_can_be_named_in_a_first_line_as_excel_does(rows_of, sign):
    (row,) = rows_of(f"sep={sign}\r\na{sign}b\r\n1{sign}2\r\n")
    assert (row.values, row.line, row.head) == ({"a": "1", "b": "2"}, 3, 2)


def test_a_table_of_one_column_named_sep_is_no_such_line(rows_of):
    assert values(rows_of("sep\n1\n")) == [{"sep": "1"}]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("a,b\r1,2\r", r"rows\.csv:1: its lines end with CR alone"),
        ("a,b\n1,2\n".encode("utf-16-le"), r"rows\.csv:1: holds NUL characters"),
    ],
)
def test_a_head_that_is_none_is_told_with_what_to_do(rows_of, data, said):
    with pytest.raises(UsageError, match=said):
        rows_of(data)


def test_a_tsv_file_takes_commas_as_text(rows_of):
    assert values(rows_of("a,b\tc\n1\t2\n", "rows.tsv")) == [{"a,b": "1", "c": "2"}]


def test_quoted_line_ends_are_kept_and_lines_counted_as_an_editor_does(rows_of):
    rows = rows_of('a,b\n"one\ntwo",x\n\nlast,y\n')
    assert [(row.number, row.line, row.values["a"]) for row in rows] == [(1, 2, "one\ntwo"), (2, 5, "last")]


def test_a_row_with_another_number_of_cells_is_a_problem_of_that_row(rows_of):
    rows = rows_of("a,b\n1\n1,2\n1,2,3\n")
    assert [(row.line, bool(row.problem)) for row in rows] == [(2, True), (3, False), (4, True)]
    assert rows[0].problem == "1 cells, and the header names 2 columns"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("a,b,a", "rows.csv:1: columns 1 and 3 have the same name: 'a'"),
        ("a,,b", "rows.csv:1: column 2 has no name"),
        ("", "is empty"),
    ],
)
def test_a_header_that_names_no_columns_is_told(rows_of, head, said):
    with pytest.raises(UsageError, match=said):
        rows_of(f"{head}\n")


def test_a_quote_that_never_closes_names_the_line_in_which_it_begins(rows_of):
    with pytest.raises(UsageError, match=r"rows\.csv:3: not CSV"):
        rows_of('a\nok\n"open\nnever\nclosed\n')


def test_a_broken_line_of_jsonl_is_named_and_the_others_are_read(rows_of):
    lines = [f'{{"a": {number}}}' for number in range(1, 10)]
    lines[6] = '{"a": 7'
    rows = rows_of("\n".join(lines), "rows.jsonl")
    assert [row.line for row in rows if row.problem] == [7]
    assert "column 8: not JSON" in rows[6].problem
    assert rows[8].values == {"a": 9}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "not JSON: 'a' stands twice in an object"),
        ('{"a": {"b": 1, "b": 1}}', "not JSON: 'b' stands twice in an object"),
        ('{"a": NaN}', "not JSON: NaN is no number of JSON"),
        ('{"a": -Infinity}', "not JSON: -Infinity is no number of JSON"),
    ],
)
def test_what_no_server_could_read_in_one_way_is_a_problem_of_its_line(rows_of, line, said):
    assert [row.problem for row in rows_of(f'{line}\n{{"a": 1}}\n', name="rows.jsonl")] == [said, ""]


def test_rows_know_the_line_that_names_their_columns(rows_of):
    assert [(row.head, row.columns) for row in rows_of("\n\na,b\n1,2\n\n3,4\n")] == [(3, ("a", "b"))] * 2
    assert [(row.head, row.columns) for row in rows_of('\n{"a": 1}\n', name="rows.jsonl")] == [(2, ())]


def test_a_row_of_jsonl_that_is_no_object_is_a_problem(rows_of):
    assert rows_of("[1]\n", "rows.jsonl")[0].problem == "a JSON array, and a row is an object"


@pytest.mark.parametrize("data", ['{"a": "x"}\n', "a\nx\n"])
def test_standard_input_is_jsonl_or_csv_by_its_beginning(data):
    source = open_source("-", stdin=io.BytesIO(data.encode()))
    assert values(source.rows()) == [{"a": "x"}]


def test_a_file_that_cannot_be_read_or_is_of_another_kind_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        list(open_source(str(tmp_path / "none.csv")).rows())
    with pytest.raises(UsageError, match=r"rows of this kind cannot be read: \.ods"):
        open_source("rows.ods")


def test_a_glob_gives_a_row_for_each_file_in_order(tmp_path):
    for name in ("b.pdf", "sub/a.pdf", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    rows = each("file", f"{tmp_path}/**/*.pdf").rows()
    assert [row.values["file"] for row in rows] == [str(tmp_path / "b.pdf"), str(tmp_path / "sub/a.pdf")]
    with pytest.raises(UsageError, match="no file matches"):
        each("file", f"{tmp_path}/*.docx")


def test_endless_rows_are_read_one_by_one():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            line = b"x,y\n"
            buffer[: len(line)] = line
            return len(line)

    rows = open_source("-", stdin=Endless()).rows()
    assert [row.number for row in islice(rows, 3)] == [1, 2, 3]
    rows.close()
