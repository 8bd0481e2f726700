"""The options of `difyflow batch`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal

from difyflow.errors import UsageError

KEPT = (
    "target", "mapping", "pairs", "query", "output_name", "timeout", "key_env", "ca_file", "insecure",
    "model_endpoint", "model_config", "code_runner", "code_endpoint", "allow_private_network", "env",
    "document_encoding", "max_file_size", "response_mode", "split", "user",
)  # fmt: skip
"""Options that a batch keeps in its folder, to be opened again."""

FIXED = (
    "mapping", "pairs", "query", "user", "split", "overlap", "document_encoding", "max_file_size", "env",
    "each", "encoding", "sheet", "repeat", "limit", "skip_invalid", "dry_run",
)  # fmt: skip
"""Options that make the rows and their inputs, which are as they were checked."""

_FLAGS = {"mapping": "--map", "pairs": "--input"}

LOCAL_ONLY = (
    "model_endpoint",
    "model_config",
    "code_endpoint",
    "allow_private_network",
    "env",
    "document_encoding",
)
"""Options that mean nothing on a server."""


_EXAMPLES = {"timeout": 1.0, "max_file_size": 1.0} | dict.fromkeys(
    ("target", "ca_file", "model_endpoint", "model_config", "code_endpoint", "document_encoding", "split"), ""
)
"""Values of the kept options whose default does not show their type."""


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


def with_kept(options: Options, settings: Mapping[str, object], folder: str) -> Options:
    """The options that a batch keeps, but for those of the command line that may change.

    Raises:
        UsageError: an option that cannot change, or kept ones of another version or changed by hand.
    """
    examples = {**asdict(Options()), **_EXAMPLES}
    kept = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    for name, value in kept.items():
        if name not in KEPT or not _fits(value, examples[name]):
            raise UsageError(
                f"an option of the batch is not understood: {name}",
                path=f"{folder}/batch.json",
                code="bad-batch",
                hint="go on with the version of difyflow that began it",
            )
    given = {name for name, value in asdict(Options()).items() if getattr(options, name) != value}
    fixed = [_FLAGS.get(name, f"--{name.replace('_', '-')}") for name in FIXED if name in given]
    if fixed:
        raise UsageError(
            f"{fixed[0]} cannot be changed by --resume: the batch goes on as it was begun",
            hint="begin a new batch for another one",
        )
    unchanged = {name: value for name, value in kept.items() if name not in given}
    return replace(options, **unchanged)  # type: ignore[arg-type]  # of these fields, as was checked


def _fits(value: object, example: object) -> bool:
    if isinstance(example, tuple):
        return isinstance(value, tuple) and all(isinstance(one, str) for one in value)
    if isinstance(example, float):
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    return type(value) is type(example) or (value is None and isinstance(example, str))
