"""The figures of the corpus tools: `python tests/bench/bench_corpus.py [LINES] [NEAR]`.

Made-up Chinese chat samples of about 550 bytes; LINES (default 200,000) for check and exact dedupe, NEAR
(default 100,000) of 400 characters for near duplicates. Each stands in a process of its own, so that its
memory can be told. Ends with 1 if

- `check` or `dedupe` (exact) takes more than 4 times as long as `orjson.loads` over the same lines,
- `check` takes more than 32 MB beyond what the interpreter with its modules takes,
- `dedupe` (exact) takes more than 40 bytes a distinct line,
- near duplicates take 1 GB or more, are not linear in the number of samples (twice as many take more than 2.6
  times as long), or find less than 95 % of those planted at a Jaccard similarity of 0.9 or report more than
  5 % of those at 0.5.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import orjson

from difyflow.corpus._digests import Digests
from difyflow.corpus.check import check
from difyflow.corpus.dedupe import Dropped, dedupe, digest_of
from difyflow.corpus.samples import read_lines

ROUNDS = 3
MOST_RATIO, MOST_BYTES, MOST_GROWN, MOST_NEAR = 4.0, 40.0, 32.0, 1024.0
LETTERS = [chr(0x4E00 + number) for number in range(3000)]
SENTENCE = (
    "家用火灾报警控制器的主电源应采用交流电源,电源线输入端应设接线端子,备用电源应为可多次充放电的蓄电池。"
)


def line(question: str, answer: str) -> bytes:
    turns = [("system", "你是消防系统专家"), ("user", question), ("assistant", answer)]
    messages = [{"role": role, "content": content} for role, content in turns]
    return (json.dumps({"messages": messages}, ensure_ascii=False) + "\n").encode()


def write_corpus(path: Path, count: int) -> None:
    with path.open("wb") as file:
        for number in range(count):
            file.write(line(f"第{number}条对家里的报警器有什么规定?", f"第{number}条:{SENTENCE}{SENTENCE}"))


def best(run: Callable[[], object]) -> float:
    """Seconds of processor time of the fastest round."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_with_orjson(path: Path) -> None:
    with path.open("rb") as file:
        for raw in read_lines(file):
            orjson.loads(raw)


def consume(found: object) -> int:
    return sum(1 for _ in found)  # type: ignore[attr-defined]  # an iterator


def check_file(path: Path) -> int:
    with path.open("rb") as file:
        return consume(check(read_lines(file), service="siliconflow"))


def dedupe_file(path: Path) -> int:
    with path.open("rb") as file:
        return consume(dedupe(read_lines(file)))


def speed(path: Path) -> bool:
    base = best(lambda: read_with_orjson(path))
    before = memory_mb()
    checked = best(lambda: check_file(path))
    grown = memory_mb() - before
    unique = best(lambda: dedupe_file(path))
    print(f"orjson.loads {base:6.2f} s   check {checked:6.2f} s, ratio {checked / base:.2f}, +{grown:.0f} MB")
    print(f"                       dedupe exact {unique:6.2f} s, ratio {unique / base:.2f}")
    return checked / base > MOST_RATIO or unique / base > MOST_RATIO or grown > MOST_GROWN


def bytes_per_line(count: int) -> bool:
    digests = [digest_of(str(number).encode()) for number in range(count)]
    tracemalloc.start()
    with Digests() as held:
        for number, digest in enumerate(digests):
            held.add(digest, number)
        used = tracemalloc.get_traced_memory()[1] / count
    tracemalloc.stop()
    print(f"dedupe exact: {used:.1f} bytes a distinct line at the peak, of {count:,}")
    return used > MOST_BYTES


def planted(text: str, similarity: float, chance: random.Random) -> str:
    """The text with a stretch put anew, so that its Jaccard similarity over shingles of five is as given."""
    size = max(1, round((len(text) - 4) * (1 - similarity) / (1 + similarity)) - 4)
    at = chance.randrange(0, len(text) - size)
    return text[:at] + "".join(chance.choices(LETTERS, k=size)) + text[at + size :]


def near(count: int) -> bool:
    seconds: dict[int, float] = {}
    bad = False
    for size in (count // 2, count):
        chance = random.Random(3)
        plants = size // 20
        texts = ["".join(chance.choices(LETTERS, k=400)) for _ in range(size - 2 * plants)]
        extra = [planted(texts[n], 0.9 if n < plants else 0.5, chance) for n in range(2 * plants)]
        lines = [line(text[:60], text[60:]) for text in (*texts, *extra)]
        start = time.process_time()
        for text in (*texts, *extra):
            for at in range(len(text) - 4):
                hash(text[at : at + 5])
        hashing = time.process_time() - start
        start = time.process_time()
        dropped = {one.line - 1: one.of - 1 for one in dedupe(lines, kind="near") if isinstance(one, Dropped)}
        seconds[size] = time.process_time() - start
        first = len(texts)
        high = sum(dropped.get(first + n) == n for n in range(plants)) / plants
        half = sum(first + plants + n in dropped for n in range(plants)) / plants
        print(
            f"near: {size:,} samples in {seconds[size]:.1f} s, {seconds[size] / hashing:.2f} times hashing "
            f"each shingle once; at 0.9 {high:.1%} found, at 0.5 {half:.1%} reported; {memory_mb():.0f} MB "
            "with the texts held by this bench"
        )
        bad |= high < 0.95 or half > 0.05
    growth = seconds[count] / seconds[count // 2]
    print(f"near: twice as many samples take {growth:.2f} times as long")
    return bad or growth > 2.6 or memory_mb() >= MOST_NEAR


def main() -> int:
    if sys.argv[1:2] == ["--part"]:
        part, argument = sys.argv[2:4]
        if part == "speed":
            return int(speed(Path(argument)))
        return int({"bytes": bytes_per_line, "near": near}[part](int(argument)))
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.jsonl"
        write_corpus(path, lines)
        print(f"{lines:,} lines, {path.stat().st_size / lines:.0f} bytes each, orjson {orjson.__version__}")
        parts = [("speed", str(path)), ("bytes", "1000000"), ("near", str(count))]
        return max(subprocess.call([sys.executable, __file__, "--part", *part]) for part in parts)


if __name__ == "__main__":
    sys.exit(main())
