"""`difyflow merge`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import difyflow
from difyflow.cli.main import run

FILE = """\
# our file
app: {mode: workflow, name: Demo}   # in one line
kind: app
version: 0.3.0
workflow:
  environment_variables:
  - {name: key, value_type: secret, value: hunter1}
  graph:
    edges:
    - {id: e, source: start, target: code}
    nodes:
    - id: start
      type: custom
      data: {type: start, title: Start, variables: []}
      position: {x: 0, y: 0}
    - id: code
      type: custom
      data:
        type: code
        title: Sum   # by hand
        code_language: python3
        outputs: {}
        variables: []
        code: |
          a = 1

          b = 2

          c = 3
      position: {x: 300, y: 0}
"""


@pytest.fixture
def write(tmp_path):
    def to(name, text):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return str(path)

    return to


@pytest.fixture
def three(write):
    """A function that writes base, ours and theirs, the latter two by replacing texts."""

    def of(ours, theirs, file=FILE):
        found = [file, file, file]
        for number, changes in ((1, ours), (2, theirs)):
            for old, new in changes.items():
                assert old in found[number]
                found[number] = found[number].replace(old, new)
        return [
            write(name, text)
            for name, text in zip(("base.yml", "ours.yml", "theirs.yml"), found, strict=True)
        ]

    return of


def test_independent_edits_join_in_the_text_of_ours(three, tmp_path, capsys):
    files = three({"a = 1": "a = 10"}, {"c = 3": "c = 30", "Start,": "Begin,"})
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out)]) == 0
    expected = FILE.replace("a = 1", "a = 10").replace("c = 3", "c = 30").replace("Start,", "Begin,")
    assert out.read_text(encoding="utf-8") == expected
    assert capsys.readouterr().err == ""
    assert [path.name for path in tmp_path.iterdir() if "conflicts" in path.name] == []


def test_the_bytes_of_an_unchanged_side_stay(three, capsys):
    base, ours, theirs = three({}, {"# our file": "# their file", "a = 1": "a = 10"})
    assert run(["merge", base, ours, theirs]) == 0
    assert capsys.readouterr().out == FILE.replace("# our file", "# their file").replace("a = 1", "a = 10")


def test_an_export_stays_one(write, capsys):
    app = difyflow.read(FILE)
    export = app.render()
    files = [
        write("base.yml", export),
        write("ours.yml", export.replace("a = 1", "a = 10")),
        write("theirs.yml", export.replace("title: Start", "title: Begin")),
    ]
    assert run(["merge", *files]) == 0
    out = capsys.readouterr().out
    assert out == export.replace("a = 1", "a = 10").replace("title: Start", "title: Begin")
    assert out == difyflow.read(out).render()


def test_a_conflict_leaves_a_file_that_loads_with_ours_and_names_it(three, tmp_path, capsys):
    files = three({"b = 2": "b = 3", "Sum": "Add"}, {"b = 2": "b = 4", "c = 3": "c = 5"})
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out)]) == 1
    text = out.read_text(encoding="utf-8")
    assert "b = 3" in text
    assert "c = 5" in text
    assert "Add   # by hand" in text
    difyflow.read(text)
    said = 'both changed the same lines of code of node "Add" (code)'
    assert capsys.readouterr().err == (
        f"conflict: {said} (ours is kept)\nsettle them one by one: difyflow merge --resolve {out}\n"
    )
    found = json.loads((tmp_path / "out.yml.conflicts.json").read_text(encoding="utf-8"))
    assert found["ours"] == files[1]
    (conflict,) = found["conflicts"]
    assert conflict["message"] == said
    assert conflict["path"] == ["workflow", "graph", "nodes", {"id": "code"}, "data", "code"]
    assert (conflict["line"], conflict["theirs"], conflict["taken"]) == (3, {"value": "b = 4"}, "ours")
    page = (tmp_path / "out.yml.conflicts.md").read_text(encoding="utf-8")
    assert page.startswith("# 1 conflict\n")
    assert "\ntheirs:\n\n```\nb = 4\n```\n" in page


@pytest.mark.parametrize(("favor", "value"), [("ours", 3), ("theirs", 4), ("base", 2)])
def test_the_version_that_is_kept_can_be_chosen(three, capsys, favor, value):
    assert run(["merge", *three({"b = 2": "b = 3"}, {"b = 2": "b = 4"}), "--favor", favor]) == 1
    assert f"b = {value}\n" in capsys.readouterr().out


def test_conflicts_of_an_earlier_merge_go_when_the_next_one_is_clean(three, tmp_path):
    out = tmp_path / "out.yml"
    assert run(["merge", *three({"b = 2": "b = 3"}, {"b = 2": "b = 4"}), "-o", str(out)]) == 1
    assert run(["merge", *three({"b = 2": "b = 3"}, {"b = 2": "b = 3"}), "-o", str(out)]) == 0
    assert [path.name for path in tmp_path.iterdir() if "conflicts" in path.name] == []


def test_layout_is_told_in_one_line(three, capsys):
    files = three({"x: 300": "x: 310"}, {"x: 300": "x: 320", "x: 0,": "x: 5,"})
    assert run(["merge", *files]) == 0
    out, err = capsys.readouterr()
    assert err == "layout: both changed this, ours is kept: code\n"
    assert "x: 310" in out
    assert "x: 5," in out


def test_secrets_are_in_no_word_about_a_conflict(three, tmp_path, capsys):
    files = three({"hunter1": "hunter2"}, {"hunter1": "hunter3"})
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out)]) == 1
    assert "hunter2" in out.read_text(encoding="utf-8")
    told = capsys.readouterr().err
    for suffix in ("md", "json"):
        told += (tmp_path / f"out.yml.conflicts.{suffix}").read_text(encoding="utf-8")
    assert "hunter" not in told
    assert "sha256" in told


@pytest.fixture
def asked(three):
    """Ours begins to use an input that theirs removes."""
    node = (
        '    - {id: x, type: custom, data: {type: answer, title: X, answer: "%s"}, position: {x: 1, y: 1}}\n'
    )
    start = "variables: []}\n      position: {x: 0, y: 0}\n"
    given = start.replace(
        "[]",
        "[{variable: topic, label: Topic, type: text-input, required: false, max_length: 9, options: []}]",
    )
    file = FILE.replace(start, given) + node % "hi"
    file = file.replace("    nodes:\n", "    - {id: f, source: code, target: x}\n    nodes:\n")
    return three({'answer: "hi"': 'answer: "{{#start.topic#}}"'}, {given: start}, file=file)


def test_an_error_that_neither_side_had_is_a_conflict(asked, tmp_path, capsys):
    out = tmp_path / "out.yml"
    assert run(["merge", *asked, "-o", str(out)]) == 1
    err = capsys.readouterr().err
    assert err.startswith("conflict: ")
    assert "ours: changed X" in err
    assert "theirs: changed Start" in err
    found = json.loads((tmp_path / "out.yml.conflicts.json").read_text(encoding="utf-8"))["conflicts"]
    assert {item["kind"] for item in found} == {"semantic"}
    assert all(item["rule"] and item["lost"] for item in found)
    assert run(["merge", *asked, "--no-lint"]) == 0


def test_conflicts_can_be_gone_through(three, tmp_path, monkeypatch, capsys):
    files = three({"b = 2": "b = 3", "Sum": "Add"}, {"b = 2": "b = 4", "Sum": "Total"})
    out = tmp_path / "out.yml"
    monkeypatch.setattr(sys, "stdin", io.StringIO("t\nx\no\n"))
    assert run(["merge", *files, "-o", str(out), "--resolve"]) == 0
    text = out.read_text(encoding="utf-8")
    err = capsys.readouterr().err
    assert "2 conflicts settled" in err
    assert ("b = 4" in text, "title: Add" in text) in ((True, True), (False, False))
    assert [path.name for path in tmp_path.iterdir() if "conflicts" in path.name] == []


def test_the_rest_of_the_conflicts_can_be_left(three, tmp_path, monkeypatch, capsys):
    files = three({"b = 2": "b = 3", "Sum": "Add"}, {"b = 2": "b = 4", "Sum": "Total"})
    monkeypatch.setattr(sys, "stdin", io.StringIO("r\n"))
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out), "--resolve"]) == 1
    assert "b = 3" in out.read_text(encoding="utf-8")
    assert capsys.readouterr().err.count("conflict: ") == 2


@pytest.fixture
def say(monkeypatch):
    """Puts answers on standard input."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.fixture
