"""Which rows of a run's history a round may use, and when to stop looking for them. Plain data; knows no wandb."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from evaluation.sources.drops import Drop
from evaluation.sources.wandb_wire import ReadRows, Row, Rows

STRETCH = 1_000
"""A history is read backwards by stretches of this many steps, cut at its multiples for every reader alike."""

Stretch = Callable[[int, int], Iterable[Mapping[str, Any]]]
"""The rows with a step in [first, last)."""


def rows_of(order: ReadRows, last_step: int, read: Stretch) -> Rows:
    """What the order asks for, from the newest stretch back to the first that holds rows and none after `since`."""
    found, steps = _Found(order), 0
    for first in range(last_step // STRETCH * STRETCH, -1, -STRETCH):
        if first < last_step - order.max_steps:
            return Rows((), fault=f"its window is not reached within {order.max_steps} steps")
        steps = last_step + 1 - first
        ages = [found.take(row) for row in read(first, min(first + STRETCH, last_step + 1))]
        if found.is_over:
            return Rows((), fault=f"more than {order.max_rows} rows or {order.max_bytes} bytes in the window")
        if ages and all(ages):
            break
    return Rows(tuple(found.kept), {str(drop): number for drop, number in found.dropped.items()}, steps=steps)


class _Found:
    """The rows that count so far, and how many do not."""

    def __init__(self, order: ReadRows) -> None:
        self._order = order
        self._bytes = 0
        self.kept: list[Row] = []
        self.dropped: Counter[Drop] = Counter()

    @property
    def is_over(self) -> bool:
        """Whether it is more than was asked for."""
        return len(self.kept) > self._order.max_rows or self._bytes > self._order.max_bytes

    def take(self, row: Mapping[str, Any]) -> bool:
        """Keep or count a row; whether it is from before the window."""
        judged = judged_row(row, self._order)
        if isinstance(judged, Drop):
            self.dropped[judged] += 1
        else:
            self.kept.append(judged)
            self._bytes += len(judged.prompt.encode()) + len(judged.reference.encode())
        moment = _moment(row)
        return moment is not None and moment <= self._order.window.since


def judged_row(row: Mapping[str, Any], order: ReadRows) -> Row | Drop:
    """The row's time and texts, or the first rule it breaks."""
    moment, prompt, reference = _moment(row), _text(row, order.prompt_key), _text(row, order.reference_key)
    if moment is None or prompt is None or not reference:
        return Drop.MALFORMED
    if not order.window.since < moment <= order.window.until:
        return Drop.WINDOW
    if any(len(text.encode()) > order.max_text_bytes for text in (prompt, reference)):
        return Drop.LENGTH
    return Row(moment, prompt, reference)


def _moment(row: Mapping[str, Any]) -> float | None:
    """wandb's own time of a row, which its writer may have chosen freely."""
    value = row.get("_timestamp")
    if type(value) is int and abs(value) < 1 << 53:
        return float(value)
    return value if type(value) is float and math.isfinite(value) else None


def _text(row: Mapping[str, Any], key: str) -> str | None:
    """The column, if it is a text that has a UTF-8 form."""
    value = row.get(key)
    if not isinstance(value, str):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value
