"""What a text itself may not be: too long, poisoned, or in another language than the table asks for. Knows no samples'
origin.
"""

import functools
from typing import Any

from evaluation.sources.content import Content, texts_of
from evaluation.sources.drops import Drop
from evaluation.sources.spec import Screen


class Screening:
    """A screen made ready for many texts."""

    def __init__(self, screen: Screen) -> None:
        self._max_bytes = screen.max_bytes
        self._phrases = tuple(phrase.casefold() for phrase in screen.phrases.phrases) if screen.phrases else ()
        self._language = screen.language

    def broken(self, content: Content) -> Drop | None:
        """The first cheap rule that a content breaks."""
        texts = texts_of(content)
        for text in texts:
            if 4 * len(text) > self._max_bytes and len(text.encode()) > self._max_bytes:
                return Drop.LENGTH
        if not self._phrases:
            return None
        folded = "\n".join(texts).casefold()
        return Drop.PHRASE if any(map(folded.__contains__, self._phrases)) else None

    def is_foreign(self, content: Content) -> bool:
        """Whether the content is recognised as another language than the screen's; dear, so asked last."""
        return self._language is not None and _language("\n".join(texts_of(content))) != self._language


def _language(text: str) -> str:
    """ISO 639-1 code of a text, by its most likely language."""
    return str(_identifier().classify(text)[0])


@functools.cache
def _identifier() -> Any:
    """py3langid's model; imported here, since it loads for half a second and most tables ask for no language."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)