def clash(three, tmp_path):
    """Three versions that clash in a title and in a line, merged into `out.yml`: their paths, and its."""
    files = three({"b = 2": "b = 3", "Sum": "Add"}, {"b = 2": "b = 4", "Sum": "Total", "a = 1": "a = 9"})
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out)]) == 1
    return files, out


def reports(tmp_path):
    return sorted(path.name for path in tmp_path.iterdir() if "conflicts" in path.name)


def test_the_result_alone_is_enough_to_settle_its_conflicts(clash, tmp_path, say, capsys):
    _, out = clash
    capsys.readouterr()
    say("theirs\nOurs\n")
    assert run(["merge", "--resolve", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "title: Total   # by hand" in text and "b = 3" in text and "a = 9" in text and "# our file" in text
    err = capsys.readouterr().err
    assert 'conflict 1 of 2: both changed title of node "Add" (code): ours to Add, theirs to Total' in err
    assert "  base: Sum\n  ours: Add\n  theirs: Total\n" in err
    assert "conflict 2 of 2" in err and "2 conflicts settled" in err
    assert reports(tmp_path) == []


@pytest.mark.long
@pytest.mark.parametrize("lost", [[0], [0, 1, 2]])
def test_versions_that_are_gone_are_made_of_the_record(clash, say, lost):
    files, out = clash
    for place in lost:
        (Path(files[place])).write_bytes(b"gone")
    say("t\nt\n")
    assert run(["merge", "--resolve", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "title: Total   # by hand" in text and "b = 4" in text and "a = 9" in text and "# our file" in text


def test_a_result_written_over_a_version_can_be_settled(three, say, tmp_path):
    base, ours, theirs = three({"b = 2": "b = 3"}, {"b = 2": "b = 4", "c = 3": "c = 5"})
    assert run(["merge", base, ours, theirs, "-o", theirs]) == 1
    say("t\n")
    assert run(["merge", "--resolve", theirs]) == 0
    text = Path(theirs).read_text(encoding="utf-8")
    assert "b = 4" in text and "c = 5" in text
    assert reports(tmp_path) == []


@pytest.mark.long
def test_no_flow_that_a_record_names_is_executed(clash, tmp_path):
    _, out = clash
    (tmp_path / "flow.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    record = tmp_path / "out.yml.conflicts.json"
    found = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps({**found, "base": str(tmp_path / "flow.py")}), encoding="utf-8")
    assert run(["merge", "--resolve", str(out), "--all", "theirs"]) == 0
    assert not (tmp_path / "ran").exists()
    assert "b = 4" in out.read_text(encoding="utf-8")


def test_a_secret_is_not_made_of_the_record(three, tmp_path, capsys):
    files = three({"hunter1": "hunter2"}, {"hunter1": "hunter3"})
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out)]) == 1
    before = out.read_bytes()
    Path(files[2]).unlink()
    assert run(["merge", "--resolve", str(out), "--all", "theirs"]) == 2
    assert "holds no secrets" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert len(reports(tmp_path)) == 2


@pytest.mark.long
def test_a_node_that_clashes_is_shown_as_yaml_without_secrets(three, tmp_path, say, capsys):
    node = (
        "    - {{id: x, type: custom, data: {{type: http-request, title: {0}, "
        "authorization: {{type: api-key, config: {{api_key: sk-{1}}}}}}}}}\n"
    )
    keys = ("pR7vQ2mXw8LkZ4tYb9NcJd3H", "zW5nT8kVq1RmX6yGc2HfLb7D")
    sides = [{"    # end\n": node.format(title, key)} for title, key in zip("AB", keys, strict=True)]
    files = three(*sides, file=FILE + "    # end\n")
    say("theirs\n")
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out), "--resolve", "--no-lint"]) == 0
    err = capsys.readouterr().err
    assert "  base: nothing\n  ours:\n    data:\n      authorization:\n" in err
    assert "title: B" in err and "sha256" in err and not any(key in err for key in keys)
    assert keys[1] in out.read_text(encoding="utf-8")


