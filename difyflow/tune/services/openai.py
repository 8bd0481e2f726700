"""OpenAI (openai-python, August 2026)."""

from __future__ import annotations

from difyflow.tune.service import Service

SERVICE = Service(
    title="OpenAI",
    rules="openai",
    way="api",
    base_url="https://api.openai.com/v1",
    key_env="OPENAI_API_KEY",
)
