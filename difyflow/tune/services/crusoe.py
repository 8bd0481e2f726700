"""Crusoe: its documentation shows OpenAI's client; how far the shape is the same, nobody here saw."""

from __future__ import annotations

from difyflow.tune.service import Service

SERVICE = Service(
    title="Crusoe",
    rules="openai",
    way="none",
    difference=(
        "it takes OpenAI's client at its /v1, but also Parquet and files of up to 3 GB, and gives LoRA "
        "checkpoints; whether its jobs have exactly OpenAI's shape has not been seen"
    ),
)