def test_all_are_settled_unasked(clash, tmp_path, capsys):
    _, out = clash
    assert run(["merge", "--resolve", str(out), "--all", "theirs"]) == 0
    text = out.read_text(encoding="utf-8")
    assert "title: Total" in text and "b = 4" in text
    assert reports(tmp_path) == []
    capsys.readouterr()
    assert run(["merge", "--resolve", str(out)]) == 2
    assert "nothing to settle" in capsys.readouterr().err


@pytest.mark.parametrize(("said", "code"), [("t\nq\n", 1), ("t\nskip\n", 1), ("t\n", 130)])
def test_what_is_left_can_be_settled_later(clash, tmp_path, say, capsys, said, code):
    _, out = clash
    say(said)
    assert run(["merge", "--resolve", str(out)]) == code
    err = capsys.readouterr().err
    assert f"1 conflict is left; go on with: difyflow merge --resolve {out}" in err
    text = out.read_text(encoding="utf-8")
    assert "title: Total" in text and "b = 3" in text
    found = json.loads((tmp_path / "out.yml.conflicts.json").read_text(encoding="utf-8"))
    assert [item["kind"] for item in found["conflicts"]] == ["text"]
    say("t\n")
    assert run(["merge", "--resolve", str(out)]) == 0
    err = capsys.readouterr().err
    assert "1 conflict was settled before" in err and "conflict 1 of 1: both changed the same lines" in err
    text = out.read_text(encoding="utf-8")
    assert "title: Total" in text and "b = 4" in text
    assert reports(tmp_path) == []


