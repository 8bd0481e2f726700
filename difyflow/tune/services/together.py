"""Together: an API of its own."""

from __future__ import annotations

from difyflow.tune.service import Service

SERVICE = Service(
    title="Together",
    rules="openai",
    way="none",
    difference=(
        "its API is /fine-tunes with fields of its own (n_epochs, learning_rate, batch_size, n_checkpoints, "
        "n_evals, lora_r, lora_alpha), not OpenAI's fine_tuning.jobs"
    ),
    key_env="TOGETHER_API_KEY",
)
