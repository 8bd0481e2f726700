"""What the node types that call a model share (dsl.md 5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from difyflow.nodes._base import FILES, Template
from difyflow.nodes._look import CanvasRow
from difyflow.nodes._moves import Path, Release, Step, provider_steps
from difyflow.nodes._record import NEVER, PLUGIN_NAME, Record, Spelled
from difyflow.terms.selector import Selector

_QUERY = Selector(("sys", "query"))
_FILES = Selector(("sys", "files"))


class NamesModel(Record):
    """A record that says which language model is asked."""

    MODEL_KEYS: ClassVar[tuple[str, str]] = ("provider", "name")
    """The keys of the provider and of the model in it."""


class Model(NamesModel):
    """Which model, and with what parameters."""

    provider: Annotated[str, PLUGIN_NAME] = ""
    """`langgenius/openai/openai` since Dify 1.0; `openai` before."""
    name: str = ""
    mode: str = "chat"
    """chat or completion."""
    completion_params: dict[str, Any] | None = Field(default_factory=dict)

    def steps_to(self, release: Release, path: Path = ()) -> Iterator[Step]:
        """The provider's name."""
        yield from provider_steps(self.provider, release, (*path, "provider"))
        yield from super().steps_to(release, path)

    def spelled(self) -> Spelled | None:
        """`chat(...)` for chat models."""
        params = self.completion_params
        if self.mode != "chat" or params is None or not all(key.isidentifier() for key in params):
            return None
        return Spelled("chat", (self.provider, self.name), params)


def chat(provider: str, name: str, **completion_params: object) -> Model:
    """A chat model: `chat("siliconflow", "Qwen/...", temperature=0.3)`."""
    return Model(provider=provider, name=name, completion_params=completion_params)


def model_rows(model: Model) -> tuple[CanvasRow, ...]:
    """The row of a model on the canvas; none before one is chosen."""
    return (CanvasRow("model", model.name, model.provider),) if model.name else ()


class Context(Record):
    """Knowledge that `{{#context#}}` in the prompt stands for."""

    enabled: bool = False
    variable_selector: Selector = Selector()

    def spelled(self) -> Spelled | None:
        """`context(...)`."""
        return Spelled("context", (self.variable_selector,)) if self.enabled else None


class VisionConfigs(Record):
    """Which files the model sees."""

    detail: Literal["low", "high"] = "high"
    variable_selector: Annotated[Selector, NEVER, FILES] = Selector()
    """If absent, the files of the chat."""


class Vision(Record):
    """Images for the model; null `configs` is read as the defaults."""

    enabled: bool = False
    configs: VisionConfigs | None = None

    def spelled(self) -> Spelled | None:
        """`vision(...)`."""
        if not self.enabled or self.configs is None:
            return None
        said = "variable_selector" in self.configs.model_fields_set
        variable = self.configs.variable_selector if said else None
        given = {"variable": variable, "detail": self.configs.detail}
        return Spelled("vision", (), given)


class MemoryWindow(Record):
    """How many turns are remembered."""

    enabled: bool = False
    size: int | None = 10


class RolePrefix(Record):
    """Names of the speakers; for completion models only."""

    user: str = ""
    assistant: str = ""


class Memory(Record):
    """The conversation so far, in chatflows."""

    window: MemoryWindow | None = MemoryWindow()
    query_prompt_template: Template | None = None
    role_prefix: RolePrefix | None = None

    def spelled(self) -> Spelled | None:
        """`memory(...)`."""
        window = self.window
        if window is None:
            return None
        given = {"query": self.query_prompt_template, "role_prefix": self.role_prefix}
        return Spelled("memory", (), {"turns": window.size if window.enabled else None, **given})


def context(variable: Selector) -> Context:
    """Knowledge for `{{#context#}}`: the result of a knowledge retrieval, or any text."""
    return Context(enabled=True, variable_selector=variable)


def vision(variable: Selector | None = _FILES, detail: Literal["low", "high"] = "high") -> Vision:
    """Shows files to the model; default: those of the chat, which None leaves to Dify to know."""
    configs = VisionConfigs(detail=detail)
    if variable is not None:
        configs = configs.changed(variable_selector=variable)
    return Vision(enabled=True, configs=configs)


def memory(
    turns: int | None = None,
    *,
    query: str | None = f"{_QUERY}\n\n{_FILES}",
    role_prefix: RolePrefix | None = None,
) -> Memory:
    """The conversation so far, in a chatflow.

    Args:
        turns: how many; None = all that fit.
        query: the last user message; a chat model's must contain `{{#sys.query#}}`.
        role_prefix: names of the speakers, for a completion model.
    """
    made = Memory(window=MemoryWindow(enabled=turns is not None, size=10 if turns is None else turns))
    if query is not None:
        made = made.changed(query_prompt_template=query)
    return made if role_prefix is None else made.changed(role_prefix=role_prefix)
