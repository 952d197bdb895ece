"""The curve of a competition's reigning score, as geometry for a template to draw. Pure arithmetic, no markup."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.trends import TrendPoint

WIDTH, HEIGHT = 640, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 18, 20, 34
_MOST_LABELS = 9


@dataclass(frozen=True, slots=True)
class Dot:
    """A round with a score; `is_new` where its holder was not the holder of the round before."""

    x: float
    y: float
    number: int
    score: float
    is_new: bool
    labelled: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A level of the score's axis."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Dots, their connecting lines as SVG point lists (a gap where the throne was vacant), and the axis."""

    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    ticks: tuple[Tick, ...]
    summary: str


def chart(points: Sequence[TrendPoint]) -> Chart | None:
    """The curve of closed rounds given oldest first; None where no round has a score."""
    scores = [point.score for point in points if point.score is not None]
    if not scores:
        return None
    low, high = _limits(min(scores), max(scores))
    dots = _dots(points, low, high)
    ticks = tuple(Tick(_y(level, low, high), f"{level:.3f}") for level in (high, (low + high) / 2, low))
    numbers = [dot.number for dot in dots]
    summary = (
        f"Score of who reigned in rounds {numbers[0]} to {numbers[-1]}: "
        f"{scores[0]:.4f} at first, {scores[-1]:.4f} at last"
    )
    return Chart(dots, _lines(points, dots), ticks, summary)


def _limits(low: float, high: float) -> tuple[float, float]:
    """The axis: a margin around the scores, and never so fine that noise looks like a cliff."""
    margin = max((high - low) * 0.15, abs(high) * 0.005, 1e-9)
    return low - margin, high + margin


def _dots(points: Sequence[TrendPoint], low: float, high: float) -> tuple[Dot, ...]:
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(points) - 1)
    every = -(-len(points) // _MOST_LABELS)
    dots = []
    for place, point in enumerate(points):
        if point.score is not None:
            x = _LEFT + step * place if len(points) > 1 else (WIDTH + _LEFT - _RIGHT) / 2
            is_new = place == 0 or points[place - 1].holder != point.holder
            labelled = (len(points) - 1 - place) % every == 0
            dots.append(Dot(round(x, 1), _y(point.score, low, high), point.number, point.score, is_new, labelled))
    return tuple(dots)


def _lines(points: Sequence[TrendPoint], dots: Sequence[Dot]) -> tuple[str, ...]:
    """Stretches of rounds that follow one another with a score."""
    by_number = {dot.number: dot for dot in dots}
    stretches: list[list[Dot]] = [[]]
    for point in points:
        if (dot := by_number.get(point.number)) is not None:
            stretches[-1].append(dot)
        elif stretches[-1]:
            stretches.append([])
    return tuple(" ".join(f"{dot.x},{dot.y}" for dot in stretch) for stretch in stretches if len(stretch) > 1)


def _y(score: float, low: float, high: float) -> float:
    return round(_TOP + (high - score) / (high - low) * (HEIGHT - _TOP - _BOTTOM), 1)
