"""Our SSE decoder beside httpx-sse's on the same bytes: `python tests/bench/bench_sse.py` (needs httpx-sse).

The rival is measured twice: its decoders alone fed through an incremental UTF-8 decoder (its best case), and
as its users call it, over an `httpx.Response`. Medians of 5, in MB/s; ends with 1 if ours is slower anywhere.
"""

from __future__ import annotations

import codecs
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import httpx_sse
from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from difyflow.client.sse import Decoder

RECORDINGS = Path(__file__).parent.parent / "recordings"


def ours(chunks: list[bytes]) -> int:
    decoder = Decoder()
    return sum(len(decoder.feed(chunk)) for chunk in chunks) + len(decoder.end())


def rival_decoders(chunks: list[bytes]) -> int:
    utf8 = codecs.getincrementaldecoder("utf-8")("replace")
    lines, events, count = SSELineDecoder(), SSEDecoder(), 0
    for chunk in chunks:
        for line in lines.decode(utf8.decode(chunk)):
            count += events.decode(line) is not None
    return count


class _Bytes(httpx.SyncByteStream):
    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)


def rival_whole(chunks: list[bytes]) -> int:
    response = httpx.Response(
        200, headers={"content-type": "text/event-stream; charset=utf-8"}, stream=_Bytes(chunks)
    )
    return sum(1 for _ in httpx_sse.EventSource(response).iter_sse())


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def seconds(run: Callable[[list[bytes]], int], chunks: list[bytes]) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run(chunks)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> int:
    seed = (RECORDINGS / "1.12.1/run/seed-streaming.body").read_bytes()
    events = [event + b"\n\n" for event in seed.split(b"\n\n") if event]
    big = (
        b'data: {"event":"node_finished","data":{"outputs":{"text":"'
        + "学而时习之".encode() * 200_000
        + b'"}}}\n\n'
    )
    cases = {
        "an event a chunk": events * 100,
        "4 KB chunks": cut(seed * 100, 4096),
        "64 KB chunks": cut(seed * 100, 65536),
        "1.4 KB chunks (packets)": cut(seed * 100, 1448),
        "a 3 MB line, 4 KB chunks": cut(big * 3, 4096),
    }
    slower = False
    print(f"{'':26}{'ours':>8}{'decoders':>10}{'httpx-sse':>11}   MB/s")
    for name, chunks in cases.items():
        assert ours(chunks) == rival_decoders(chunks) == rival_whole(chunks), name
        size = sum(map(len, chunks)) / 1e6
        speed = [size / seconds(run, chunks) for run in (ours, rival_decoders, rival_whole)]
        slower |= speed[0] < max(speed[1:])
        print(f"{name:26}{speed[0]:8.0f}{speed[1]:10.0f}{speed[2]:11.0f}")
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
