"""What a model writes after prompts: greedily, in batches, within hard limits. Knows tensors and tokens; not what is
asked, nor what an answer is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import GenerationConfig
from transformers.generation import LogitsProcessorList

from evaluation.batching import batches
from evaluation.tokens import Ids, start_id
from models.loading import LoadedModel
from models.rejections import Reason, Rejection

_PADDING = 0
"""Stands before short prompts, where nobody looks, and behind what has ended, where it is cut off."""
MAX_TOKEN_BYTES = 16
"""Bytes of text that a new token may bring on average. A stranger's token can be megabytes long; one of English has
four or five bytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was written: the ids without the one that ended it, their text, and whether it came to an end by itself."""

    ids: Ids
    text: str
    ended: bool


def answers(
    loaded: LoadedModel,
    prompts: Sequence[Ids],
    keys: Sequence[str],
    *,
    max_new_tokens: int,
    max_length: int,
    budget: int,
) -> tuple[Answer, ...] | Rejection:
    """The likeliest next token again and again, until one ends the text or there are `max_new_tokens` of them.

    An answer and its prompt, which gets the start id, fit the model's window and `max_length`: an answer gets at most
    half of that room, and a prompt too long for the rest loses ids from the left. Logits are compared in float32; of
    equal ones the lowest id is taken. The same prompts under the same keys give the same ids in whatever order they
    come: `budget` bounds a batch's tokens, prompts and answers together. Logits that are not finite reject the model.
    """
    room = min(max_length, loaded.max_length)
    if room < 3:
        raise ValueError(f"a window of {room} tokens has no room for start, prompt and answer; give at least 3")
    limit = min(max_new_tokens, room // 2)
    begun = [_begun(prompt, start_id(loaded.tokenizer), room - limit) for prompt in prompts]
    made: dict[int, Answer] = {}
    for batch in batches([len(ids) + limit for ids in begun], keys, budget):
        written = _written(loaded, [begun[index] for index in batch], limit)
        for index, ids in zip(batch, written, strict=True):
            if ids is None:
                return Rejection(Reason.NOT_FINITE, f"logits of the answer to sample {keys[index]} are not finite")
            made[index] = _answer(loaded, ids, limit)
    return tuple(made[index] for index in range(len(prompts)))


def end_ids(loaded: LoadedModel) -> frozenset[int]:
    """The ids that end a text: the config's and the tokenizer's, where they name one."""
    named = (loaded.model.config.eos_token_id, loaded.tokenizer.eos_token_id)
    return frozenset(token for token in named if token is not None)


def _begun(prompt: Ids, start: int, room: int) -> Ids:
    return (start, *prompt[max(0, len(prompt) - (room - 1)) :])


def _written(loaded: LoadedModel, begun: Sequence[Ids], limit: int) -> list[Ids | None]:
    """The new ids of each row, or None where a logit was not finite. Padding stands on the left, and is masked."""
    width = max(map(len, begun))
    device = loaded.model.device
    padding = [width - len(ids) for ids in begun]
    inputs = [[_PADDING] * left + list(ids) for left, ids in zip(padding, begun, strict=True)]
    mask = [[0] * left + [1] * (width - left) for left in padding]
    places = [[0] * left + list(range(width - left)) for left in padding]
    ends = end_ids(loaded)
    watch = _Watch(width, len(begun), torch.tensor(sorted(ends), device=device, dtype=torch.long))
    # what our settings leave open transformers takes from the model's own, and no stranger's may be those
    loaded.model.generation_config = GenerationConfig()
    made = loaded.model.generate(
        torch.tensor(inputs, device=device),
        attention_mask=torch.tensor(mask, device=device),
        position_ids=torch.tensor(places, device=device),
        generation_config=_settings(ends, limit),
        logits_processor=LogitsProcessorList([watch]),
    )
    rows: list[list[int]] = made[:, width:].tolist()
    return [None if bad else tuple(row) for row, bad in zip(rows, watch.bad.tolist(), strict=True)]


def _settings(ends: frozenset[int], limit: int) -> GenerationConfig:
    """Greedy and plain; without ids that end a text only the limit does."""
    return GenerationConfig(
        max_new_tokens=limit,
        do_sample=False,
        num_beams=1,
        use_cache=True,
        disable_compile=True,
        eos_token_id=sorted(ends) or None,
        pad_token_id=_PADDING,
    )


class _Watch:
    """Sees every step's float32 logits, changes nothing, and remembers the rows with a number that is not finite.

    What comes after a row's end is nobody's text, and is not looked at.
    """

    def __init__(self, width: int, rows: int, ends: torch.Tensor) -> None:
        self.bad = torch.zeros(rows, dtype=torch.bool, device=ends.device)
        self._width = width
        self._ends = ends

    def __call__(self, ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        ended = torch.isin(ids[:, self._width :], self._ends).any(-1)
        self.bad |= ~torch.isfinite(logits).all(-1) & ~ended
        return logits


def _answer(loaded: LoadedModel, row: Ids, limit: int) -> Answer:
    """A row up to its end. A text of too many bytes is cut before the token that makes it so, and has not ended."""
    ends = end_ids(loaded)
    stop = next((at for at, token in enumerate(row) if token in ends), len(row))
    ids = _short(loaded, row[:stop], limit * MAX_TOKEN_BYTES)
    text = loaded.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return Answer(ids, text, ended=len(ids) == stop < len(row))


def _short(loaded: LoadedModel, ids: Ids, max_bytes: int) -> Ids:
    """The ids whose names, a letter for each byte in a byte-level vocabulary, are no longer than `max_bytes`."""
    taken = 0
    for at, token in enumerate(ids):
        taken += len(loaded.tokenizer.convert_ids_to_tokens(token) or "")
        if taken > max_bytes:
            return ids[:at]
    return ids
