"""The options of `difyflow batch`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KEPT = (
    "target", "mapping", "pairs", "query", "output_name", "timeout", "key_env", "ca_file", "insecure",
    "model_endpoint", "model_config", "code_runner", "code_endpoint", "allow_private_network", "env",
    "document_encoding", "max_file_size", "response_mode", "split", "user",
)  # fmt: skip
"""Options that a batch keeps in its folder, to be opened again."""

LOCAL_ONLY = (
    "model_endpoint",
    "model_config",
    "code_endpoint",
    "allow_private_network",
    "env",
    "document_encoding",
)
"""Options that mean nothing on a server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `difyflow batch`, as the command line names them."""

    target: str | None = None
    rows: str | None = None
    out: str | None = None
    resume: str | None = None
    retry_failed: bool = False
    rerun_unknown: bool = False
    each: str | None = None
    split: str | None = None
    overlap: int = 0
    mapping: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    query: str = ""
    user: str = ""
    encoding: str = ""
    sheet: str = ""
    repeat: int = 1
    limit: int | None = None
    dry_run: bool = False
    skip_invalid: bool = False
    output_name: str = ""
    concurrency: str = "auto"
    max_concurrency: int | None = None
    rpm: float | None = None
    timeout: float = 1200
    max_time: float | None = None
    stop_after: int = 10
    response_mode: Literal["auto", "streaming", "blocking"] = "auto"
    key_env: str = "DIFY_API_KEY"
    ca_file: str | None = None
    insecure: bool = False
    model_endpoint: str | None = None
    model_config: str | None = None
    code_runner: str = "auto"
    code_endpoint: str | None = None
    allow_private_network: bool = False
    env: tuple[str, ...] = ()
    document_encoding: str | None = None
    max_file_size: float | None = None
    html: str | None = None
    force: bool = False
    format_: str = "text"
    progress: str = "auto"
    quiet: bool = False
