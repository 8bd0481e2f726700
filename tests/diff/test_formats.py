"""Each format of a diff: fit for its reader, and nothing of a file gets out of its text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import documents
from difyflow.diff import compare, patch
from difyflow.diff._values import Mask, same
from difyflow.diff.changes import from_json
from difyflow.diff.formats import json as as_json
from difyflow.diff.formats import markdown, text
from difyflow.diff.formats._how import How
from difyflow.errors import UsageError

SCHEMA = Path(__file__).with_name("diff.schema.json")
KEY = "sk-" + "Qm7Zt2Kp9Wd4Rx8Vb3Nf6Hc1"


def app(value="", **data):
    node = {"id": "n", "type": "custom", "data": {"type": "llm", "title": "Ask", **data}}
    variables = [{"name": "key", "value_type": "secret", "value": value}]
    return {
        "app": {"name": "x", "mode": "workflow"},
        "workflow": {"graph": {"nodes": [node], "edges": []}, "environment_variables": variables},
    }


@pytest.mark.long
@documents.SOME
@given(st.data(), documents.documents())
def test_every_format_shows_any_two_documents(data, one):
    diff = compare(one, data.draw(documents.edited(one)))
    for show in (text.show, markdown.show, as_json.show):
        for layout in (False, True):
            show(diff, How(layout=layout)).encode()


@pytest.mark.long
@pytest.mark.local  # jsonschema comes with the engine
@documents.SOME
@given(st.data(), documents.documents())
def test_json_follows_its_schema_and_can_be_made_again(data, one):
    import jsonschema

    other = data.draw(documents.edited(one))
    found = json.loads(as_json.show(compare(one, other)))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(found)
    changes = [from_json(item) for item in found["changes"]]
    if "$secret" not in json.dumps(found):
        assert same(patch(one, changes), other)


def test_a_secret_is_masked_in_json_and_not_made_again():
    one, other = app("hunter2"), app("hunter3")
    found = json.loads(as_json.show(compare(one, other)))
    (change,) = found["changes"]
    assert change["before"] == {"$secret": f"sha256:{Mask.of('hunter2').digest}"}
    with pytest.raises(UsageError, match="tells no secrets"):
        patch(one, [from_json(change)])
    with pytest.raises(UsageError, match="reads otherwise"):
        patch(app("other"), [from_json(change)])


@pytest.mark.parametrize("name", ["key", "other"])
def test_a_secret_is_not_told_by_a_version_that_takes_it_for_plain_text(name):
    one, other = app("hunter2"), app("hunter2")
    other["workflow"]["environment_variables"][0] |= {"name": name, "value_type": "string"}
    for diff in (compare(one, other), compare(other, one)):
        for show in (text.show, markdown.show, as_json.show):
            assert "hunter2" not in show(diff, How())


def test_what_else_is_secret_is_masked_wherever_it_stands():
    one, other = app(), app(prompt_template=[{"role": "user", "text": KEY}], url=KEY)
    how = How(is_secret=lambda _, value: value == KEY)
    for show in (text.show, markdown.show, as_json.show):
        shown = show(compare(one, other), how)
        assert KEY not in shown
        assert "sha256" in shown


def test_a_secret_that_did_not_change_is_not_shown_at_all():
    assert "sha256" not in text.show(compare(app("hunter2"), app("hunter2", a=1)))


def test_the_same_gives_nothing():
    assert text.show(compare(app(), app())) == ""
    assert markdown.show(compare(app(), app())) == "No changes.\n"
    assert json.loads(as_json.show(compare(app(), app())))["changes"] == []


def test_markdown_folds_texts_into_blocks():
    one = app(prompt_template=[{"role": "system", "text": "Be kind.\nBe short.\n"}])
    other = app(prompt_template=[{"role": "system", "text": "Be kind.\nBe very short.\n"}])
    assert (
        markdown.show(compare(one, other), How(names=("old.yml", "new.yml")))
        == """\
### x

`old.yml` → `new.yml`

#### Nodes

- ✏️ **Ask** `llm n`
  - `prompt_template[system].text` <details><summary>+1 −1 lines</summary>

    ```diff
     Be kind.
    -Be short.
    +Be very short.
    ```

    </details>
"""
    )


@pytest.mark.parametrize(
    "title",
    [
        "# Head",
        "[x](http://evil)",
        "@everyone",
        "<script>",
        "a\n- b",
        "`code`",
        "![i](http://x/y.png)",
        "|a|b|",
    ],
)
def test_nothing_of_a_title_is_markdown(title):
    other = app()
    other["workflow"]["graph"]["nodes"][0]["data"] |= {"title": title, "x": title}
    shown = markdown.show(compare(app(), other))
    for line in shown.splitlines():
        bare = line.replace("`", "").lstrip("- ✏️*")
        assert not bare.startswith(("# Head", "- b"))
    assert "\\<script\\>" in shown or "<script>" not in shown.replace("`<script>`", "")


def test_a_fence_is_longer_than_any_in_the_text():
    other = app(prompt_template=[{"role": "system", "text": "```\ncode\n````\nend\n"}])
    one = app(prompt_template=[{"role": "system", "text": ""}])
    assert "    `````diff\n" in markdown.show(compare(one, other))


def test_a_comment_that_would_be_too_long_is_cut_and_says_so():
    nodes = [
        {"id": f"n{n}", "type": "custom", "data": {"type": "llm", "title": f"N{n}", "x": "y" * 70}}
        for n in range(1000)
    ]
    other = app()
    other["workflow"]["graph"]["nodes"] += nodes
    shown = markdown.show(compare(app(), other))
    assert len(shown) < 65_536
    assert shown.endswith("*The rest is left out: this comment would be too long.*\n")


def test_text_keeps_control_characters_from_the_terminal():
    shown = text.show(
        compare(app(), app(x="\x1b[2J", y="\x9b\u202e" + "long " * 30)), How(names=("\x1b]0;x\x07", "b"))
    )
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
