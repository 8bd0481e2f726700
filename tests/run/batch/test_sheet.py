"""Columns become inputs."""

from pathlib import Path

import pytest

from difyflow.errors import InputError, UsageError
from difyflow.run.batch.sheet import Plan, Sheet
from difyflow.run.inputs import Given
from difyflow.terms.form import FormField, LocalFile, RemoteFile, UploadedFile

FORM = (
    FormField(variable="trigger", type="text-input", required=True),
    FormField(variable="files", type="file-list", allowed_file_types=("document",)),
    FormField(variable="number", type="number"),
)
HERE = Path()


def sheet(**options):
    return Sheet(Plan(form=FORM, **options))


def test_a_column_is_for_the_input_of_its_name_and_others_are_left_out():
    one = sheet()
    one.check_columns(["id", "trigger"], "rows.csv")
    assert one.left_out == ("id",)
    assert one.checked({"id": "7", "trigger": "x", "number": ""}, HERE).inputs == {"trigger": "x"}


def test_a_column_can_be_for_another_input_or_for_none():
    one = sheet(renamed={"问题": "trigger", "number": ""})
    one.check_columns(["问题", "number"], "rows.csv")
    assert one.left_out == ()
    assert one.checked({"问题": "x", "number": "no number"}, HERE).inputs == {"trigger": "x"}


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        (["a"], {}, "no column for the input 'trigger', which is required"),
        (["trigger"], {"renamed": {"b": "trigger"}}, "there is no column 'b'"),
        (["trigger"], {"renamed": {"trigger": "triger"}}, "there is no input 'triger'"),
        (["a", "trigger"], {"renamed": {"a": "trigger"}}, "the input 'trigger' is given twice"),
        (["trigger"], {"constants": {"trigger": Given(("x",))}}, "the input 'trigger' is given twice"),
        (["trigger"], {"constants": {"nummer": Given(("1",))}}, "--input nummer: there is no input 'nummer'"),
        (["trigger"], {"chat": True}, "a chatflow needs a message"),
    ],
)
def test_columns_that_make_no_inputs_are_told_with_those_that_there_are(columns, options, said):
    with pytest.raises(UsageError, match=said) as caught:
        sheet(**options).check_columns(columns, "rows.csv")
    assert caught.value.path == "rows.csv"
    assert "inputs: trigger, files, number" in caught.value.hint


@pytest.mark.parametrize("cell", ["a.txt\nhttps://x/b.pdf\n", '["a.txt", "https://x/b.pdf"]'])
def test_a_file_cell_holds_paths_beside_the_rows_and_urls(tmp_path, cell):
    (tmp_path / "a.txt").write_text("x")
    checked = sheet().checked({"trigger": "x", "files": cell}, tmp_path)
    assert checked.inputs["files"] == [LocalFile(tmp_path / "a.txt"), RemoteFile("https://x/b.pdf")]


def test_a_file_cell_holds_the_id_of_an_upload_unless_a_file_has_that_name(tmp_path):
    upload = "14d0323b-3d05-4bd7-b1a6-706b23002d13"
    values = {"trigger": "x", "files": f"{upload}\nhttps://x/b.pdf"}
    found = sheet().checked(values, tmp_path).inputs["files"]
    assert found == [UploadedFile(upload), RemoteFile("https://x/b.pdf")]
    (tmp_path / upload).write_text("x")
    with pytest.raises(InputError, match="without extension"):
        sheet().checked(values, tmp_path)


UPLOAD = "14d0323b-3d05-4bd7-b1a6-706b23002d13"


def test_a_row_with_the_id_of_an_upload_runs_as_the_user_that_uploaded_it():
    one = sheet(uploader="me", uploads_are_bound=True)
    assert one.checked({"trigger": "x", "files": UPLOAD}, HERE).user == "me"
    assert one.checked({"trigger": "x", "files": "https://x/b.pdf"}, HERE).user == ""


def test_the_id_of_an_upload_is_refused_where_its_user_is_needed_and_not_known():
    values = {"trigger": "x", "files": f"https://x/b.pdf\n{UPLOAD}"}
    with pytest.raises(InputError) as caught:
        sheet(uploads_are_bound=True).checked(values, HERE)
    said = "files: this server lets only the user of an upload use it: name him with --user"
    assert caught.value.problems == (said,)
    assert sheet().checked(values, HERE).user == ""


def test_the_digest_sees_what_a_file_holds(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one")
    values = {"trigger": "x", "files": "a.txt"}
    first = sheet().checked(values, tmp_path).digest
    assert sheet().checked(values, tmp_path).digest == first
    path.write_text("two!")
    assert sheet().checked(values, tmp_path).digest != first


def test_a_message_comes_from_the_column_query_or_is_the_same_for_all():
    chat = sheet(chat=True)
    assert chat.checked({"trigger": "x", "query": "hello"}, HERE).query == "hello"
    with pytest.raises(InputError, match="the row has no message"):
        chat.checked({"trigger": "x", "query": ""}, HERE)
    assert sheet(chat=True, query="all").checked({"trigger": "x"}, HERE).query == "all"
