"""Every row is checked, and what is wrong is told with its place."""

import pytest

from difyflow.errors import InputError, UsageError
from difyflow.run.batch.checking import Bad, check_all
from difyflow.run.batch.rows import open_source
from difyflow.run.batch.sheet import Plan, Sheet, Volume
from difyflow.run.inputs import Given
from difyflow.terms.form import FormField

FORM = (
    FormField(variable="trigger", type="text-input", required=True),
    FormField(variable="files", type="file-list", allowed_file_types=("document",)),
    FormField(variable="number", type="number"),
)


def sheet(**options):
    return Sheet(Plan(form=FORM, **options))


@pytest.mark.parametrize(
    ("name", "data", "options", "said"),
    [
        ("a.csv", "\nid,text\n1,x\n", {}, "a.csv:2: no column for the input 'trigger', which is required"),
        (
            "a.csv",
            "q,trigger\n1,x\n",
            {"renamed": {"q": "trigger"}},
            "by column 1 (q) and column 2 (trigger)",
        ),
        (
            "a.csv",
            "trigger\nx\n",
            {"constants": {"trigger": Given(("x",))}},
            "by --input and column 1 (trigger)",
        ),
        ("a.jsonl", '\n{"text": "x"}\n', {}, "a.jsonl:2: no column for the input 'trigger'"),
    ],
)
def test_columns_that_make_no_inputs_are_told_with_line_and_column(tmp_path, name, data, options, said):
    (tmp_path / name).write_text(data)
    with pytest.raises(UsageError) as caught:
        list(check_all(open_source(str(tmp_path / name)), sheet(**options)))
    assert said in str(caught.value)


def test_a_constant_that_does_not_fit_is_told_once_and_not_for_each_row(tmp_path):
    (tmp_path / "a.csv").write_text("trigger\n1\n2\n")
    with pytest.raises(InputError, match="the inputs do not fit") as caught:
        list(check_all(open_source(str(tmp_path / "a.csv")), sheet(constants={"number": Given(("x",))})))
    assert caught.value.problems == ("number: 'x' is not a number",)


def test_what_is_wrong_with_a_cell_is_told_with_its_line_and_column(tmp_path):
    (tmp_path / "a.csv").write_text("id,问题,number\n1,x,7\n2,,eight\n")
    bad = list(check_all(open_source(str(tmp_path / "a.csv")), sheet(renamed={"问题": "trigger"})))[1]
    assert bad == Bad(
        2,
        3,
        (
            "column 3: number: 'eight' is not a number",
            "column 2 (问题): trigger: is required and missing",
        ),
    )


def test_what_the_rows_hold_is_counted_once_they_are_checked(tmp_path):
    (tmp_path / "a.txt").write_text("消防")
    (tmp_path / "a.csv").write_text("trigger,files,query\n消防,a.txt,hi\nx,,y\n,a.txt,bad\n")
    one = sheet(chat=True)
    assert isinstance(list(check_all(open_source(str(tmp_path / "a.csv")), one))[2], Bad)
    assert one.volume == Volume(characters=6, files=1, bytes=6)
