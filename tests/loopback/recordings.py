"""Reads recorded exchanges; the two layouts of `tests/recordings` become one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
_HOP = ("connection", "transfer-encoding", "content-length")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One recorded exchange; `request` is the JSON body that was sent, if there was one."""

    name: str
    version: str
    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes
    request: Any = None
    query: dict[str, Any] = field(default_factory=dict)

    @property
    def streaming(self) -> bool:
        """True if the body is an event stream."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def events(self) -> list[bytes]:
        """The frames of a stream, each with its empty line."""
        return [part + b"\n\n" for part in self.body.split(b"\n\n") if part.strip()]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def names(version: str) -> list[str]:
    """The recordings of a version, such as `run/seed-streaming`."""
    folder = RECORDINGS / version
    metas = folder.rglob("*.meta.json") if version == "0.15.3" else folder.rglob("*.body")
    return sorted(
        str(path.relative_to(folder)).removesuffix(".meta.json").removesuffix(".body") for path in metas
    )


def load(version: str, name: str) -> Recording:
    """One recording, as `load("1.12.1", "run/seed-streaming")`."""
    base = RECORDINGS / version / name
    old = base.with_name(base.name + ".meta.json")
    return _old(version, name, old) if old.is_file() else _new(version, name, base)


def _old(version: str, name: str, path: Path) -> Recording:
    meta = json.loads(path.read_text())
    request, response = meta["request"], meta["response"]
    return Recording(
        name=name,
        version=version,
        method=request["method"],
        path=request["path"].partition("?")[0],
        request=request.get("body"),
        status=response["status"],
        headers={key: value for key, value in response["headers"].items() if key not in _HOP},
        body=(path.parent / response["body_file"]).read_bytes(),
    )


def _new(version: str, name: str, base: Path) -> Recording:
    meta = json.loads(base.with_name(base.name + ".json").read_text())
    return Recording(
        name=name,
        version=version,
        method=meta["method"],
        path=meta["path"],
        query=meta.get("query") or {},
        request=(meta.get("request") or {}).get("json"),
        status=meta["status"],
        headers={key: value for key, value in meta["response_headers"].items() if key not in _HOP},
        body=base.with_name(meta["body_file"]).read_bytes(),
    )
