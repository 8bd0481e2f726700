"""Nebius Token Factory: OpenAI's API with hyper-parameters of its own (docs.tokenfactory.nebius.com, 2026).

Its jobs carry no metadata.
"""

from __future__ import annotations

from difyflow.tune.service import Service

SERVICE = Service(
    title="Nebius Token Factory",
    rules="openai",
    way="api",
    base_url="https://api.tokenfactory.nebius.com/v1",
    key_env="NEBIUS_API_KEY",
    hyperparameters="hyperparameters",
    metadata=False,
)
