"""A curve in the terminal, from braille dots: two columns and four rows of them a character."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_SIGNS = ("train_loss", "valid_loss", "full_valid_loss")


def plot(curves: Mapping[str, Points], *, width: int = 60, height: int = 8) -> list[str]:
    """Lines of text with one plot for each curve, all on the same scales.

    Args:
        curves: by name, (x, y) in the order of x.
        width: of a plot, in characters, without its axis.
        height: likewise.
    """
    drawn = {name: points for name, points in curves.items() if points}
    if not drawn:
        return []
    xs = [x for points in drawn.values() for x, _ in points]
    ys = [y for points in drawn.values() for _, y in points]
    box = (min(xs), max(xs), min(ys), max(ys))
    lines: list[str] = []
    for name in sorted(drawn, key=lambda name: (_SIGNS.index(name) if name in _SIGNS else 9, name)):
        lines += _one(name, drawn[name], box, width, height)
    return lines


def _one(
    name: str, points: Points, box: tuple[float, float, float, float], width: int, height: int
) -> Iterator[str]:
    left, right, low, high = box
    wide, tall = width * 2 - 1, height * 4 - 1
    cells = [[0] * width for _ in range(height)]
    spots = [
        (
            round((x - left) / (right - left) * wide) if right > left else 0,
            round((high - y) / (high - low) * tall) if high > low else tall // 2,
        )
        for x, y in points
    ]
    for x, y in _joined(spots):
        cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
    yield f"{name}  last {points[-1][1]:.4g}, lowest {min(y for _, y in points):.4g}"
    labels = [f"{high:.4g}", *[""] * (height - 2), f"{low:.4g}"] if height > 1 else [f"{high:.4g}"]
    margin = max(len(label) for label in labels)
    for label, row in zip(labels, cells, strict=True):
        yield f"{label:>{margin}} ┤{''.join(chr(0x2800 + cell) for cell in row)}"
    steps = f"step {left:g}", f"{right:g}"
    yield " " * (margin + 2) + steps[0] + steps[1].rjust(max(1, width - len(steps[0])))


def _joined(spots: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The dots from each spot to the next."""
    yield from spots[:1]
    for (x0, y0), (x1, y1) in pairwise(spots):
        count = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(1, count + 1):
            yield round(x0 + (x1 - x0) * step / count), round(y0 + (y1 - y0) * step / count)
