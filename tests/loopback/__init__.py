"""Servers for tests: real HTTP on the loopback interface, with answers that real Dify servers gave.

`Server` sends what it is told to, faults included; `Dify` behaves like a Dify server of some version, and
`Console` like its console. All are made from `tests/recordings`. In its own process:
`python -m loopback --version 1.12.1`, with `tests` on the path.
"""

from loopback.console import Console
from loopback.dify import Dify, Run
from loopback.recordings import RECORDINGS, Recording, load, names
from loopback.server import Answer, Seen, Server
from loopback.tunnel import Tunnel

__all__ = [
    "RECORDINGS",
    "Answer",
    "Console",
    "Dify",
    "Recording",
    "Run",
    "Seen",
    "Server",
    "Tunnel",
    "load",
    "names",
]
