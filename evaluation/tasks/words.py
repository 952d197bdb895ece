"""What a word and a sentence of a text are, for rules that count them: the same on every machine. Pure."""

import re
import unicodedata

_JOINING = "'’.-"
_RUN = re.compile(r"['’.-]{2,}")
_CLOSING = "\"'”’»)]}*_"
_OPENING = "\"'“‘«([{*_"
_ENDING = ".!?…。！？"
_UNSPACED = re.compile(r"([。！？])")
_SHORTENED = frozenset({"mr", "mrs", "ms", "dr", "prof", "st", "vs", "cf", "fig"})
BULLETS = ("- ", "* ")
"""How a line begins that is a bullet point."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text, folded so that neither case nor the spelling of an accent tells two apart.

    A word is an unbroken run of letters, their marks and digits. One apostrophe, hyphen or period within it belongs to
    it ("don't", "well-known", "3.14", "U.S"); two in a row, a dash, a comma and anything else part words. So signs,
    bullets and emoji are no words, and a script that does not part its words has one to a phrase.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    kept = "".join(sign if unicodedata.category(sign)[0] in "LMN" or sign in _JOINING else " " for sign in folded)
    pieces = (piece.strip(_JOINING) for piece in _RUN.sub(" ", kept).split())
    return tuple(piece for piece in pieces if piece)


def sentences(text: str) -> int:
    """How many sentences a text has.

    A sentence has a word in it and ends with one of . ! ? … 。 ！ ？ before white space (after the last three also
    without), closing quotes and brackets aside; where a line is empty or a bullet point begins; or with the text. A
    period ends none behind a single letter ("J."), behind letters by ones and twos ("e.g.", "U.S.", "Ph.D.") and
    behind Mr, Mrs, Ms, Dr, Prof, St, vs, cf and Fig.
    """
    ended, begun = 0, False
    for line in text.splitlines():
        if not line.strip() or line.startswith(BULLETS):
            ended, begun = ended + begun, False
        for piece in _UNSPACED.sub(r"\1 ", line).split():
            begun = begun or bool(words(piece))
            if begun and _ends(piece):
                ended, begun = ended + 1, False
    return ended + begun


def _ends(piece: str) -> bool:
    """Whether a sentence ends with this stretch between white space."""
    bare = piece.rstrip(_CLOSING).lstrip(_OPENING)
    return bare.endswith(tuple(_ENDING)) and not _is_shortened(bare)


def _is_shortened(bare: str) -> bool:
    stem = bare.removesuffix(".")
    parts = stem.split(".")
    letters = all(part.isalpha() and len(part) <= 2 for part in parts) and (len(parts) > 1 or len(stem) == 1)
    return bare.endswith(".") and (letters or stem.casefold() in _SHORTENED)
