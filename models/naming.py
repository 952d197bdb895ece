"""How a competition may be called, in tables and in pointers alike. Knows neither."""

import re

COMPETITION_RULE = "lower-case letters, digits and dashes, at most 32, the first no dash"

_COMPETITION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def is_competition(text: str) -> bool:
    """Whether `text` can be a competition's name: COMPETITION_RULE."""
    return _COMPETITION.fullmatch(text) is not None
