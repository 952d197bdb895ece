"""Records to HTML: one environment of templates that escapes everything it is given. Knows no ledger and no server."""

from datetime import datetime
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from leaderboard import sampling, words
from leaderboard.chart import HEIGHT, WIDTH, chart
from ledger.board import Board

SUBMISSIONS_SHOWN = 60
"""Newest commitments on the page; the JSON has more."""

_TEMPLATES = Environment(
    loader=PackageLoader("leaderboard"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {
    "prose": words.prose,
    "descent": words.descent,
    "short": words.short,
    "percent": words.percent,
    "signed": words.signed,
    "score": words.score,
    "count": words.count,
    "proof": sampling.proof,
    "drop": sampling.drop,
    "waited": sampling.waited,
}
_TEMPLATES.globals |= {"chart": chart, "chart_width": WIDTH, "chart_height": HEIGHT}


def render_board(board: Board, now: datetime) -> str:
    """The page of a reading, as of a moment (UTC)."""
    hub = board.identity.hub_endpoint if board.identity is not None else None
    return _TEMPLATES.get_template("board.html").render(
        board=board,
        doing=words.doing(board),
        hues=words.hues(board),
        submissions=board.submissions[:SUBMISSIONS_SHOWN],
        ago=partial(words.ago, now=now),
        link=partial(words.model_link, hub),
    )


def render_problem(title: str, message: str) -> str:
    """A page that says what is wrong and what helps."""
    return _TEMPLATES.get_template("problem.html").render(title=title, message=message)
