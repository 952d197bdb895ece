"""The rules an instruction can set, as data: `bullets=3`, `keyword=harbour`. Whether a text keeps them is a task's to
tell.
"""

from dataclasses import dataclass
from typing import Literal, get_args

RuleName = Literal[
    "bullets",
    "casing",
    "commas",
    "keyword",
    "without",
    "sentences_at_least",
    "sentences_at_most",
    "words_at_least",
    "words_at_most",
    "starts_with",
    "ends_with",
]
"""`bullets=N` exactly N lines that start with "- " or "* "; `casing=lower|upper` no letter of the other case;
`commas=none`; `keyword=W` and `without=W` the word W occurs, or does not; counts of sentences and of words; the text's
first and last words."""

NAMES: frozenset[str] = frozenset(get_args(RuleName))
_COUNTED = frozenset(name for name in NAMES if name == "bullets" or name.endswith(("_least", "_most")))
_CHOSEN = {"casing": ("lower", "upper"), "commas": ("none",)}
MAX_COUNT = 1_000
MAX_VALUE_BYTES = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule by its name (`RuleName`, or what a stranger wrote there) and its value."""

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}={self.value}"

    @property
    def fault(self) -> str | None:
        """Why it is no rule; None where it is."""
        if self.name not in NAMES:
            return f"no rule is called {self.name[:40]!r}; known are {', '.join(sorted(NAMES))}"
        if self.name in _COUNTED:
            plain = self.value.isascii() and self.value.isdigit() and str(int(self.value[:9])) == self.value
            whole = plain and 1 <= int(self.value) <= MAX_COUNT
            return None if whole else f"{self.name}={self.value[:20]!r} is no number from 1 to {MAX_COUNT}"
        if self.name in _CHOSEN:
            known = _CHOSEN[self.name]
            return None if self.value in known else f"{self.name}={self.value[:20]!r} is none of {', '.join(known)}"
        fits = self.value.strip() and len(self.value.encode("utf-8", "surrogatepass")) <= MAX_VALUE_BYTES
        return None if fits else f"{self.name} needs a text of at most {MAX_VALUE_BYTES} bytes"


def parse_rule(text: str) -> Rule:
    """`name=value` as a rule, whatever was written there; `Rule.fault` tells whether it is one."""
    name, _, value = text.partition("=")
    return Rule(name, value)
