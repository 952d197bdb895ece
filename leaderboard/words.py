"""How the page says numbers, keys and moments. Pure functions, used by the templates as filters."""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from leaderboard.sampling import waited
from ledger.ancestry import Ancestry
from ledger.board import Board
from ledger.readings import RoundReading
from ledger.rounds import RoundState

_SHOWN = 6
_ADDRESS = re.compile(r"\b5[1-9A-HJ-NP-Za-km-z]{47}\b")
"""An ss58 address of the chain's own prefix."""
_FOLDERS = re.compile(r"(?<![\w/:.@-])(?:~|[A-Za-z]:)?(?:[/\\][^\s/\\'\"<>:,;]+)+[/\\]")
"""The folders of an absolute path, up to its last part; no part of a web address or of user/model."""


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing under way: whether it is open or held, its subject, and what is said of it."""

    state: RoundState
    subject: str
    text: str


def short(key: str) -> str:
    """A long key by its ends; the page gives the whole one in a title."""
    return key if len(key) <= 2 * _SHOWN + 1 else f"{key[:_SHOWN]}…{key[-_SHOWN:]}"


def discreet(text: str) -> str:
    """A sentence without the folders of this machine, which the causes of our own faults may name."""
    return _FOLDERS.sub("…/", text)


def prose(text: str) -> Markup:
    """A sentence, escaped and discreet, with the addresses in it by their ends."""
    safe = str(escape(discreet(text)))
    return Markup(_ADDRESS.sub(lambda found: f'<code title="{found[0]}">{short(found[0])}</code>', safe))


def descent(ancestry: Ancestry) -> str:
    """What a model is to those before it, in one sentence."""
    if not ancestry.parents:
        return "Lineage: original, near none of the models committed before it"
    parents = " and ".join(
        f"{share}{parent.repo or short(parent.digest)}"
        for parent in ancestry.parents
        for share in ["" if len(ancestry.parents) == 1 else f"{parent.weight:.0%} "]
    )
    kind = ancestry.kind.replace("_", "-")
    away = "" if ancestry.distance is None else f", {ancestry.distance:.2g} of its length away"
    return f"Lineage: {kind} of {parents}{away} (confidence {ancestry.confidence:.2f})"


def percent(share: float | None, digits: int = 2) -> str:
    """A share of one in percent; a dash where there is none."""
    return "–" if share is None else f"{share:.{digits}%}".replace("-", "−")


def signed(share: float | None) -> str:
    """An improvement in percent with its sign."""
    return "–" if share is None else f"{share:+.2%}".replace("-", "−")


def score(value: float | None) -> str:
    """A loss to four places."""
    return "–" if value is None else f"{value:.4f}"


def count(value: int | None) -> str:
    """A whole number in groups of three."""
    return "–" if value is None else f"{value:,}".replace(",", " ")


def ago(moment: datetime, now: datetime) -> str:
    """How long ago something was, in the largest unit that fits."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def model_link(hub_endpoint: str | None, repo: str, revision: str) -> str | None:
    """Where a model's pinned revision can be seen; None where the Hub's address is no web address."""
    if hub_endpoint is None or urlsplit(hub_endpoint).scheme not in ("http", "https"):
        return None
    return f"{hub_endpoint.rstrip('/')}/{quote(repo)}/tree/{quote(revision, safe='')}"


def doing(board: Board) -> list[Doing]:
    """The rounds that are not closed, those being judged first."""
    lines = [_doing(contest.name, r) for contest in board.contests for r in contest.rounds if r.state != "closed"]
    return sorted(lines, key=lambda line: line.state == "held")


def hues(board: Board) -> dict[str, str]:
    """A colour's class for each competition, by name, so that a colour stays when shares change."""
    return {name: f"c{place % 6}" for place, name in enumerate(sorted(contest.name for contest in board.contests))}


def _doing(competition: str, round_: RoundReading) -> Doing:
    subject = f"{competition}, round {round_.number}"
    if round_.state == "held":
        return Doing("held", subject, f"is held: {round_.waits[0].detail} ({waited(round_.waits[0])})")
    models = "1 model" if round_.judged == 1 else f"{round_.judged} models"
    return Doing("open", subject, f"is being judged on seed block {round_.seed_block}: {models} done")
