"""__NAME__: writes, and writes again until the reviewer is content (DSL 0.5.0, Dify 1.10).

Run it:  difyflow run . --input task='A haiku about rain'
"""

from difyflow import Flow
from difyflow.build import beside
from difyflow.nodes.assigner import Assigner, assign
from difyflow.nodes.end import End, outputs
from difyflow.nodes.if_else import when
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.loop import Loop, variable
from difyflow.nodes.start import Start, paragraph

here = beside(__file__)
small = chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.7)

flow = Flow("__NAME__", version="0.5.0")

start = flow.add(Start(variables=(paragraph("task", "What to write"),)))

with flow.container(
    Loop(
        title="Until it is good",
        loop_count=4,
        loop_variables=(variable("draft", ""), variable("remarks", "")),
    )
) as rounds:
    write = rounds.add(
        LLM(
            title="Write",
            model=small,
            prompt_template=(
                system("You write what you are asked for, and nothing around it."),
                user(
                    f"Task: {start.task}\n\nYour last draft: {rounds.draft}\n\n"
                    f"What the reviewer said: {rounds.remarks}"
                ),
            ),
        ),
        id="write",
    )
    review = rounds.add(
        LLM(
            title="Review",
            model=small,
            prompt_template=(
                system(here("prompts/review.md")),
                user(f"Task: {start.task}\n\nDraft: {write.text}"),
            ),
        ),
        id="review",
    )
    keep = rounds.add(
        Assigner(
            title="Keep both",
            items=(
                assign(rounds.draft).over_write(write.text),
                assign(rounds.remarks).over_write(review.text),
            ),
        ),
        id="keep",
    )
    rounds.start >> write >> review >> keep
    rounds.until(when(rounds.remarks).start_with("GOOD"))

end = flow.add(End(outputs=outputs(text=rounds.draft, remarks=rounds.remarks)))

start >> rounds >> end
