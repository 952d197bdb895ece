"""What a text itself may not be: too long, poisoned, or in another language than the table asks for. Knows no samples'
origin.
"""

import functools
import unicodedata
from typing import Any

from ahocorasick_rs import AhoCorasick

from evaluation.sources.content import Content, texts_of
from evaluation.sources.drops import Drop
from evaluation.sources.spec import Screen

_UNSEEN = dict.fromkeys(
    [0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
"""Soft hyphens, joiners, marks of direction and other characters without a width, which could split a phrase."""


class Screening:
    """A screen made ready for many texts."""

    def __init__(self, screen: Screen) -> None:
        self._max_bytes = screen.max_bytes
        phrases = [_plain(_folded(phrase)) for phrase in screen.phrases.phrases] if screen.phrases else []
        self._phrases = tuple(phrases)
        # a phrase's longest word, looked for first, since it stands there whatever the spaces around it
        self._words = AhoCorasick(sorted({max(phrase.split(), key=len) for phrase in phrases}))
        self._language = screen.language

    def broken(self, content: Content) -> Drop | None:
        """The first cheap rule that a content breaks."""
        texts = texts_of(content)
        for text in texts:
            if 4 * len(text) > self._max_bytes and len(text.encode()) > self._max_bytes:
                return Drop.LENGTH
        if not self._phrases:
            return None
        folded = _folded("\0".join(texts))  # which no phrase has, so that none is found across two texts
        if not self._words.find_matches_as_indexes(folded):
            return None
        plain = _plain(folded)
        return Drop.PHRASE if any(phrase in plain for phrase in self._phrases) else None

    def is_foreign(self, content: Content) -> bool:
        """Whether the content is recognised as another language than the screen's; dear, so asked last."""
        return self._language is not None and _language("\n".join(texts_of(content))) != self._language


def _folded(text: str) -> str:
    """A text whatever its casing and the composition of its letters, and without what nobody sees."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_UNSEEN))).casefold()


def _plain(text: str) -> str:
    """A text whatever its spaces and line ends."""
    return " ".join(text.split())


def _language(text: str) -> str:
    """ISO 639-1 code of a text, by its most likely language."""
    return str(_identifier().classify(text)[0])


@functools.cache
def _identifier() -> Any:
    """py3langid's model; imported here, since it loads for half a second and most tables ask for no language."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)
