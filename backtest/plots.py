"""A study as pictures: what the rules let pass, and what a better model waits for. Written as PNG, without a screen."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from backtest.study import Found, Side

_COLOURS = ("#1f6f8b", "#e07a3f")
"""Of the rules in question and of those to compare with; told apart without colours by their hatching and dashes."""


_LEAST = 1e-4
"""The lowest bar, since a logarithmic axis has no 0."""


def plot(study: Sequence[Found], names: tuple[str, str], folder: Path) -> tuple[Path, ...]:
    """Draw both pictures of a study into a folder, which is made where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {"crowns.png": _crowns(study, names), "waiting.png": _waiting(study, names)}
    for name, figure in made.items():
        figure.savefig(folder / name, dpi=150)
    return tuple(folder / name for name in made)


def _crowns(study: Sequence[Found], names: tuple[str, str]) -> Figure:
    """False crowns and power at each level, beside their targets."""
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _bars(left, study, names, "false_crowns")
    left.set(
        title="Crowns to a model that is no better", ylabel="per round (logarithmic)", yscale="log", ylim=(1e-4, 1)
    )
    _bars(right, study, names, "crowned_in_time")
    right.set(title="Better models crowned in time", ylim=(0, 1.05))
    for axes in (left, right):
        axes.set_xticks(range(len(study)), [f"ρ = {one.level.rho:g}\nwithin {one.level.limit_rounds}" for one in study])
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.2%}" if 0 < value < 0.01 else f"{value:.0%}")
        axes.grid(axis="y", alpha=0.3)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _bars(axes: Axes, study: Sequence[Found], names: tuple[str, str], figure: str) -> None:
    for side, (colour, name) in enumerate(zip(_COLOURS, names, strict=True)):
        values = [(one.ours, one.comparison)[side].mean(lambda its: getattr(its, figure)) for one in study]
        places = [place + 0.4 * side - 0.2 for place in range(len(study))]
        bars = axes.bar(
            places,
            [max(value, _LEAST) for value in values],
            0.38,
            color=colour,
            label=name,
            hatch="//" if side else None,
            edgecolor="white",
        )
        axes.bar_label(bars, [f"{value:.2%}" for value in values], fontsize=8, padding=2)
    aims = [(place, one.level.targets) for place, one in enumerate(study) if one.level.targets is not None]
    axes.hlines(
        [getattr(targets, figure) for _, targets in aims],
        [place - 0.42 for place, _ in aims],
        [place + 0.42 for place, _ in aims],
        color="black",
        linestyle="--",
        label="target",
    )


def _waiting(study: Sequence[Found], names: tuple[str, str]) -> Figure:
    """How long a better model waits for its crown, and how much pay has changed hands."""
    figure = Figure(figsize=(11, 3.6 * len(study)), layout="constrained")
    rows = figure.subplots(len(study), 2, squeeze=False)
    for one, (left, right) in zip(study, rows, strict=True):
        for side, colour, name, dash in zip((one.ours, one.comparison), _COLOURS, names, ("-", "--"), strict=True):
            _step(left, side, colour, name, dash)
            series = [list(accumulate(its.moved)) for its in side.both]
            mean = [sum(pair) / len(pair) for pair in zip(*series, strict=True)]
            right.plot(range(2, len(mean) + 2), mean, color=colour, linestyle=dash, label=name)
        left.axvline(one.level.limit_rounds, color="black", linestyle=":", label="limit")
        left.set(
            title=f"ρ = {one.level.rho:g}: a better model reigns",
            xlabel="rounds since it arrived",
            xlim=(1, 12),
            ylim=(0, 1.02),
        )
        left.yaxis.set_major_formatter(PercentFormatter(1.0))
        right.set(
            title=f"ρ = {one.level.rho:g}: pay that changed hands", xlabel="round", ylabel="rounds' pay, together"
        )
        for axes in (left, right):
            axes.grid(alpha=0.3)
            axes.legend(loc="best", fontsize=8)
    return figure


def _step(axes: Axes, side: Side, colour: str, name: str, dash: str, most: int = 12) -> None:
    waits = [wait for its in side.both for wait in its.waits]
    if waits:
        reached = [sum(wait is not None and wait <= n for wait in waits) / len(waits) for n in range(1, most + 1)]
        axes.step(range(1, most + 1), reached, where="post", color=colour, linestyle=dash, label=name)
