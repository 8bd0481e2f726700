"""Says what is missing for local runs, before something fails to import."""

from __future__ import annotations

import sys

from difyflow.errors import MissingExtra

_PYTHONS = ((3, 12), (3, 13))  # the engine's own `Requires-Python`


def require_engine() -> None:
    """Makes sure that the engine can be loaded.

    Raises:
        MissingExtra: it is not installed, or does not exist for this Python.
    """
    running = sys.version_info[:2]
    if running not in _PYTHONS:
        raise MissingExtra(
            f"local runs need Python 3.12 or 3.13, this is {running[0]}.{running[1]}: Dify's engine is made"
            " for those",
            hint="install difyflow there with: pip install 'difyflow[local]'; or run on a server",
        )
    try:
        import graphon.engine  # noqa: F401
        import jinja2  # noqa: F401
    except ImportError as err:
        raise _missing("local runs need Dify's engine, and a part of it", err) from err


def require_client() -> None:
    """Makes sure that models can be called; apart, because it takes a second to load.

    Raises:
        MissingExtra: the client library is not installed.
    """
    try:
        import openai  # noqa: F401
    except ImportError as err:
        raise _missing("models are called with the openai package, which", err) from err


def _missing(what: str, err: ImportError) -> MissingExtra:
    return MissingExtra(f"{what} is missing: {err.name or err}", hint="pip install 'difyflow[local]'")
