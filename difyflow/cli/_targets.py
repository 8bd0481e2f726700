"""A target on the command line to the backend that runs it. Keys are read here and handed in as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from difyflow.dsl.app import App
from difyflow.errors import UsageError
from difyflow.run.backend import Backend

if TYPE_CHECKING:
    from difyflow.cli._run import Options

_SERVER = "server"
_BASE_URL = "DIFY_BASE_URL"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server is reached; `timeout_s` bounds a whole run; `shared_user`: see `open_backend`."""

    key_env: str
    ca_file: str | None
    insecure: bool
    timeout_s: float
    shared_user: bool = False


def server_url(target: str, environ: Mapping[str, str]) -> str | None:
    """The base URL if the target is a server, else None.

    Raises:
        UsageError: the word `server`, and `DIFY_BASE_URL` is not set.
    """
    if target.startswith(("http://", "https://")):
        return target
    if target != _SERVER:
        return None
    url = environ.get(_BASE_URL, "")
    if not url.startswith(("http://", "https://")):
        raise UsageError(
            f"the target is {_SERVER!r}, and {_BASE_URL} holds no URL",
            code="no-server",
            hint=f"set {_BASE_URL}=https://dify.example.com/v1, or give the URL as the target",
        )
    return url


def open_server(url: str, options: ServerOptions, environ: Mapping[str, str]) -> Backend:
    """The published app on a Dify server.

    Raises:
        UsageError: no key.
    """
    from difyflow.run.backends.dify import open_backend

    key = environ.get(options.key_env, "").strip()
    if not key:
        raise UsageError(
            f"no key: {options.key_env} is not set",
            code="no-key",
            hint="an app's key is made in Dify under API Access > API Key; keys are never arguments",
        )
    return open_backend(
        base_url=url,
        key=key,
        ca_file=options.ca_file,
        insecure=options.insecure,
        run_limit_s=options.timeout_s,
        shared_user=options.shared_user,
    )


def open_local(target: str, options: Options, environ: Mapping[str, str]) -> tuple[Backend, App]:
    """The workflow in a file or folder, on Dify's engine in this process.

    Raises:
        DslError, BuildError: the target cannot be read.
        MissingExtra: the engine is not installed.
    """
    from difyflow.build.load import load
    from difyflow.run.backends.local import ModelConfig, Settings, open_backend

    app = load(target)
    config = ModelConfig.read(Path(options.model_config)) if options.model_config else ModelConfig()
    plain = options.code_runner == "auto-or-unsafe"
    settings = Settings(
        code_runner="auto" if plain else options.code_runner,
        allow_plain_code=plain,
        code_endpoint=options.code_endpoint,
        code_key=environ.get("CODE_EXECUTION_API_KEY"),
        model_endpoint=options.model_endpoint,
        models=config,
        environ=environ,
        environment_variables=workflow_variables(options.env, environ),
        allow_private_network=options.allow_private_network,
        encoding=options.encoding,
        max_time_s=options.timeout,
    )
    return open_backend(app.data(), target=target, form=app.form(), settings=settings), app


def workflow_variables(pairs: tuple[str, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """`--env NAME` or `--env NAME=VARIABLE`: values of the workflow's own variables, from the environment.

    Raises:
        UsageError: the variable is not set.
    """
    found = {}
    for pair in pairs:
        name, _, variable = pair.partition("=")
        variable = variable or name
        if variable not in environ:
            raise UsageError(
                f"--env {pair}: {variable} is not set",
                code="no-variable",
                hint=f"export {variable}=...; values of variables are never arguments",
            )
        found[name] = environ[variable]
    return found
