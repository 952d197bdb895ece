"""Prompts for a model: templates from a readable file, filled with passages of local text. Knows no model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from neurons.corpus import Passage
from neurons.deck import Deck
from neurons.errors import ProducerError

NAMES = ("name", "passage")
"""What a template can ask for: what the passage is about, such as `json.decoder`, and its text."""
BETWEEN = "---"
"""A line of its own between two templates."""
MAX_FILE_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Prompts:
    """Every template with every passage, in an order that a seed decides; used up, it starts over in another."""

    templates: tuple[Template, ...]
    passages: Sequence[Passage]
    seed: str

    def draw(self, position: int, count: int) -> tuple[str, ...]:
        """The prompts number `position` to `position + count` (exclusive) ever drawn."""
        return tuple(map(self._filled, self._deck().draw(position, count)))

    def _deck(self) -> Deck[int]:
        return Deck(range(len(self.templates) * len(self.passages)), self.seed)

    def _filled(self, number: int) -> str:
        passage = self.passages[number // len(self.templates)]
        template = self.templates[number % len(self.templates)]
        return template.substitute(name=passage.name, passage=passage.text).strip() + "\n"


def read_templates(path: Path) -> tuple[Template, ...]:
    """The templates of a file in UTF-8. Raises ProducerError where it holds none, or one that cannot be filled."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProducerError(f"prompts {path} cannot be read ({error}): give a text file in UTF-8") from None
    if len(text.encode()) > MAX_FILE_BYTES:
        raise ProducerError(f"prompts {path} have over {MAX_FILE_BYTES} bytes: shorten them")
    return parse_templates(text, str(path))


def parse_templates(text: str, origin: str) -> tuple[Template, ...]:
    """The templates of a text, between lines of `---`; empty ones do not count. Raises ProducerError."""
    parts = [""]
    for line in text.splitlines(keepends=True):
        if line.strip() == BETWEEN:
            parts.append("")
        else:
            parts[-1] += line
    templates = tuple(Template(part.strip()) for part in parts if part.strip())
    if not templates:
        raise ProducerError(f"prompts {origin} hold no template: write one, such as 'Explain in a sentence: $passage'")
    for number, template in enumerate(templates, start=1):
        if fault := _fault(template):
            raise ProducerError(f"template {number} of prompts {origin} {fault}")
    return templates


def _fault(template: Template) -> str | None:
    known = ", ".join(f"${name}" for name in NAMES)
    if not template.is_valid():
        return "has a $ that starts no name: write $$ for a dollar"
    asked = template.get_identifiers()
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        return f"asks for ${unknown[0]}: known are {known}"
    return None if asked else f"asks for nothing, so that each of its prompts would be the same: use {known}"
