"""`crucible samples`: whether two validators judge on the same samples, and if not, whose make the difference."""

from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Annotated

import typer

from console.options import AsJson, app_for, say
from ledger.comparison import Difference, differences, in_words
from ledger.database import Ledger, LedgerError, NoSuchRecord, open_ledger
from ledger.samples import RoundSamples, drawn, samples_of

app = app_for("What rounds are judged on, as ledgers have it.", LedgerError)

DIFFERENT = 1
"""Exit code where two validators' samples differ."""

Compared = tuple[RoundSamples, RoundSamples, tuple[Difference, ...]]


@app.command()
def compare(
    ledger: Annotated[str, typer.Option("--ledger", help="The one validator's ledger: a file, or a database URL.")],
    other: Annotated[str, typer.Option("--other", help="The other validator's ledger.")],
    competition: Annotated[
        str | None, typer.Option("--competition", "-c", help="Name of the competition; without it, all of them.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--round", min=0, help="Number of the round; without it, the newest both have drawn.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what two validators judged a round on; exit code 1 where it differs. Changes neither ledger."""
    with ExitStack() as stack:
        both = [stack.enter_context(closing(open_ledger(path, read_only=True))) for path in (ledger, other)]
        rounds = _rounds(both[0], both[1], competition, number)
        compared = [_compared(both[0], both[1], name, of) for name, of in rounds.items()]
    document = {"rounds": [_document(one) for one in compared]}
    say(document, as_json, lambda: "\n".join(line for one in compared for line in _lines(one)))
    if any(found for _, _, found in compared):
        raise typer.Exit(DIFFERENT)


def _rounds(one: Ledger, other: Ledger, competition: str | None, number: int | None) -> dict[str, int]:
    """Which round of each competition is compared."""
    ours, theirs = drawn(one), drawn(other)
    names = [competition] if competition is not None else sorted({*ours, *theirs})
    if number is not None and names:
        return dict.fromkeys(names, number)
    both = {name: ours.get(name, set()) & theirs.get(name, set()) for name in names}
    newest = {name: max(numbers) for name, numbers in both.items() if numbers}
    if not newest:
        of = f" of {competition}" if competition is not None else ""
        raise NoSuchRecord(f"{one.name} and {other.name} have drawn no common round{of}: name one of theirs by --round")
    return newest


def _compared(one: Ledger, other: Ledger, competition: str, number: int) -> Compared:
    records = samples_of(one, competition, number), samples_of(other, competition, number)
    return *records, differences(*records)


def _document(compared: Compared) -> dict[str, object]:
    one, other, found = compared
    return {
        "competition": one.competition,
        "round": one.number,
        "same": not found,
        "ledger": asdict(one),
        "other": asdict(other),
        "differences": [asdict(difference) for difference in found],
    }


def _lines(compared: Compared) -> list[str]:
    one, other, found = compared
    verdict = f"{len(found)} differences" if len(found) != 1 else "1 difference"
    return [
        f"{one.competition}, round {one.number}: {verdict if found else 'the same samples'}",
        f"  --ledger {_state(one)}",
        f"  --other  {_state(other)}",
        *(f"  {_plain(in_words(difference, '--ledger', '--other'))}" for difference in found),
    ]


def _state(record: RoundSamples) -> str:
    if record.bundle_root is None:
        return f"has not drawn its samples: {_plain(record.cause)}" if record.cause else "has not drawn its samples"
    known = "" if record.pools else "; from which pools was not recorded"
    return f"drew {record.bundle_root}{known}"


def _plain(text: str) -> str:
    """Words that may quote strangers, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
