"""__NAME__: a question in, an answer out (DSL 0.6.0, Dify 1.13)."""

from difyflow import Flow
from difyflow.nodes.end import End, outputs
from difyflow.nodes.llm import LLM, chat, system, user
from difyflow.nodes.start import Start, paragraph

flow = Flow("__NAME__", version="0.6.0")

start = flow.add(Start(variables=(paragraph("question", "Question"),)))
llm = flow.add(
    LLM(
        model=chat("langgenius/siliconflow/siliconflow", "Qwen/Qwen2.5-7B-Instruct", temperature=0.7),
        prompt_template=(system("Answer in two sentences."), user(f"{start.question}")),
    )
)
end = flow.add(End(outputs=outputs(answer=llm.text)))

start >> llm >> end
