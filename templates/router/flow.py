"""__NAME__: sorts questions, answers each kind in its own way, survives a failing model (DSL 0.5.0, Dify 1.10).

Run it:  difyflow run . --query 'The app crashes when I log in'
"""

from difyflow import Flow
from difyflow.build import beside
from difyflow.nodes.answer import Answer
from difyflow.nodes.llm import LLM, chat, memory, retry, system
from difyflow.nodes.question_classifier import QuestionClassifier, classes
from difyflow.nodes.start import Start

here = beside(__file__)
small = chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.1)

flow = Flow("__NAME__", mode="advanced-chat", version="0.5.0")

start = flow.add(Start())
sort = flow.add(
    QuestionClassifier(
        title="What is it about?",
        query_variable_selector=flow.sys("query"),
        model=small,
        classes=classes(
            refund="Wants money back, asks about an invoice or a payment",
            technical="Something does not work, an error message, a question how to do it",
            other="Anything else",
        ),
    )
)
start >> sort

with sort.on("refund") as refund:
    form = flow.add(Answer(title="Refund", answer="Please fill in https://example.com/refund."), id="form")
    refund >> form

with sort.on("technical") as technical:
    support = flow.add(
        LLM(
            title="Help",
            model=small,
            memory=memory(6),
            prompt_template=(system(here("prompts/technical.md")),),
            retry_config=retry(2),
            error_strategy="fail-branch",
        ),
        id="support",
    )
    helped = flow.add(Answer(title="Help given", answer=f"{support.text}"), id="helped")
    technical >> support >> helped

    with support.on("fail-branch") as failed:
        sorry = flow.add(
            Answer(
                title="Sorry",
                answer=f"I cannot answer right now ({support.error_type}). Please write to help@example.com.",
            ),
            id="sorry",
        )
        failed >> sorry

with sort.on("other") as other:
    talk = flow.add(
        LLM(
            title="Talk",
            model=small,
            memory=memory(6),
            prompt_template=(system("Answer in one friendly sentence, and ask how you can help."),),
        ),
        id="talk",
    )
    talked = flow.add(Answer(title="Talked", answer=f"{talk.text}"), id="talked")
    other >> talk >> talked
