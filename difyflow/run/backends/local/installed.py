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
        import openai  # noqa: F401
    except ImportError as err:
        raise MissingExtra(
            f"local runs need Dify's engine, and a part of it is missing: {err.name or err}",
            hint="pip install 'difyflow[local]'",
        ) from err
