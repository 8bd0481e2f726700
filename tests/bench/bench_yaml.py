"""Our YAML door beside PyYAML over the whole corpus: `python tests/bench/bench_yaml.py [CORPUS]`.

CORPUS is the folder that holds `dsl/*.yml` (else `DIFYFLOW_CORPUS`, else `../shared/corpus` beside the
checkout). One process, best of 5 over all parsable files. Reading is `compose` (data, marks kept) as a ratio
to `yaml.load(CSafeLoader)`; writing is `dump` as a ratio to `yaml.dump(allow_unicode=True)`, whose bytes it
must equal. Ends with 1 if reading takes more than 1.5 times, reading to the typed model more than 2.5 times,
or writing more than a fifth.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

import difyflow
from difyflow.dsl import _yaml
from difyflow.errors import ReadError

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_FOR_READING = 1.5
MOST_FOR_MODEL = 2.5
MOST_FOR_WRITING = 1 / 5
ROUNDS = 5


def corpus() -> list[bytes]:
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("DIFYFLOW_CORPUS")
    folder = Path(given) if given else ROOT.parent / "shared" / "corpus"
    texts = []
    for file in sorted((folder / "dsl").glob("*.yml")):
        text = file.read_bytes()
        try:
            _yaml.load(text, name=file.name)
        except ReadError as err:
            print(f"left out: {str(err).splitlines()[0]}")
        else:
            texts.append(text)
    if not texts:
        sys.exit(f"no files in {folder / 'dsl'}")
    return texts


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest round."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def each(function: Callable[[object], object], values: list[object]) -> Callable[[], None]:
    def run() -> None:
        for value in values:
            function(value)

    return run


def _is_document(text: bytes) -> bool:
    try:
        difyflow.read(text)
    except ReadError:
        return False
    return True


def main() -> int:
    texts = corpus()
    documents: list[object] = [text for text in texts if _is_document(text)]
    data: list[object] = [_yaml.load(text, name="corpus") for text in texts]
    assert all(_yaml.dump(value) == yaml.dump(value, allow_unicode=True) for value in data)
    size = sum(map(len, texts)) / 1e6
    print(f"{len(texts)} files, {size:.1f} MB, PyYAML {yaml.__version__}, best of {ROUNDS}")

    parse = best(each(lambda text: yaml.compose(text, Loader=yaml.CSafeLoader), list(texts)))
    base = best(each(lambda text: yaml.load(text, Loader=yaml.CSafeLoader), list(texts)))
    ours = best(each(lambda text: _yaml.compose(text, name="corpus"), list(texts)))  # type: ignore[arg-type]
    print(f"read   yaml.load(CSafeLoader) {base:6.2f} s   compose {ours:6.2f} s   ratio {ours / base:.2f}")
    print(f"       yaml.compose(CSafeLoader) alone {parse / base:.2f}")

    models = best(each(lambda text: difyflow.read(text), documents))  # type: ignore[arg-type]
    some = best(each(lambda text: yaml.load(text, Loader=yaml.CSafeLoader), documents))
    print(f"model  read to the typed model {models:6.2f} s   ratio {models / some:.2f}")

    base_dump = best(each(lambda value: yaml.dump(value, allow_unicode=True), data))
    ours_dump = best(each(_yaml.dump, data))
    print(
        f"write  yaml.dump {base_dump:6.2f} s   dump {ours_dump:6.2f} s   "
        f"ratio {ours_dump / base_dump:.3f} ({base_dump / ours_dump:.1f} times as fast)"
    )
    slow = ours / base > MOST_FOR_READING or models / some > MOST_FOR_MODEL
    return int(slow or ours_dump / base_dump > MOST_FOR_WRITING)


if __name__ == "__main__":
    sys.exit(main())
