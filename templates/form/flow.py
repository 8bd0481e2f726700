"""__NAME__: fills in a form from a letter, and asks back for what is missing (DSL 0.5.0, Dify 1.10).

Run it:  difyflow run . --input letter='Please send 3 red chairs to Oak Street 5' --input urgent=true
"""

from difyflow import Flow
from difyflow.nodes.end import End, outputs
from difyflow.nodes.if_else import IfElse, case, when
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.parameter_extractor import ParameterExtractor, parameter
from difyflow.nodes.start import Start, checkbox, paragraph, select
from difyflow.nodes.template_transform import TemplateTransform, inputs

small = chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.1)

flow = Flow("__NAME__", version="0.5.0")

start = flow.add(
    Start(
        variables=(
            paragraph("letter", "The customer's letter"),
            select(
                "language", "Answer in", ["English", "中文", "Deutsch"], required=False, default="English"
            ),
            checkbox("urgent", "Urgent", required=False, default=False),
        )
    )
)
fill = flow.add(
    ParameterExtractor(
        title="Fill in",
        model=small,
        query=start.letter,
        parameters=(
            parameter("article", "What is ordered", required=True),
            parameter("quantity", "How many; 1 if the letter does not say", type="number", required=True),
            parameter("address", "Where it shall be sent", required=True),
            parameter("mood", "How the customer feels", options=("calm", "annoyed", "angry")),
        ),
        instruction="Leave out what the letter does not say.",
    ),
    id="fill",
)
complete = flow.add(
    IfElse(
        title="Complete?",
        cases=(case(when(fill.article).not_empty(), when(fill.address).not_empty(), id="complete"),),
    ),
    id="complete",
)
start >> fill >> complete

with complete.on("complete") as yes:
    order = flow.add(
        TemplateTransform(
            title="Order",
            variables=inputs(
                article=fill.article, quantity=fill.quantity, address=fill.address, urgent=start.urgent
            ),
            template="{{ quantity }} x {{ article }}\n{{ address }}{% if urgent %}\nURGENT{% endif %}",
        ),
        id="order",
    )
    ordered = flow.add(
        End(title="Ordered", outputs=outputs(order=order.output, mood=fill.mood)), id="ordered"
    )
    yes >> order >> ordered

with complete.on("false") as no:
    ask = flow.add(
        LLM(
            title="Ask back",
            model=small,
            prompt_template=(
                system(f"Write in {start.language}. Ask politely, in two sentences, for what is missing."),
                user(f"Letter: {start.letter}\n\nArticle: {fill.article}\nAddress: {fill.address}"),
            ),
        ),
        id="ask",
    )
    asked = flow.add(End(title="Asked", outputs=outputs(question=ask.text)), id="asked")
    no >> ask >> asked
