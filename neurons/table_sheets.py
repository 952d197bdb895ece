"""How competition tables, their differences and their costs look to people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.table import Table as Sheet

from chain.clock import round_at
from chain.types import Block
from competitions.cost import Cost, Device, Field
from competitions.spec import Competition, Table
from competitions.table import shares_at
from competitions.table_diff import Change, Shift

_PARTS = ("KB", "MB", "GB", "TB")


def rules(table: Table, block: Block | None) -> Iterator[Sheet]:
    """All sheets of one table; with a block, what each competition does then."""
    yield _competitions(table, block)
    yield _tasks(table.competitions)
    yield _sources(table.competitions)
    yield _schedule(table)


def differences(changed: Sequence[Change], shifted: Sequence[Shift]) -> Iterator[Sheet]:
    """The sheets of two tables' differences, without empty ones."""
    if changed:
        rows = [(one.field, _value(one.before), _value(one.after), one.forbidden or "yes") for one in changed]
        yield _sheet("fields", ("field", "before", "after", "allowed while it runs"), rows)
    if shifted:
        shares = [(f"{one.from_block:,}", _shares(one.before), _shares(one.after)) for one in shifted]
        yield _sheet("shares", ("from block", "before", "after"), shares)


def costs(found: Sequence[Cost]) -> Sheet:
    """What a round of each competition costs."""
    rows = [
        (
            one.competition,
            str(one.challengers),
            f"{one.parameters / 1e9:.2f}B",
            f"{one.tokens:,}",
            f"{one.model_s:.0f} s",
            f"{one.gpu_hours:.2f}",
            f"{one.devices:.2f}",
            _bytes(one.download_bytes),
            _bytes(one.sample_bytes),
        )
        for one in found
    ]
    total = (
        "all",
        *("",) * 4,
        f"{sum(one.gpu_hours for one in found):.2f}",
        f"{sum(one.devices for one in found):.2f}",
        _bytes(sum(one.download_bytes for one in found)),
        _bytes(sum(one.sample_bytes for one in found)),
    )
    heads = ("competition", "challengers", "parameters", "tokens", "one model", "GPU hours", "GPUs to keep up")
    return _sheet("one round", (*heads, "models", "samples"), [*rows, total])


def assumptions(field: Field, device: Device) -> Sheet:
    """What a cost was reckoned with."""
    rows = [
        ("new models to download", str(field.new)),
        ("clearly worse challengers", f"{field.worse:.0%}, judged on {1 - field.saved:.0%} of the samples"),
        ("a sample", f"{field.prompt_bytes:,} bytes of prompt, {field.answer_bytes:,} of answer"),
        ("a token", f"{field.bytes_a_token:g} bytes"),
        ("batches of producers", f"{field.pool:g} times what a round draws, {field.line_bytes} bytes around each text"),
        ("a GPU", f"{device.flops * device.reached / 1e12:.0f} of {device.flops / 1e12:.0f} TFLOP/s"),
        ("its memory", f"{device.bandwidth / 1e9:,.0f} GB/s, filled at {device.loading / 1e9:g} GB/s"),
    ]
    return _sheet("assumed, not measured", ("what", "value"), rows)


def _competitions(table: Table, block: Block | None) -> Sheet:
    shares = {} if block is None else shares_at(table, block)
    when = "" if block is None else f" at block {block:,}"
    now = () if block is None else ("share", "round")
    sheet = Sheet(*_HEADS, *now, title=f"competitions{when}; table {table.fingerprint[:16]}…")
    for one in table.competitions:
        row = _facts(one)
        if block is not None:
            number = round_at(block, one.first_block, one.round_blocks)
            row += (f"{shares.get(one.name, 0):.1%}", "not yet" if number is None else str(number))
        sheet.add_row(*row)
    return sheet


_HEADS = ("competition", "from block", "every", "delay", "fetch", "seal", "parameters", "length", "epsilon", "title")


def _facts(one: Competition) -> tuple[str, ...]:
    limits, epsilon, title = one.limits, one.epsilon, one.title
    return (
        one.name,
        f"{one.first_block:,}",
        f"{one.round_blocks:,}",
        f"{one.eval_delay_blocks:,}",
        f"{one.fetch_blocks:,}",
        f"{one.max_seal_blocks:,}",
        f"{limits.min_parameters:,} to {limits.max_parameters:,}",
        f"{limits.max_length:,}",
        f"{epsilon.start:.1%} to {epsilon.end:.1%} in {epsilon.decay_blocks:,}",
        f"p < {title.significance:g} over {title.fewest_rounds} to {title.pooled_rounds} rounds, "
        f"without {title.producers_removed} producers",
    )


def _tasks(competitions: Iterable[Competition]) -> Sheet:
    rows = [
        (one.name, task.name, task.source, str(task.samples), f"{task.weight:g}", f"{task.cap:g}", task.normalisation)
        for one in competitions
        for task in one.tasks
    ]
    return _sheet("tasks", ("competition", "task", "source", "samples", "weight", "cap", "normalisation"), rows)


def _sources(competitions: Iterable[Competition]) -> Sheet:
    rows = [
        (one.name, source.name, source.spec.kind, str(getattr(source.spec, "min_producers", "-")))
        for one in competitions
        for source in one.sources
    ]
    return _sheet("sources", ("competition", "source", "kind", "fewest producers"), rows)


def _schedule(table: Table) -> Sheet:
    rest = f"uid {table.burn_uid}" if table.without_king == "burn" else "the others"
    rows = [(f"{phase.from_block:,}", _shares(dict(phase.shares))) for phase in table.schedule]
    return _sheet(f"schedule; a share without a king goes to {rest}", ("from block", "shares"), rows)


def _sheet(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Sheet:
    sheet = Sheet(*columns, title=title)
    for row in rows:
        sheet.add_row(*row)
    return sheet


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items()) or "nobody"


def _value(value: object) -> str:
    return "-" if value is None else str(value)


def _bytes(number: float) -> str:
    """A size in decimal units, as disks and networks are sold."""
    power = max(1, min(len(_PARTS), (len(str(round(number))) - 1) // 3))
    return f"{number / 1_000**power:.1f} {_PARTS[power - 1]}"
