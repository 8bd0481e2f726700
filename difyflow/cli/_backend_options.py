"""The options of the commands that run an app: how its server is reached, and what a local run works with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_RUNNERS = ["auto", "sandbox", "bwrap", "http", "unsafe-subprocess", "auto-or-unsafe"]
_Command = TypeVar("_Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option(
        "--key-env", default="DIFY_API_KEY", show_default=True, metavar="NAME", help="Variable with the key."
    ),
    click.option("--ca-file", metavar="FILE", help="Certificates to trust, for a server of your own."),
    click.option("--insecure", is_flag=True, help="Do not check the server's certificate."),
    click.option(
        "--model-endpoint", metavar="URL", help="OpenAI-compatible endpoint, or demo. Local runs only."
    ),
    click.option("--model-config", metavar="FILE", help="TOML, YAML or JSON file with endpoints by model."),
    click.option("--code-runner", type=click.Choice(_RUNNERS), default="auto", show_default=True),
    click.option("--code-endpoint", metavar="URL", help="dify-sandbox service for --code-runner http."),
    click.option(
        "--allow-private-network", is_flag=True, help="http-request nodes may reach private addresses."
    ),
    click.option(
        "--env", multiple=True, metavar="NAME[=VAR]", help="A variable of the workflow, from the environment."
    ),
)


def backend_options(command: _Command) -> _Command:
    """Gives a command these options, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
