"""Apps to draw."""

from __future__ import annotations

import pytest

import difyflow
from difyflow import Flow
from difyflow.nodes.answer import Answer
from difyflow.nodes.code import Code, inputs, returns
from difyflow.nodes.http_request import HttpRequest
from difyflow.nodes.if_else import IfElse, case, when
from difyflow.nodes.iteration import Iteration
from difyflow.nodes.llm import LLM, chat, system
from difyflow.nodes.question_classifier import QuestionClassifier, classes
from difyflow.nodes.start import Start, number, select, text


@pytest.fixture(scope="session")
def founding(root):
    return difyflow.load(root / "workflows/fine_tune_corpus")


@pytest.fixture(scope="session")
def branches():
    """Branches, an error branch, a container, notes, variables; every text a little nasty."""
    flow = Flow(
        'Kundendienst & "Co" <beta>', mode="advanced-chat", version="0.6.0", description="Erst\nzweit"
    )
    token = flow.env("TOKEN", "s3cret", value_type="secret")
    flow.env("base", "https://api.example.com")
    flow.conversation("topics", ["a", "b"])
    flow.needs("langgenius/openai:0.2.6@abc")
    start = flow.add(
        Start(
            title="开始",
            variables=(
                text("order", "Bestellnummer"),
                select("tone", "Ton", ("kurz", "lang"), required=False),
                number("limit", "Limit", default=3, required=False),
            ),
        )
    )
    route = flow.add(
        QuestionClassifier(
            title="Worum geht's?",
            query_variable_selector=flow.sys("query"),
            model=chat("langgenius/openai/openai", "gpt-4o-mini"),
            classes=classes(refund="Geld zurück", other="Alles andere"),
        ),
        id="route",
    )
    fetch = flow.add(
        HttpRequest(
            title="Bestellung <holen>",
            url=f"https://api.example.com/v1/orders/{start.order}?key={token}",
            error_strategy="fail-branch",
        ),
        id="fetch",
    )
    enough = flow.add(
        IfElse(title="Genug?", cases=(case(when(fetch.status_code) < 300, when(start.limit) > 2),)),
        id="enough",
    )
    split = flow.add(
        Code(title="Teilen", variables=inputs(body=fetch.body), outputs=returns(parts="array[string]")),
        id="split",
    )
    with flow.container(Iteration(title="Je Teil", iterator_selector=split.parts), id="each") as each:
        sum_up = each.add(
            LLM(
                title="Zusammenfassen\nund kürzen",
                model=chat("langgenius/openai/openai", "gpt-4o"),
                prompt_template=(system(f"{each.item}"),),
            ),
            id="sum_up",
        )
        each.start >> sum_up
        each.gives(sum_up.text)
    reply = flow.add(Answer(title="Antwort", answer=f"Hier: {each.output}"), id="reply")
    sorry = flow.add(Answer(title="Leider", answer="Das ging nicht."), id="sorry")
    start >> route
    route.on("refund") >> fetch >> enough
    route.on("other") >> sorry
    fetch.on("fail-branch") >> sorry
    enough.on("true") >> split >> each >> reply
    enough.on("false") >> sorry
    flow.note("Holt die Bestellung\nund fasst sie zusammen", at=(80, 60), theme="yellow", author="Ada")
    flow.note("später", theme="pink")
    return flow.build()
