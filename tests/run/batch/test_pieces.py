"""Documents that are cut: each piece is a row, and nothing is lost."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.errors import UsageError
from difyflow.run.backends.local.documents import extract
from difyflow.run.batch.checking import check_all
from difyflow.run.batch.pieces import Cut, Splitter, parse_cut
from difyflow.run.batch.rows import each, one_row, open_source
from difyflow.run.batch.sheet import Plan, Sheet
from difyflow.run.inputs import Given
from difyflow.terms.form import FormField, LocalFile

FORM = (
    FormField(variable="trigger", type="text-input"),
    FormField(variable="files", type="file-list", allowed_file_types=("document",)),
)
TEXT = st.text(st.sampled_from("消防自检。\n\r\t #x1é\u3000😀.,"), min_size=1, max_size=400)


def splitter(folder, limit=80_000, overlap=0, **plan):
    return Splitter(
        Cut(variable="files", limit=limit, overlap=overlap), Sheet(Plan(form=FORM, **plan)), folder
    )


def rows_of(folder, source, **options):
    return list(splitter(folder, **options).source(source).rows())


def name_of(row):
    return row.values["files"]["piece"]


def piece(folder, row):
    return folder / "pieces" / name_of(row)


@given(text=TEXT, limit=st.integers(1, 60), overlap=st.integers(0, 29))
def test_pieces_without_their_overlaps_are_the_text_again(tmp_path_factory, text, limit, overlap):
    folder = tmp_path_factory.mktemp("cut")
    data = text.encode("utf-8-sig")  # marked: of one letter alone nobody can tell the encoding
    (folder / "a.txt").write_bytes(data)
    overlap = min(overlap, (limit - 1) // 2)
    whole = extract(data, name="a.txt", empty_ok=True).text
    rows = rows_of(folder / "pieces", each("files", str(folder / "a.txt")), limit=limit, overlap=overlap)
    if not whole.strip():
        assert "no text in it" in rows[0].problem
        return
    at = 0
    for row in rows:
        read = piece(folder, row).read_bytes().decode()
        assert len(read) <= limit
        assert read == whole[row.origin["start"] : row.origin["end"]]
        new = row.origin["start"] + row.origin["overlap"]
        assert whole[at:new].strip() == "", "only white space makes no row"
        at = row.origin["end"]
    assert whole[at:].strip() == ""


def test_a_piece_reads_the_same_on_the_other_side(tmp_path):
    (tmp_path / "a.txt").write_bytes("第一章 总则\r\n应每月自检。\r\n\r\n第二章 附则\r\n无。".encode())
    rows = rows_of(tmp_path / "pieces", each("files", str(tmp_path / "a.txt")), limit=14)
    assert len(rows) > 1
    for row in rows:
        data = piece(tmp_path, row).read_bytes()
        assert extract(data, name=name_of(row)).text == data.decode()


def test_each_piece_is_a_row_with_the_other_cells_of_its_document(tmp_path):
    (tmp_path / "a.md").write_text("# One\ntext one\n# Two\ntext two\n")
    (tmp_path / "rows.csv").write_text("trigger,files,id\nx,a.md,7\ny,,8\n")
    rows = rows_of(tmp_path / "pieces", open_source(str(tmp_path / "rows.csv")), limit=20)
    assert [(row.number, row.line, row.values["trigger"], row.values["id"]) for row in rows] == [
        (1, 2, "x", "7"),
        (2, 2, "x", "7"),
        (3, 3, "y", "8"),
    ]
    assert [name_of(row) for row in rows[:2]] == ["a.part-01-of-02.md", "a.part-02-of-02.md"]
    assert [row.origin["headings"] for row in rows[:2]] == [["One"], ["Two"]]
    assert (rows[2].values["files"], rows[2].origin) == ("", {})


def test_several_documents_of_a_cell_are_cut_one_after_the_other(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("word " * 10)
    (tmp_path / "rows.jsonl").write_text(json.dumps({"files": ["a.txt", "b.txt"]}) + "\n")
    rows = rows_of(tmp_path / "pieces", open_source(str(tmp_path / "rows.jsonl")), limit=25)
    assert [name_of(row) for row in rows] == [
        f"{name}.part-0{part}-of-02.md" for name in "ab" for part in (1, 2)
    ]


@pytest.mark.local
def test_pages_are_kept_from_a_pdf(tmp_path, root):
    documents = sorted((root / "tests").rglob("*.pdf"))
    if not documents:
        pytest.skip("no PDF among the test data")
    rows = rows_of(tmp_path / "pieces", each("files", str(documents[0])), limit=100)
    assert rows[0].origin["pages"][0] == 1


def test_documents_that_differ_in_their_ending_only_have_different_pieces(tmp_path):
    for name in ("a.txt", "a.md", "A.html", "b.txt", "sub/a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"text of {name}")
    rows = rows_of(tmp_path / "pieces", each("files", f"{tmp_path}/**/*.*"))
    names = [name_of(row).removesuffix(".part-01-of-01.md") for row in rows]
    assert names == ["A.html", "a.md", "a.txt", "b", "a"]
    assert {piece(tmp_path, row).read_text() for row in rows} == {
        f"text of {name}" for name in ("a.txt", "a.md", "A.html", "b.txt", "sub/a.txt")
    }


def test_documents_of_the_same_name_are_numbered(tmp_path):
    for name in ("x/a.txt", "y/a.txt", "z/a.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    rows = rows_of(tmp_path / "pieces", each("files", f"{tmp_path}/**/*.txt"))
    assert [name_of(row) for row in rows] == [f"{one}.part-01-of-01.md" for one in ("a", "a-2", "a-3")]
    assert [piece(tmp_path, row).read_text() for row in rows] == ["x/a.txt", "y/a.txt", "z/a.txt"]


def test_a_long_name_is_cut_to_what_disks_take(tmp_path):
    (tmp_path / ("规" * 80 + ".txt")).write_text("x")
    (row,) = rows_of(tmp_path / "pieces", each("files", f"{tmp_path}/*.txt"))
    assert len(name_of(row).encode()) < 255
    assert piece(tmp_path, row).read_text() == "x"


def test_a_document_of_several_rows_is_cut_once(tmp_path):
    (tmp_path / "a.txt").write_text("word " * 10)
    (tmp_path / "rows.csv").write_text("trigger,files\nx,a.txt\ny,a.txt\n")
    one = splitter(tmp_path / "pieces", limit=25)
    rows = list(one.source(open_source(str(tmp_path / "rows.csv"))).rows())
    assert [name_of(row) for row in rows[:2]] == [name_of(row) for row in rows[2:]]
    assert (one.documents, one.pieces) == (1, 2)


def test_what_cannot_be_read_is_a_problem_of_its_row(tmp_path):
    (tmp_path / "scan.txt").write_text(" \n")
    (tmp_path / "old.doc").write_bytes(b"x")
    lines = ["none.txt", "scan.txt", "old.doc", "https://x/a.pdf", "."]
    (tmp_path / "rows.csv").write_text("\n".join(["files", *lines]) + "\n")
    rows = rows_of(tmp_path / "pieces", open_source(str(tmp_path / "rows.csv")))
    said = [row.problem for row in rows]
    assert [row.line for row in rows] == [2, 3, 4, 5, 6]
    for problem, part in zip(
        said,
        ["No such file", "no text in it", ".doc files are not read", "only files here", "Is a directory"],
        strict=True,
    ):
        assert problem.startswith("files: ")
        assert part in problem


def test_a_column_for_another_input_is_cut_too_and_a_missing_one_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "rows.csv").write_text("文件\na.txt\n")
    source = open_source(str(tmp_path / "rows.csv"))
    (row,) = rows_of(tmp_path / "pieces", source, renamed={"文件": "files"})
    assert row.values["文件"] == {"piece": "a.part-01-of-01.md"}
    with pytest.raises(UsageError, match="--split files: no column is for this input"):
        rows_of(tmp_path / "pieces", source)


def test_documents_that_are_the_same_for_all_rows_are_cut_for_each(tmp_path):
    (tmp_path / "a.txt").write_text("word " * 10)
    (tmp_path / "rows.csv").write_text("trigger\nx\ny\n")
    cut, sheet = Cut(variable="files", limit=25), Sheet(Plan(form=FORM))
    one = Splitter(cut, sheet, tmp_path / "pieces", documents=Given((f"@{tmp_path}/a.txt",)))
    rows = list(one.source(open_source(str(tmp_path / "rows.csv"))).rows())
    assert [(row.values["trigger"], row.origin["part"]) for row in rows] == [
        ("x", 1),
        ("x", 2),
        ("y", 1),
        ("y", 2),
    ]
    assert (one.documents, one.pieces) == (1, 2)
    assert [json.loads(line)["values"]["files"] for line in check_all(one.source(one_row("-")), sheet)] == [
        {"piece": f"a.part-0{part}-of-02.md"} for part in (1, 2)
    ]


def test_documents_of_rows_and_of_all_rows_do_not_go_together(tmp_path):
    (tmp_path / "rows.csv").write_text("files\na.txt\n")
    cut, sheet = Cut(variable="files", limit=25), Sheet(Plan(form=FORM))
    one = Splitter(cut, sheet, tmp_path / "pieces", documents=Given(("@b.txt",)))
    with pytest.raises(UsageError, match=r"rows\.csv:1: --split files: both --input and a column"):
        list(one.source(open_source(str(tmp_path / "rows.csv"))).rows())


def test_kept_rows_find_their_pieces_when_the_folder_was_moved(tmp_path):
    (tmp_path / "a.md").write_text("# One\ntext\n")
    sheet = Sheet(Plan(form=FORM))
    one = Splitter(Cut(variable="files", limit=100), sheet, tmp_path / "pieces")
    (line,) = map(json.loads, check_all(one.source(each("files", str(tmp_path / "a.md"))), sheet))
    (tmp_path / "pieces").rename(tmp_path / "moved")
    sheet.pieces = tmp_path / "moved"
    checked = sheet.checked(line["values"], Path(line["folder"]))
    assert checked.inputs == {"files": [LocalFile(tmp_path / "moved/a.part-01-of-01.md")]}
    assert checked.digest == line["digest"]
    assert str(tmp_path) not in json.dumps(line["values"])


def test_a_cell_of_the_user_names_no_piece(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"files": {"piece": "../../etc/passwd"}}\n')
    (bad,) = check_all(open_source(str(tmp_path / "rows.jsonl")), Sheet(Plan(form=FORM)))
    assert "neither url nor upload_file_id" in bad.problems[0]


def test_kept_rows_say_where_a_piece_comes_from(tmp_path):
    (tmp_path / "a.md").write_text("# One\ntext\n")
    sheet = Sheet(Plan(form=FORM))
    one = Splitter(Cut(variable="files", limit=100), sheet, tmp_path / "pieces")
    (line,) = check_all(one.source(each("files", str(tmp_path / "a.md"))), sheet)
    kept = json.loads(line)["piece"]
    assert kept == {
        "document": str(tmp_path / "a.md"),
        "part": 1,
        "of": 1,
        "start": 0,
        "end": 11,
        "overlap": 0,
        "headings": ["One"],
    }


@pytest.mark.parametrize("text", ["files", "=80", "files=", "files=0", "files=many", "files=-3"])
def test_what_names_no_input_and_number_is_refused(text):
    with pytest.raises(UsageError, match="is not INPUT=CHARACTERS"):
        parse_cut(text, overlap=0, encoding=None)


@pytest.mark.parametrize(
    ("variable", "said"), [("trigger", "'trigger' takes no files"), ("file", "there is no input 'file'")]
)
def test_only_inputs_for_files_are_cut(tmp_path, variable, said):
    with pytest.raises(UsageError, match=said) as caught:
        Splitter(Cut(variable=variable, limit=9), Sheet(Plan(form=FORM)), tmp_path)
    assert caught.value.hint == "inputs for files: files"


def test_an_overlap_that_leaves_no_room_is_refused(tmp_path):
    with pytest.raises(UsageError, match="an overlap of 50 does not fit a piece of 100"):
        splitter(tmp_path, limit=100, overlap=50)
