"""From text to the ids a model is fed and the ids it is scored on. Knows tokenizers, no tensors and no losses."""

from dataclasses import dataclass
from typing import Protocol

from evaluation.chat import Markup, Part
from models.rejections import Reason, Rejection

Ids = tuple[int, ...]


class Tokenizer(Protocol):
    """What is asked of a tokenizer (transformers' fast ones answer)."""

    @property
    def bos_token_id(self) -> int | None: ...

    @property
    def eos_token_id(self) -> int | None: ...

    def encode(self, text: str, *, add_special_tokens: bool, split_special_tokens: bool) -> list[int]: ...

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class Span:
    """One forward pass' worth of a sample: the last len(targets) inputs predict the targets, one each."""

    inputs: Ids
    targets: Ids


def start_id(tokenizer: Tokenizer) -> int:
    """The id every sequence starts with: the tokenizer's BOS, or else its EOS, or else 0."""
    candidates = (tokenizer.bos_token_id, tokenizer.eos_token_id, 0)
    return next(token for token in candidates if token is not None)


def encode(tokenizer: Tokenizer, part: Part) -> Ids | Rejection:
    """The text's ids, once they are known to give back every byte.

    A special token's name in a text is text like any other, but in the table's own markup.
    """
    is_ours, text = (True, part.text) if isinstance(part, Markup) else (False, part)
    ids = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=not is_ours)
    back = tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    if back != text:
        shared = min(len(text), len(back))
        place = next((at for at in range(shared) if text[at] != back[at]), shared)
        return Rejection(
            Reason.TOKENIZER,
            f"the tokenizer turns {text[place : place + 20]!r} (character {place}) into {back[place : place + 20]!r}: "
            "it must give back every byte it takes",
        )
    return tuple(ids)


def outside(ids: Ids, rows: int) -> Rejection | None:
    """Why ids cannot be looked up in an embedding of so many rows; None where they can."""
    if ids and not 0 <= min(ids) <= max(ids) < rows:
        return Rejection(Reason.TOKENIZER, f"the tokenizer gives id {max(ids)}, the embedding has {rows} rows")
    return None


def spans(prompt: Ids, scored: Ids, start: int, max_length: int) -> tuple[Span, ...]:
    """Spans in which every scored id is a target exactly once, none longer than max_length with its last.

    Raises ValueError where max_length is below 3: no id would be scored, and a loss of nothing is the best there is.
    Where start, prompt and scored ids do not fit, the prompt loses ids from the left. Scored ids that do not fit
    even without a prompt are cut into pieces of half the room, each after as much of what precedes it as fits.
    """
    if max_length < 3:
        raise ValueError(f"a window of {max_length} tokens has no room for start, context and target; give at least 3")
    room = max_length - 1
    step = len(scored) if len(scored) <= room else room // 2
    whole = prompt + scored
    made: list[Span] = []
    for first in range(0, len(scored), max(1, step)):
        targets = scored[first : first + step]
        end = len(prompt) + first
        context = whole[max(0, end - (room - len(targets))) : end]
        made.append(Span((start, *context, *targets[:-1]), targets))
    return tuple(made)
