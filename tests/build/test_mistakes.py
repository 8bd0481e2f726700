"""A mistake of an author is one error: the line in his flow.py, what is wrong, how to mend it."""

from __future__ import annotations

import pytest

import difyflow
from difyflow.errors import BuildError

HEAD = """\
from difyflow import Flow
from difyflow.build import beside
from difyflow.nodes.answer import Answer
from difyflow.nodes.code import Code, inputs, returns
from difyflow.nodes.end import End, outputs
from difyflow.nodes.http_request import HttpRequest
from difyflow.nodes.if_else import IfElse, case, when
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM, chat, structured, user
from difyflow.nodes.start import Start, files, paragraph
from difyflow.nodes.variable_aggregator import VariableAggregator
flow = Flow("x")
here = beside(__file__)
start = flow.add(Start(variables=(paragraph("q", "Q"), files("docs", "Docs"))))
llm = flow.add(LLM(model=chat("openai", "gpt-4o")))
"""

MISTAKES = [
    ("LLM(promt_template=())", "LLM has no field 'promt_template'; do you mean 'prompt_template'?", None),
    ("LLM(completely_else=1)", "LLM has no field 'completely_else'; it has: ", None),
    ("LLM(model='gpt-4o')", "LLM: model takes a Model, and is 'gpt-4o'", "made by: chat(...)"),
    (
        "LLM(prompt_template='Hi')",
        "LLM: prompt_template takes a tuple, (x, y) or (x,), and is 'Hi'",
        "user(...)",
    ),
    (
        "LLM(prompt_template=('Hi',))",
        "LLM: prompt_template[0] takes a PromptMessage, and is 'Hi'",
        "system(...)",
    ),
    ("LLM(title='x' * 5, desc=7)", "LLM: desc takes string, and is 7", None),
    (
        "IfElse(cases=case(when(start.q).is_('a')))",
        "IfElse: cases takes a tuple, and is one Case alone",
        "(x,)",
    ),
    ("HttpRequest(error_strategy='fail')", "takes 'fail-branch' or 'default-value', and is 'fail'", None),
    (
        "End(outputs=outputs(x='hello'))",
        "value_selector takes a reference, such as llm.text, and is 'hello'",
        None,
    ),
    ("End(outputs=outputs(x=llm))", "and is the node 'llm'", "name one of its outputs: text, "),
    ("Answer(answer=f'{llm}')", "a text names node 'llm' itself", "name an output: text, "),
    ("Code(outputs=returns(x='str'))", "x cannot be 'str'; a code node returns string, ", None),
    ("when(start.q).equals('a')", "'When' object has no attribute 'equals'", "is_, is_not, "),
    ("llm.txt", "has no output 'txt'", "it has: text, "),
    ("llm.on('fail-branch')", "has no way out", "LLM(error_strategy='fail-branch', ...)"),
    ("start >> 'llm'", "a str is no node of a flow", "node = flow.add(...)"),
    ("flow.add(chat('a', 'b'))", "a Model is no node", "LLM(...)"),
    (
        "flow.add(Iteration(iterator_selector=start.docs))",
        "iteration holds other nodes",
        "flow.container(Iteration",
    ),
    ("flow.container(LLM())", "llm is no container", "Iteration and Loop"),
    (
        "Flow('x', mode='chatflow')",
        "mode is 'workflow' or 'advanced-chat', and not 'chatflow'",
        "a chatflow is",
    ),
    ("here('prompts/none.md')", "prompts/none.md cannot be read", "it is looked for in "),
    ("import difyflow.nodes.llmm", "No module named 'difyflow.nodes.llmm'", "there is: llm"),
    ("flow.nod()", "'Flow' object has no attribute 'nod'", "add, "),
    (
        "HttpRequest(headers={'A': 'b'})",
        "headers takes string, and is {'A': 'b'}",
        "`name:value`; see `lines`",
    ),
    ("when(start.docs.type).is_('x')", "", '.key("type")'),
    ("case(when(start.docs.type).is_('x'))", "takes a reference", '.key("type")'),
    ("from difyflow.nodes.loop import loop_variable", "cannot import name", "it has: Condition, Loop, "),
    ("case(start.q > 3)", "start.q has no value yet that could be compared with 3", "when(start.q) > 3"),
    ("case(when(start.q) == 3)", "conditions[0] takes a Condition, and is False", "made by: when(...)"),
    ("case(when(start.q) > 3 and when(start.q) > 4)", "not by `and`, `or`, `not` or `if` here", None),
    ("user(start.q)", "text takes string, and is the reference start.q", 'f"{start.q}"'),
    ("VariableAggregator(variables=start.q)", "takes a reference", "a tuple, and so is one: (start.query,)"),
    ("structured('name')", "takes a pydantic model or a JSON schema, and not 'name'", None),
    ("start >> Flow('y').add(LLM())", "they are nodes of two flows", None),
    ("1 / 0", "ZeroDivisionError: division by zero", None),
    ("strat", "NameError: name 'strat' is not defined", None),
]


@pytest.mark.parametrize(("mistake", "says", "hint"), MISTAKES, ids=[item[0] for item in MISTAKES])
def test_a_mistake_names_its_line_what_is_wrong_and_how_to_mend_it(tmp_path, mistake, says, hint):
    file = tmp_path / "flow.py"
    file.write_text(f"{HEAD}{mistake}\n")
    with pytest.raises(BuildError) as caught:
        difyflow.load(file)
    assert (caught.value.path, caught.value.line) == (str(file), HEAD.count("\n") + 1)
    assert says in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")
    assert "\n" not in caught.value.message
