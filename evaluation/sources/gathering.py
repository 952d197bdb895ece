"""Public texts taken row by row: which become samples, and why the others do not. Knows no files and no seed."""

from collections import Counter
from collections.abc import Callable

from evaluation.sources.content import Text
from evaluation.sources.drops import Drop
from evaluation.sources.held import Cause, Held
from evaluation.sources.novelty import Novelty
from evaluation.sources.pool import Pool
from evaluation.sources.sample import Sample
from evaluation.sources.screening import Screening
from evaluation.sources.spec import Screen
from evaluation.sources.text_file import TextFile


class Gathering:
    """Texts taken row by row until there are as many as needed, and what was left out on the way."""

    def __init__(self, screen: Screen, needed: int, sample: Callable[[Text], Sample]) -> None:
        self.needed = needed
        self._screen = screen
        self._screening = Screening(screen)
        self._novelty = Novelty(screen.near_duplicate)
        self._sample = sample
        self._taken: dict[Text, Sample] = {}
        self._dropped: Counter[Drop] = Counter()

    @property
    def is_complete(self) -> bool:
        """Whether no more are needed."""
        return len(self._taken) >= self.needed

    def take(self, texts: TextFile, row: int) -> None:
        """Take a row, or count why not."""
        content = self._content(texts, row)
        if not isinstance(content, Drop):
            sample = self._sample(content)
            content = content if self._novelty.admits(sample) else Drop.NEAR_DUPLICATE
        if isinstance(content, Drop):
            self._dropped[content] += 1
        else:
            self._taken[content] = sample

    def pool(self) -> Pool | Held:
        """What was taken; Held where it is too little."""
        dropped = {str(drop): number for drop, number in sorted(self._dropped.items())}
        if not self.is_complete:
            return Held(
                Cause.TOO_FEW,
                f"{len(self._taken)} of {self.needed} texts in the row groups of this seed; dropped {dropped}",
            )
        kept = tuple(sorted(self._taken.values(), key=lambda sample: sample.id))
        return Pool(kept, (), dropped, "seed", 1, self._screen.near_duplicate)

    def _content(self, texts: TextFile, row: int) -> Text | Drop:
        length = texts.length(row)
        if not length:
            return Drop.MALFORMED
        if length > self._screen.max_bytes:
            return Drop.LENGTH
        try:
            content = Text(texts.read(row).decode())
        except UnicodeDecodeError:
            return Drop.MALFORMED
        if broken := self._screening.broken(content):
            return broken
        if self._screening.is_foreign(content):
            return Drop.LANGUAGE
        return Drop.DUPLICATE if content in self._taken else content
