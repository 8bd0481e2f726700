"""LLaMA-Factory: a trainer on a machine of one's own, not a service."""

from __future__ import annotations

from difyflow.tune.service import Service

SERVICE = Service(
    title="LLaMA-Factory",
    rules="llamafactory",
    way="none",
    difference=(
        "it is a program that trains on a machine of your own; it reads dataset_info.json, which "
        "`difyflow corpus convert` writes"
    ),
)
