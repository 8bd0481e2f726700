"""What a local run is told from outside: a frozen value, so that nothing here reads the environment."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from difyflow.dsl.reader import read_values
from difyflow.errors import UsageError

DEMO = "demo"
"""The word that, given as `model_endpoint`, asks for the rule-based responder."""

MODEL_KEY = "DIFYFLOW_MODEL_KEY"
"""Variable with the key for `model_endpoint`. No provider's own key is ever sent to another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRule:
    """What a config file says of one model.

    Attributes:
        base_url: OpenAI-compatible endpoint; None = as the provider table says.
        key_env: name of the variable with the key; empty = no key is sent; None = as the provider table says.
        model: model id to send; None = the name in the DSL file.
    """

    base_url: str | None = None
    key_env: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """A config file: where models are found that the DSL file names.

    Attributes:
        rules: by `provider/model name`, `provider` or `*`; the first of these that exists counts.
    """

    rules: Mapping[str, ModelRule] = field(default_factory=dict)

    @classmethod
    def from_data(cls, data: object, *, path: str | None = None) -> ModelConfig:
        """Reads `{"models": {"siliconflow/Qwen/Qwen2.5-7B-Instruct": {"base_url": ..., ...}}}`.

        Raises:
            UsageError: another shape, or a field that does not exist.
        """
        models = data.get("models") if isinstance(data, Mapping) else None
        if not isinstance(models, Mapping):
            raise UsageError("a model config needs a mapping `models`", code="model-config", path=path)
        return cls(rules={str(name): _rule(str(name), entry, path) for name, entry in models.items()})

    @classmethod
    def read(cls, path: Path) -> ModelConfig:
        """Reads a TOML file (`[models."siliconflow/Qwen/Qwen2.5-7B-Instruct"]`), or the same in YAML or JSON.

        Raises:
            UsageError: not readable as TOML, or another shape.
            ReadError: not readable as YAML or JSON.
        """
        if path.suffix.lower() in (".yml", ".yaml", ".json"):
            return cls.from_data(read_values(path), path=str(path))
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as err:
            message = f"cannot read the model config: {err}"
            raise UsageError(message, code="model-config", path=str(path)) from err
        return cls.from_data(data, path=str(path))


def _rule(name: str, entry: object, path: str | None) -> ModelRule:
    known = tuple(ModelRule.__dataclass_fields__)
    if not isinstance(entry, Mapping):
        raise UsageError(f"models.{name}: needs a mapping", code="model-config", path=path)
    for key, value in entry.items():
        if key not in known or not isinstance(value, str):
            message = f"models.{name}.{key}: texts named {', '.join(known)} may stand here"
            raise UsageError(message, code="model-config", path=path)
    return ModelRule(**entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a workflow is run here.

    Attributes:
        code_runner: `auto`, `http`, `unsafe-subprocess`, or what `code.open_runner` knows besides.
        allow_plain_code: True lets `auto` go on without isolation where nothing holds: own code only.
        code_endpoint: base URL of a dify-sandbox service, for `http`.
        code_key: its key; None = the key of Dify's own docker compose file.
        model_endpoint: OpenAI-compatible base URL for every model, or `demo`; None = by provider.
        models: endpoints by model, from a config file.
        environ: variables with keys; the CLI hands in the process environment.
        environment_variables: values for the workflow's own environment variables, by name (an exported
            file has secrets blanked).
        allow_private_network: True lets `http-request` nodes reach addresses that are not public.
        documents: `difyflow` reads documents with our extractor; `dify` with the engine's, fault for fault
            (a GBK file becomes mojibake), to compare with a server.
        encoding: of text documents; None = detected, and refused when in doubt.
        max_time_s: seconds until a run is ended; Dify's default.
        max_steps: node runs until a run is ended; Dify's default.
        workers: threads that run nodes at the same time.
    """

    code_runner: str = "auto"
    allow_plain_code: bool = False
    code_endpoint: str | None = None
    code_key: str | None = field(default=None, repr=False)
    model_endpoint: str | None = None
    models: ModelConfig = field(default_factory=ModelConfig)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_private_network: bool = False
    documents: Literal["difyflow", "dify"] = "difyflow"
    encoding: str | None = None
    max_time_s: float = 1200.0
    max_steps: int = 500
    workers: int = 5
