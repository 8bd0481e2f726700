"""What the tool knows of a fine-tuning service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from difyflow import _catalog
from difyflow.errors import UsageError
from difyflow.tune import services

Way = Literal["api", "console", "none"]
"""`api`: OpenAI's `fine_tuning.jobs`; `console`: people click; `none`: neither, and `difference` says why."""


@dataclass(frozen=True, slots=True)
class TunedName:
    """What the name of a tuned model says; parts may be empty.

    Attributes:
        base: the model that was tuned.
        account, suffix, job: as the service made them.
        step: of the checkpoint; None for the last one.
        more: parts that nobody here knows.
    """

    base: str
    account: str = ""
    suffix: str = ""
    job: str = ""
    step: int | None = None
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service.

    Attributes:
        title: its own name.
        rules: whose rules a corpus is checked against; a name that `difyflow.corpus.check` knows.
        way: how a job gets there.
        difference: what sets it apart from OpenAI's API, in a sentence; for `console` and `none`.
        base_url: of its OpenAI-compatible API; empty if the user has to name it.
        key_env: variable that holds the key; empty if none is usual.
        hyperparameters: where a new job takes them: OpenAI's `method`, or the older `hyperparameters`.
        metadata: True if a job may carry some, so that it can be found by it.
        validation: share that the service itself takes for validation if it is given no file.
        parse: what the name of a tuned model says; None for a name that says nothing.
        model_fault: what is wrong with the name of a tuned model, or None.
        sheet: what to do in the console, as Markdown, from the facts of a job.
    """

    title: str
    rules: str
    way: Way
    difference: str = ""
    base_url: str = ""
    key_env: str = ""
    hyperparameters: Literal["method", "hyperparameters"] = "method"
    metadata: bool = True
    validation: float = 0.1
    parse: Callable[[str], TunedName | None] = field(default=lambda name: None)  # noqa: ARG005
    model_fault: Callable[[str], str | None] = field(default=lambda name: _spaceless(name))
    sheet: Callable[[Mapping[str, str]], str] | None = None


def _spaceless(name: str) -> str | None:
    if not name or name != name.strip() or any(sign.isspace() or not sign.isprintable() for sign in name):
        return "a model's name has no spaces"
    return None


def service_names() -> tuple[str, ...]:
    """The services that are known."""
    return _catalog.names(services)


def service(name: str) -> Service:
    """A service by its name.

    Raises:
        UsageError: no such service.
    """
    try:
        found = _catalog.module(services, name).SERVICE
    except KeyError as err:
        known = ", ".join(service_names())
        raise UsageError(f"no service {name!r}; there are: {known}", code="no-service") from err
    assert isinstance(found, Service)
    return found


def need_way(name: str) -> Service:
    """The service, if a job for it leads anywhere: to its API, or to its console.

    Raises:
        UsageError: no such service, or nothing here reaches it; says what is different.
    """
    found = service(name)
    if found.way == "none":
        raise _refused(found)
    return found


def _refused(found: Service) -> UsageError:
    return UsageError(
        f"{found.title} cannot be told to train from here: {found.difference}",
        code="no-api",
        hint="a server with exactly OpenAI's fine_tuning.jobs: --for compatible --base-url URL; "
        "`difyflow corpus split` writes the parts for any other trainer",
    )


def need_api(name: str, *, base_url: str = "") -> Service:
    """The service, if jobs can be submitted to it.

    Args:
        name: of the service.
        base_url: of a server that the user vouches for; needed where none is known.

    Raises:
        UsageError: it has no API of OpenAI's shape; says what is different. Or nobody said where it is.
    """
    found = service(name)
    if found.way != "api":
        raise _refused(found)
    if not (base_url or found.base_url):
        raise UsageError(
            f"nothing says where {found.title} is", code="no-base-url", hint="--base-url https://host/v1"
        )
    return found
