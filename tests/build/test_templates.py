"""Templates are starting points that work."""

import pytest

import difyflow
from difyflow.build import templates
from difyflow.errors import UsageError


@pytest.mark.parametrize("template", templates.names())
@pytest.mark.parametrize("name", ["my-flow", '论语 "语料" \\ {x}', "a\nb"])
def test_a_template_makes_a_flow_that_renders_and_carries_the_name(tmp_path, template, name):
    made = templates.make(name, tmp_path / "flow", template=template)
    assert tmp_path / "flow" / "flow.py" in made
    app = difyflow.load(tmp_path / "flow")
    assert app.name == name.replace("\n", "")
    assert difyflow.read(app.render()) == app
    assert app.problems() == ()
    assert templates.summary(template)


def test_an_existing_folder_is_left_alone(tmp_path):
    with pytest.raises(UsageError, match="exists"):
        templates.make("x", tmp_path, template="minimal")


def test_an_unknown_template_names_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match="corpus"):
        templates.make("x", tmp_path / "x", template="nope")


def test_a_place_that_takes_no_folder_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        templates.make("x", tmp_path / "file" / "x", template="minimal")
