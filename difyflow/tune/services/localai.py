"""LocalAI, self-hosted: an API of its own."""

from __future__ import annotations

from difyflow.tune.service import Service

SERVICE = Service(
    title="LocalAI",
    rules="openai",
    way="none",
    difference=(
        "its API is /api/fine-tuning/jobs with num_epochs, learning_rate, adapter_rank and adapter_alpha, "
        "and it reports progress as an event stream"
    ),
)
