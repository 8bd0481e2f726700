"""Inputs are checked before anything is sent: every fault in one error that names field and rule."""

import pytest

from difyflow.errors import InputError, UsageError
from difyflow.run.inputs import check, parse_pairs
from difyflow.terms.form import FormField, LocalFile, RemoteFile, UploadedFile

BOTH = ("local_file", "remote_url")
FILES = FormField(
    variable="attachments",
    type="file-list",
    required=True,
    max_length=2,
    allowed_file_types=("document",),
    allowed_file_upload_methods=BOTH,
)
TRIGGER = FormField(variable="trigger", type="text-input", required=True, max_length=5)


@pytest.fixture
def documents(tmp_path):
    for name in ("a.pdf", "b.docx", "c.exe"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty.txt").write_bytes(b"")
    return tmp_path


def faults(form, pairs, **options):
    with pytest.raises(InputError) as caught:
        check(form, parse_pairs(pairs), **options)
    return list(caught.value.problems)


def test_a_file_that_is_named_twice_makes_a_list(documents):
    given = parse_pairs(
        [f"attachments=@{documents}/a.pdf", f"attachments=@{documents}/b.docx", "trigger=你好=x"]
    )
    assert check([FILES, TRIGGER], given) == {
        "attachments": [LocalFile(documents / "a.pdf"), LocalFile(documents / "b.docx")],
        "trigger": "你好=x",
    }


def test_one_file_for_a_list_is_a_list_of_one(documents):
    given = parse_pairs([f"attachments=@{documents}/a.pdf"])
    assert check([FILES], given) == {"attachments": [LocalFile(documents / "a.pdf")]}


def test_a_url_and_an_uploaded_file_are_files():
    given = {"attachments": ["https://example.org/a.pdf?x=1", {"upload_file_id": "u-1"}]}
    assert check([FILES], given) == {
        "attachments": [RemoteFile("https://example.org/a.pdf?x=1"), UploadedFile("u-1")]
    }


@pytest.mark.parametrize(
    ("pairs", "wanted"),
    [
        ([], ["attachments: is required and missing", "trigger: is required and missing"]),
        (
            ["trigger=123456", "atachments=@x"],
            ["did you mean 'attachments'", "attachments: is required", "6 characters"],
        ),
        (["trigger="], ["attachments: is required", "trigger: is required and empty"]),
        (["trigger=a", "trigger=b"], ["attachments: is required", "trigger: given 2 times"]),
        (["trigger=a", "attachments=@{}/a.pdf"] + ["attachments=@{}/b.docx"] * 2, ["3 files, at most 2"]),
        (["trigger=a", "attachments=@{}/c.exe"], [".exe is not one of: document"]),
        (["trigger=a", "attachments=@{}/none.pdf"], ["No such file"]),
        (["trigger=a", "attachments=@{}"], ["is a folder"]),
        (["trigger=a", "attachments=@{}/empty.txt"], ["is empty"]),
        (["trigger=a", "attachments={}/a.pdf"], ["a file is written @"]),
        (["trigger=@{}/none.txt", "attachments=@{}/a.pdf"], ["trigger: "]),
    ],
)
def test_each_fault_is_a_line_that_names_the_field(documents, pairs, wanted):
    found = faults([FILES, TRIGGER], [pair.replace("{}", str(documents)) for pair in pairs])
    assert len(found) == len(wanted)
    for text, line in zip(wanted, found, strict=True):
        assert text in line


def test_a_file_over_the_limit_is_refused_and_images_have_difys_own(tmp_path):
    for name in ("a.pdf", "a.png"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2 * 1024 * 1024)
    field = FormField(variable="f", type="file", allowed_file_types=("document", "image"))
    assert faults([field], [f"f=@{tmp_path}/a.pdf"], max_file_mb=1) == [
        f"f: {tmp_path}/a.pdf: 2.0 MB, at most 1 MB are allowed (--max-file-size)"
    ]
    assert check([field], parse_pairs([f"f=@{tmp_path}/a.png"]), max_file_mb=1)


def test_custom_types_go_by_extension_without_regard_to_case(documents):
    field = FormField(
        variable="f", type="file", allowed_file_types=("custom",), allowed_file_extensions=(".EXE",)
    )
    assert check([field], parse_pairs([f"f=@{documents}/c.exe"])) == {"f": LocalFile(documents / "c.exe")}
    assert ".exe" in faults([field], [f"f=@{documents}/a.pdf"])[0]


def test_a_method_that_is_not_allowed_is_refused(documents):
    field = FormField(variable="f", type="file", allowed_file_upload_methods=("remote_url",))
    assert "local_file is not allowed" in faults([field], [f"f=@{documents}/a.pdf"])[0]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", " 42 ", 42),
        ("number", "-1.5e3", -1500.0),
        ("checkbox", "YES", True),
        ("checkbox", "off", False),
        ("json_object", '{"a": [1]}', {"a": [1]}),
        ("paragraph", "@@home", "@home"),
        ("paragraph", "a\0b", "ab"),
        ("magic", "x", "x"),
    ],
)
def test_text_becomes_the_type_of_its_field(kind, text, value):
    assert check([FormField(variable="v", type=kind)], parse_pairs([f"v={text}"])) == {"v": value}


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("number", "4 2", "not a number"),
        ("number", "nan", "not a finite number"),
        ("checkbox", "perhaps", "neither true nor false"),
        ("json_object", "{", "not JSON"),
        ("json_object", "[1]", "not a JSON object"),
        ("json_object", "[" * 100_000, "not JSON"),
    ],
)
def test_text_that_does_not_fit_is_a_fault(kind, text, says):
    assert says in faults([FormField(variable="v", type=kind)], [f"v={text}"])[0]


@pytest.mark.parametrize(
    ("kind", "value"), [("text-input", 3), ("number", True), ("number", []), ("file", 7)]
)
def test_values_from_a_file_keep_their_types(kind, value):
    with pytest.raises(InputError):
        check([FormField(variable="v", type=kind)], {"v": value})


def test_a_select_takes_its_options_only():
    field = FormField(variable="v", type="select", options=("a", "b"))
    assert check([field], {"v": "a"}) == {"v": "a"}
    assert "not one of: a, b" in faults([field], ["v=c"])[0]


def test_a_text_may_stand_in_a_file_of_utf_8(tmp_path):
    (tmp_path / "t.txt").write_bytes("\ufeff你好".encode())
    (tmp_path / "g.txt").write_bytes("你好".encode("gbk"))
    field = FormField(variable="v", type="paragraph")
    assert check([field], parse_pairs([f"v=@{tmp_path}/t.txt"])) == {"v": "你好"}
    assert "not UTF-8 at byte 0" in faults([field], [f"v=@{tmp_path}/g.txt"])[0]


def test_optional_fields_and_defaults_may_be_left_out():
    form = [
        FormField(variable="a", type="number"),
        FormField(variable="b", type="number", required=True, default=3),
    ]
    assert check(form, {}) == {}


@pytest.mark.parametrize("pair", ["trigger", "=x", ""])
def test_an_option_that_is_no_pair_is_a_usage_error(pair):
    with pytest.raises(UsageError, match="NAME=VALUE"):
        parse_pairs([pair])
