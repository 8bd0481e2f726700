"""What a batch runs on: a server's app or a workflow here, with its inputs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from difyflow.cli import _run
from difyflow.cli._batch_options import LOCAL_ONLY, Options
from difyflow.cli._targets import open_local, server_url
from difyflow.client.app_api import AppApi
from difyflow.client.faults import Retries
from difyflow.errors import UsageError
from difyflow.run import batch
from difyflow.run.backend import Backend
from difyflow.run.inputs import Given, parse_pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTarget:
    """An open target; `api` only on a server."""

    backend: Backend
    api: AppApi | None
    sheet: batch.Sheet
    workflow_sha256: str


def absolute_paths(options: Options) -> Options:
    """Paths made absolute, so that the batch can be resumed from another folder."""

    def absolute(path: str | None) -> str | None:
        return str(Path(path).absolute()) if path else path

    target = options.target or ""
    url = server_url(target, os.environ)
    pairs = []
    for pair in options.pairs:
        name, sign, value = pair.partition("=")
        if value.startswith("@") and not value.startswith("@@"):
            value = f"@{Path(value[1:]).absolute()}" if "://" not in value else value
        pairs.append(f"{name}{sign}{value}")
    return replace(
        options,
        target=url or (str(Path(target).absolute()) if Path(target).exists() else target),
        pairs=tuple(pairs),
        ca_file=absolute(options.ca_file),
        model_config=absolute(options.model_config),
    )


def open_target(options: Options) -> OpenTarget:
    """Opens the server or the workflow that the options name, and asks it for its inputs.

    Raises:
        UsageError: no key, or an option that does not fit.
        ApiError, ConnectionLost, DslError: it cannot be had.
    """
    target = options.target or ""
    url = server_url(target, os.environ)
    constants, _cut = split_constants(options)
    backend, api, digest = _server(url, options) if url else _local(target, options)
    try:
        chat = backend.header().mode in ("advanced-chat", "chat")
        if options.query and not chat:
            raise UsageError("--query is for chatflows, and this is a workflow", code="not-a-chatflow")
        plan = batch.Plan(
            form=backend.form(),
            limits=backend.limits(),
            max_file_mb=options.max_file_size,
            renamed=_renamed(options.mapping),
            constants=constants,
            query=options.query,
            chat=chat,
            uploader=options.user,
            uploads_are_bound=api is not None and api.abilities.binds_uploads,
        )
        return OpenTarget(backend=backend, api=api, sheet=batch.Sheet(plan), workflow_sha256=digest())
    except BaseException:
        backend.close()
        raise


def split_constants(options: Options) -> tuple[dict[str, Given], Given | None]:
    """The inputs that are the same for all rows, and of them the documents that --split cuts."""
    constants = parse_pairs(options.pairs)
    return constants, constants.pop(options.split.partition("=")[0], None) if options.split else None


def _server(url: str, options: Options) -> tuple[Backend, AppApi, Callable[[], str]]:
    from difyflow.run.backends.dify import open_backend

    named = [name for name in LOCAL_ONLY if getattr(options, name)]
    if options.split and "document_encoding" in named:  # documents are read here then
        named.remove("document_encoding")
    if named:
        raise UsageError(f"--{named[0].replace('_', '-')} is for local runs, and {url} is a server")
    key = os.environ.get(options.key_env, "").strip()
    if not key:
        raise UsageError(
            f"no key: {options.key_env} is not set",
            code="no-key",
            hint="an app's key is made in Dify under API Access > API Key; keys are never arguments",
        )
    # Waiting after "too many" is the pace's own business.
    backend = open_backend(
        base_url=url,
        key=key,
        ca_file=options.ca_file,
        insecure=options.insecure,
        run_limit_s=options.timeout,
        retries=Retries(unreachable=2, rate_limited=1),
        response_mode=options.response_mode,
        shared_user=options.user,
    )

    def digest() -> str:
        """Of what a server says of an app; its graph is not shown to a key."""
        form = [asdict(one) for one in backend.form()]
        text = json.dumps([backend.header().mode, form], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    return backend, backend.api, digest


def _local(target: str, options: Options) -> tuple[Backend, None, Callable[[], str]]:
    same = (
        "timeout",
        "model_endpoint",
        "model_config",
        "code_runner",
        "code_endpoint",
        "allow_private_network",
        "env",
    )
    if options.user:
        raise UsageError("--user is for servers, and this runs here")
    settings: Mapping[str, object] = {name: getattr(options, name) for name in same}
    one = _run.Options(target=target, encoding=options.document_encoding, **settings)  # type: ignore[arg-type]  # the same types
    backend, app = open_local(target, one, os.environ)
    text = app.render().encode("utf-8", "surrogatepass")
    return backend, None, lambda: hashlib.sha256(text).hexdigest()


def _renamed(mapping: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in mapping:
        column, sign, name = pair.rpartition("=")
        if not sign or not column:
            raise UsageError(f"--map {pair!r} is not COLUMN=INPUT", hint="for example --map 问题=trigger")
        found[column] = name
    return found
