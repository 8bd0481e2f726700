"""__NAME__: a chat whose agent looks things up on the web before it answers (DSL 0.5.0, Dify 1.10).

Needs a Dify server with the plugins langgenius/agent and langgenius/tavily and a key for Tavily.
"""

from difyflow import Flow
from difyflow.dsl import Features
from difyflow.nodes.agent import Agent, model, parameters, tool
from difyflow.nodes.answer import Answer
from difyflow.nodes.llm import memory
from difyflow.nodes.start import Start

flow = Flow(
    "__NAME__",
    mode="advanced-chat",
    version="0.5.0",
    features=Features(opening_statement="What shall I find out for you?"),
)
question = flow.sys("query")

start = flow.add(Start())
agent = flow.add(
    Agent(
        title="Look it up",
        agent_strategy_provider_name="langgenius/agent/agent",
        agent_strategy_name="function_calling",
        agent_strategy_label="FunctionCalling",
        agent_parameters=parameters(
            model=model("langgenius/openai/openai", "gpt-4o-mini", temperature=0.2),
            instruction=(
                "Find out before you answer: look up what can have changed, and say what day it is of. "
                "Name the page that each statement comes from."
            ),
            query=f"{question}",
            tools=(
                tool(
                    "langgenius/tavily/tavily",
                    "tavily_search",
                    "Web search",
                    description="Searches the web; for everything that can have changed.",
                ),
                tool("time", "current_time", "Now", description="Says what day and time it is."),
            ),
            maximum_iterations=6,
        ),
        memory=memory(10),
    )
)
answer = flow.add(Answer(answer=f"{agent.text}"))

start >> agent >> answer
