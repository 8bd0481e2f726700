"""__NAME__: a chat that answers from your documents, or says that they do not (DSL 0.5.0, Dify 1.10).

Needs a Dify server with a knowledge base: pick it in the node "Search" after the import.
"""

from difyflow import Flow
from difyflow.dsl import Features
from difyflow.nodes.answer import Answer
from difyflow.nodes.if_else import IfElse, case, when
from difyflow.nodes.knowledge_retrieval import KnowledgeRetrieval, best
from difyflow.nodes.llm import LLM, chat, context, memory, system
from difyflow.nodes.start import Start

flow = Flow(
    "__NAME__",
    mode="advanced-chat",
    version="0.5.0",
    features=Features(
        opening_statement="Ask me anything about our documents.",
        suggested_questions=("What is this about?", "Where do I begin?"),
    ),
)
question = flow.sys("query")

start = flow.add(Start())
search = flow.add(
    KnowledgeRetrieval(title="Search", query_variable_selector=question, multiple_retrieval_config=best(4))
)
found = flow.add(IfElse(title="Anything?", cases=(case(when(search.result).not_empty(), id="found"),)))

start >> search >> found

with found.on("found") as yes:
    llm = flow.add(
        LLM(
            title="Answer from it",
            model=chat("langgenius/openai/openai", "gpt-4o-mini", temperature=0.2),
            context=context(search.result),
            memory=memory(10),
            prompt_template=(
                system(
                    "Answer from the passages below, and from nothing else. "
                    "If they do not answer the question, say so.\n\n{{#context#}}"
                ),
            ),
        )
    )
    answer = flow.add(Answer(answer=f"{llm.text}"), id="answer")
    yes >> llm >> answer

with found.on("false") as no:
    nothing = flow.add(Answer(title="Nothing", answer="Our documents say nothing about that."), id="nothing")
    no >> nothing
