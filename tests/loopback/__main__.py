"""A Dify of recordings as a process: prints its address, then serves until its input closes."""

from __future__ import annotations

import argparse
import sys

from loopback.dify import Dify


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="1.12.1", choices=["0.15.3", "1.12.1", "1.15-dev"])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--step-s", type=float, default=0.0, help="seconds between events of a run")
    options = parser.parse_args()
    with Dify(options.version, port=options.port, step_s=options.step_s) as server:
        print(f"{server.url}/v1 {server.key}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
