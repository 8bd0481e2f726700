"""Any server with exactly OpenAI's `files` and `fine_tuning.jobs`; the user says where it is."""

from __future__ import annotations

from difyflow.tune.service import Service

SERVICE = Service(
    title="a server with OpenAI's API",
    rules="openai",
    way="api",
    key_env="FINETUNE_API_KEY",
    hyperparameters="hyperparameters",  # some servers know only the old place
    metadata=False,
)
