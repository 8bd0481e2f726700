"""A target is a flow.py, a file, a folder or standard input."""

import sys

import pytest

import difyflow
from difyflow.errors import BuildError, ReadError

FLOW = """
from difyflow import Flow
from difyflow.nodes.start import Start
from helper import NAME

flow = Flow(NAME)
flow.add(Start())
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "helper.py").write_text("NAME = 'one'\n")
    (tmp_path / "flow.py").write_text(FLOW)
    return tmp_path


def test_a_folder_stands_for_its_flow(folder):
    assert difyflow.load(folder).name == "one"
    assert difyflow.load(str(folder / "flow.py")).name == "one"


def test_modules_beside_a_flow_do_not_leak_into_the_next_one(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "helper.py").write_text("NAME = 'two'\n")
    (other / "flow.py").write_text(FLOW)
    assert [difyflow.load(folder).name, difyflow.load(other).name, difyflow.load(folder).name] == [
        "one",
        "two",
        "one",
    ]
    assert "helper" not in sys.modules
    assert str(folder) not in sys.path


def test_a_folder_without_a_flow_stands_for_its_app_yml(folder):
    (folder / "app.yml").write_text(difyflow.load(folder).render())
    (folder / "flow.py").unlink()
    assert difyflow.load(folder).name == "one"
    (folder / "app.yml").rename(folder / "other.yml")
    with pytest.raises(ReadError, match=r"other\.yml"):
        difyflow.load(folder)


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("x = 1\nraise ValueError('no\\nway')\n", 2, "ValueError: no way"),
        ("def f(:\n", 1, "SyntaxError"),
        ("import no_such_module\n", 1, "no_such_module"),
        ("x = 1\n", None, "no `flow`"),
        ("flow = 3\n", None, "no `flow`"),
        ("raise SystemExit(3)\n", 1, "SystemExit"),
        ("from difyflow import Flow\nflow = Flow('x')\nflow.add(3)\n", 3, ""),
        ("from difyflow.nodes.llm import LLM\n\nLLM(titel='x')\n", 3, "titel"),
        (
            "from difyflow import Flow\nfrom difyflow.nodes.llm import LLM\n"
            "llm = Flow('x').add(LLM())\nllm.txt\n",
            4,
            "no output 'txt'",
        ),
    ],
)
def test_a_flow_that_fails_is_one_error_with_its_line(tmp_path, source, line, says):
    path = tmp_path / "flow.py"
    path.write_text(source)
    with pytest.raises(BuildError) as caught:
        difyflow.load(path)
    assert caught.value.path == str(path)
    assert caught.value.line == line
    assert says in str(caught.value)


def test_a_flow_without_nodes_names_its_file(tmp_path):
    path = tmp_path / "flow.py"
    path.write_text("from difyflow import Flow\nflow = Flow('x')\n")
    with pytest.raises(BuildError, match="no nodes"):
        difyflow.load(path)