def test_what_was_changed_by_hand_stays(clash, say, capsys):
    _, out = clash
    text = out.read_text(encoding="utf-8")
    out.write_bytes(text.replace("c = 3", "c = 7").replace("title: Add", "title: Mine").encode())
    say("t\nt\n")
    assert run(["merge", "--resolve", str(out)]) == 0
    assert "was changed since it was merged: that stays" in capsys.readouterr().err
    text = out.read_text(encoding="utf-8")
    assert "c = 7" in text and "title: Mine" in text and "b = 4" in text


def test_a_result_that_changed_and_versions_that_are_gone_are_told(clash, capsys):
    files, out = clash
    out.write_bytes(out.read_bytes().replace(b"c = 3", b"c = 7"))
    Path(files[0]).unlink()
    before = out.read_bytes()
    assert run(["merge", "--resolve", str(out), "--all", "ours"]) == 2
    assert "the result has changed since" in capsys.readouterr().err
    assert out.read_bytes() == before


@pytest.mark.long
def test_a_result_that_is_gone_is_made_anew_if_the_versions_are_there(clash, capsys):
    files, out = clash
    out.unlink()
    Path(files[0]).rename(f"{files[0]}.away")
    assert run(["merge", "--resolve", str(out), "--all", "theirs"]) == 2
    assert "the result is gone" in capsys.readouterr().err
    Path(f"{files[0]}.away").rename(files[0])
    assert run(["merge", "--resolve", "-o", str(out), "--all", "theirs"]) == 0
    assert "b = 4" in out.read_text(encoding="utf-8")


def test_a_result_that_cannot_be_read_is_left_alone(clash, tmp_path, capsys):
    _, out = clash
    out.write_bytes(b"app: [half done")
    assert run(["merge", "--resolve", str(out), "--all", "theirs"]) == 3
    assert "out.yml" in capsys.readouterr().err
    assert out.read_bytes() == b"app: [half done"
    assert len(reports(tmp_path)) == 2


