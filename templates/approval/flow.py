"""__NAME__: a draft waits until a person approves it, or sends it back with remarks (DSL 0.6.0, Dify 1.13).

Needs a Dify server: a run pauses there, and the form opens in the web app or from the e-mail's link.
"""

from difyflow import Flow
from difyflow.nodes.end import End, outputs
from difyflow.nodes.human_input import URL, HumanInput, action, email, field, paragraph, webapp
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.start import Start, text

small = chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.7)

flow = Flow("__NAME__", version="0.6.0")

start = flow.add(Start(variables=(text("topic", "Topic", max_length=200),)))
draft = flow.add(
    LLM(
        title="Draft",
        model=small,
        prompt_template=(system("Write a newsletter item of five sentences."), user(f"{start.topic}")),
    ),
    id="draft",
)
ask = flow.add(
    HumanInput(
        title="Approve?",
        delivery_methods=(
            webapp(),
            email("A draft waits for you", f"Please read it: {URL}", "editor@example.com"),
        ),
        form_content=f"{draft.text}\n\nYour remarks: {field('remarks')}",
        inputs=(paragraph("remarks"),),
        user_actions=(action("approve", "Publish", "primary"), action("revise", "Revise")),
        timeout=2,
        timeout_unit="day",
    ),
    id="ask",
)
start >> draft >> ask

with ask.on("approve") as approved:
    publish = flow.add(End(title="Published", outputs=outputs(text=draft.text)), id="publish")
    approved >> publish

with ask.on("revise") as revise:
    again = flow.add(
        LLM(
            title="Revise",
            model=small,
            prompt_template=(
                system("Change the text as the editor asks, and nothing else."),
                user(f"Text: {draft.text}\n\nThe editor: {ask.remarks}"),
            ),
        ),
        id="again",
    )
    revised = flow.add(End(title="Revised", outputs=outputs(text=again.text)), id="revised")
    revise >> again >> revised

with ask.on("__timeout") as late:
    nobody = flow.add(End(title="Nobody came", outputs=outputs(draft=draft.text)), id="nobody")
    late >> nobody
