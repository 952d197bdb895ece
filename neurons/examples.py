"""Texts and pairs as token ids with the positions that count. Loads no torch.

What fits is laid out as validators score it, with an EOS to learn behind it. What does not is cut by tokens, into as
much as a small budget can learn, where they cut by bytes (`evaluation/windows.py`) and score all of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from evaluation.sources.content import Pair

IGNORED = -100
"""Label of a position whose token is no part of the loss, as transformers knows it."""

Encode = Callable[[str], list[int]]
"""A tokenizer without special tokens."""


@dataclass(frozen=True, slots=True)
class Example:
    """One sequence: token ids and as many labels."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]


def from_pairs(pairs: Iterable[Pair], encode: Encode, bos: int, eos: int, max_length: int) -> Iterator[Example]:
    """One example a pair: our BOS, the prompt (cut from the left), the reference (cut at the end), EOS.

    Prompt and reference are encoded separately and only the reference and EOS are learnt.
    """
    for pair in pairs:
        answer = [*encode(pair.reference), eos][: max_length - 2]
        prompt = encode(pair.prompt)
        start = [bos, *prompt[max(0, len(prompt) - (max_length - 1 - len(answer))) :]]
        yield Example((*start, *answer), (*[IGNORED] * len(start), *answer))


def from_texts(texts: Iterable[str], encode: Encode, bos: int, eos: int, max_length: int) -> Iterator[Example]:
    """Windows of at most `max_length` tokens, each starting with our BOS; every token of the text is learnt once."""
    for text in texts:
        ids = [*encode(text), eos]
        for at in range(0, len(ids), max_length - 1):
            window = ids[at : at + max_length - 1]
            yield Example((bos, *window), (IGNORED, *window))
