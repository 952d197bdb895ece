"""What a producer's command line asks for, made into the shares of a batch. What cannot be is told before any work."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from evaluation.sources.content import Content
from evaluation.sources.procedures.draws import Draws
from evaluation.sources.procedures.registry import PROCEDURES
from evaluation.sources.spec import KIND_OF_PROCEDURE
from evaluation.tasks.spec import SampleKind
from neurons import corpus
from neurons.deck import shared_out
from neurons.endpoint import Bounds, Endpoint
from neurons.errors import ProducerError
from neurons.portion import Exercises, Portion, Share, corpus_shares
from neurons.prompts import Prompts, read_templates
from neurons.settings import read_secret

KIND_OF_OPTION: Mapping[str, SampleKind] = {"exercises": "pair", "choices": "choice", "instructions": "instruction"}
"""What each option that asks for generated samples asks for."""
GENERATED = "generated"
"""What samples of procedures say they were made from."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An endpoint as the command line names it, its templates and its key read."""

    base_url: str
    model: str
    templates: tuple[Template, ...]
    key: str | None = field(repr=False)
    bounds: Bounds
    answers: int
    """Prompts a batch."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much of what goes into a batch, and which part of the local text is this producer's own."""

    pairs: int
    texts: int
    generated: Mapping[str, int]
    """Samples a batch by the option that asks for them."""
    asked: Asked | None = None
    part: tuple[int, int] = (0, 1)

    def portion(self, seed: str, stop: threading.Event) -> Portion:
        """The shares: a seed decides the order of local text and makes the generated samples. Whoever knows it has
        them before they are made; whoever keeps it goes on, after a restart, where it was.

        Raises ProducerError for an address that is none.
        """
        shares = [*corpus_shares(seed, self.pairs, self.texts, *self.part)]
        for option, number in self.generated.items():
            shares.append(Share(Exercises(_procedures(KIND_OF_OPTION[option]), f"{seed}/{option}"), number, GENERATED))
        if self.asked:
            shares.append(_answers(self.asked, seed, self.part, stop))
        return Portion(tuple(share for share in shares if share.per_batch))


def asked(
    base_url: str | None, model: str | None, prompts: Path | None, key_env: str | None, bounds: Bounds, answers: int
) -> Asked | None:
    """The endpoint, if one is named. Raises ProducerError and SettingsError."""
    named = {"--base-url": base_url, "--model": model, "--prompts": prompts}
    missing = [option for option, value in named.items() if not value]
    if base_url and model and prompts:
        key = read_secret(key_env) if key_env else None
        return Asked(base_url, model, read_templates(prompts), key, bounds, answers)
    if len(missing) < len(named) or key_env:
        raise ProducerError(f"an endpoint needs {', '.join(named)} together: add {' and '.join(missing)}")
    return None


def part_of(text: str) -> tuple[int, int]:
    """`2/3` as (1, 3). Raises ProducerError."""
    match = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise ProducerError(f"slice {text!r} is no share of the corpus: give --slice like 1/2, the first of two")
    return number - 1, of


def source_of(model: str) -> str:
    """A model's name as its samples can say it: short, lower-case, plain."""
    return re.sub(r"[^a-z0-9_.-]+", "-", model.lower()).lstrip("_.-")[:64] or "endpoint"


def _procedures(kind: SampleKind) -> tuple[Callable[[bytes], Content], ...]:
    """What makes contents of a kind."""
    return tuple(
        lambda seed, make=make: make(Draws(seed))
        for name, make in PROCEDURES.items()
        if KIND_OF_PROCEDURE[name] == kind
    )


def _answers(asked: Asked, order: str, part: tuple[int, int], stop: threading.Event) -> Share:
    prompts = Prompts(asked.templates, shared_out(corpus.named_passages(), *part), f"{order}/prompts")
    stock = Endpoint(asked.base_url, asked.model, prompts, asked.key, asked.bounds, stop.is_set)
    return Share(stock, asked.answers, source_of(asked.model))