def test_lines_and_values_can_be_written_in_an_editor(clash, say, monkeypatch, tmp_path):
    _, out = clash
    script = tmp_path / "editor.sh"
    script.write_text('#!/bin/sh\ncp "$1" "$SEEN"\nprintf "b = 42\\nb2 = 43\\n" > "$1"\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    (tmp_path / "seen").mkdir()
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    say("ours\nedit\n")
    assert run(["merge", "--resolve", str(out)]) == 0
    (seen,) = (tmp_path / "seen").iterdir()
    assert seen.suffix == ".py"
    assert seen.read_text(encoding="utf-8") == (
        "<<<<<<< ours\nb = 3\n||||||| base\nb = 2\n=======\nb = 4\n>>>>>>> theirs\n"
    )
    code = difyflow.read(out.read_bytes()).graph.node("code").data.code
    assert code == "a = 9\n\nb = 42\nb2 = 43\n\nc = 3\n"


@pytest.mark.long
@pytest.mark.parametrize(
    ("written", "says"),
    [("cat", "nothing was saved"), ("sed -i s/3/7/", "marks of the conflict"), ("false", "")],
)
def test_an_editor_that_leaves_nothing_leaves_the_conflict(clash, say, monkeypatch, capsys, written, says):
    _, out = clash
    monkeypatch.setenv("VISUAL", written)
    say("o\ne\ns\n")
    assert run(["merge", "--resolve", str(out)]) == 1
    assert says in capsys.readouterr().err
    assert "b = 3" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--resolve", "nowhere.yml"], "nothing to settle"),
        (["--resolve", "a", "b"], "--resolve takes the result"),
        (["--resolve", "-"], "--resolve takes the result"),
        (["a.yml", "b.yml"], "three versions are needed"),
        ([], "three versions are needed"),
        (["--resolve"], "--resolve takes the result"),
        (["a", "b", "c", "--all", "ours"], "--all settles conflicts"),
    ],
)
def test_arguments_that_do_not_go_together_are_told(tmp_path, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(tmp_path)
    assert run(["merge", *arguments]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"version": 1}', b'{"version": 9}', b"\xff\x00"])
def test_a_record_that_is_broken_is_told(clash, tmp_path, capsys, data):
    _, out = clash
    (tmp_path / "out.yml.conflicts.json").write_bytes(data)
    before = out.read_bytes()
    assert run(["merge", "--resolve", str(out), "--all", "ours"]) == 3
    assert "out.yml.conflicts.json: this is no record" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_an_error_of_the_result_alone_can_be_settled_either_way(asked, tmp_path, say, capsys):
    files, out = asked, tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out)]) == 1
    err = capsys.readouterr().err
    assert "ours is kept, without this: theirs: changed Start" in err
    assert "topic" in out.read_text(encoding="utf-8").split("nodes:")[1].split("- id: code")[0]
    page = (tmp_path / "out.yml.conflicts.md").read_text(encoding="utf-8")
    assert "Kept: ours. So the result lacks:" in page
    say("theirs\n" * 3)
    assert run(["merge", "--resolve", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "topic" not in text
    assert reports(tmp_path) == []


@pytest.mark.long
def test_a_merge_goes_into_a_split_folder(three, tmp_path, say):
    base, ours, theirs = three({"b = 2": "b = 3"}, {"b = 2": "b = 4", "c = 3": "c = 5"})
    place = tmp_path / "wf"
    assert run(["split", ours, str(place), "--reformat"]) == 0
    assert run(["merge", base, str(place), theirs, "-o", f"{place}/"]) == 1
    assert (place / "code/Sum.py").read_text(encoding="utf-8") == "a = 1\n\nb = 3\n\nc = 5\n\n"
    assert reports(tmp_path) == ["wf.conflicts.json", "wf.conflicts.md"]
    say("t\n")
    assert run(["merge", "--resolve", str(place)]) == 0
    assert "b = 4" in (place / "code/Sum.py").read_text(encoding="utf-8")
    assert reports(tmp_path) == []


def test_nothing_is_written_when_nobody_answers(three, tmp_path, monkeypatch):
    files = three({"b = 2": "b = 3"}, {"b = 2": "b = 4"})
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out), "--resolve"]) == 130
    assert not out.exists()


def test_a_text_that_does_not_take_the_result_is_written_anew(three, capsys):
    file = FILE.replace("position: {x: 0, y: 0}", "position: &p {x: 0, y: 0}").replace(
        "position: {x: 300, y: 0}", "position: *p"
    )
    files = three({"a = 1": "a = 10"}, {"&p {x: 0": "&p {x: 9", "Start,": "Begin,"}, file=file)
    assert run(["merge", *files]) == 0
    out, err = capsys.readouterr()
    assert "written anew" in err
    assert out == difyflow.read(out).render()


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "nothing in it"),
        ("a: [", "not valid YAML"),
        ("app:\n<<<<<<< x\n", "conflict markers"),
        ("a: 1\n", "`app:`"),
    ],
)
def test_a_side_that_cannot_be_read_is_told_and_nothing_is_written(
    three, write, tmp_path, capsys, which, text, says
):
    files = three({}, {})
    files[which] = write("bad.yml", text)
    out = write("out.yml", "mine")
    assert run(["merge", *files, "-o", out]) == 3
    err = capsys.readouterr().err
    assert says in err
    assert "bad.yml" in err
    assert (tmp_path / "out.yml").read_bytes() == b"mine"


def test_a_side_that_is_not_there_is_told(three, capsys):
    base, ours, _ = three({}, {})
    assert run(["merge", base, ours, "nowhere.yml"]) == 3
    assert "nowhere.yml: cannot be read" in capsys.readouterr().err


def test_only_one_side_can_be_standard_input(three, capsys):
    base, _, _ = three({}, {})
    assert run(["merge", base, "-", "-"]) == 2
    assert "standard input" in capsys.readouterr().err


def test_the_encoding_of_ours_stays(three, tmp_path):
    files = three({"a = 1": "a = 10"}, {"c = 3": "c = 30"})
    path = tmp_path / "ours.yml"
    path.write_bytes(("\ufeff" + path.read_text(encoding="utf-8")).encode("utf-16-le"))
    out = tmp_path / "out.yml"
    assert run(["merge", *files, "-o", str(out)]) == 0
    text = out.read_bytes().decode("utf-16-le")
    assert text.startswith("\ufeff# our file")
    assert "c = 30" in text
