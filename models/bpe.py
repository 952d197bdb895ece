"""The vocabulary of a byte-level BPE: a letter for each byte, merges that join neighbours, and added whole texts.

The rules make decoding the exact inverse of encoding. Pure; knows nothing of the tokenizer's other parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeGuard

from models.strict_json import shown


def _byte_letters() -> frozenset[str]:
    """The letters that stand for the 256 bytes: printable Latin-1 as itself, the others counted up from U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    return frozenset(map(chr, printable | {0x100 + index for index in range(256 - len(printable))}))


ALPHABET = _byte_letters()
"""The byte-level alphabet of GPT-2, which every byte-level BPE uses."""

_SWITCHES: dict[str, tuple[object, ...]] = {
    "type": ("BPE",),
    "dropout": (None,),
    "unk_token": (None,),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "fuse_unk": (False,),
    "byte_fallback": (False,),
    "ignore_merges": (False, True),
}
"""Switches of a BPE model and the values they may have: dropout makes encodings random, the others change text."""

# a stock tokenizer has a thousand of twenty letters; a library matches every text against all of them, in memory that
# grows with their letters: 25 MB of them take it 1.5 GB
_MAX_ADDED, _MAX_ADDED_LETTERS = 20_000, 1_000_000
_ADDED_KEYS = frozenset({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"})


@dataclass(frozen=True, slots=True)
class Bpe:
    """Token → id without gaps from 0 on, merges in order of rank, and whether a whole word may skip its merges."""

    vocab: Mapping[str, int]
    merges: tuple[tuple[str, str], ...]
    ignore_merges: bool


@dataclass(frozen=True, slots=True)
class AddedToken:
    """A text that is one token wherever it stands; special ones mark beginnings and ends.

    A `late` one is looked for in what the others leave. Where all are late, or none is, the longest of two wins.
    """

    id: int
    content: str
    special: bool
    late: bool


def read_added(listed: object) -> tuple[AddedToken, ...] | str:
    """The `added_tokens` of a tokenizer.json, in order of their ids; or what is wrong with them."""
    if isinstance(listed, list) and len(listed) > _MAX_ADDED:
        return f"has {len(listed)} added tokens; at most {_MAX_ADDED} are read"
    tokens: dict[str, AddedToken] = {}
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or not entry.keys() <= _ADDED_KEYS:
            return f"has an added token with other keys than {', '.join(sorted(_ADDED_KEYS))}"
        number, content = entry.get("id"), entry.get("content")
        if not _is_id(number) or not isinstance(content, str) or not _decodes_to_itself(content):
            return f"has the added token {shown(content)}, which does not decode to itself; use ASCII"
        if any(entry.get(switch) for switch in ("single_word", "lstrip", "rstrip")) or content in tokens:
            return f"has the added token {shown(content)} twice, or one that swallows its surroundings; set them plain"
        tokens[content] = AddedToken(number, content, entry.get("special") is True, entry.get("normalized") is True)
    if (letters := sum(map(len, tokens))) > _MAX_ADDED_LETTERS:
        return f"has added tokens of {letters} letters together; at most {_MAX_ADDED_LETTERS} are read"
    found = tuple(tokens.values())
    # libraries number them as they come, whatever ids are written
    in_order = all(first.id < second.id for first, second in pairwise(found))
    return found if in_order else "has added tokens that are not in the order of their ids; sort them"


def read_bpe(model: object, added: tuple[AddedToken, ...]) -> Bpe | str:
    """The `model` of a tokenizer.json with these added tokens; or what is wrong with it."""
    if not isinstance(model, dict):
        return "has no model; save it with save_pretrained"
    vocab, merges = model.get("vocab"), model.get("merges")
    if not isinstance(vocab, dict) or not isinstance(merges, list):
        return "has no vocabulary or no merges; train a byte-level BPE"
    for key, value in model.items():
        if key not in ("vocab", "merges") and value not in _SWITCHES.get(key, ()):
            return f"sets {shown(key)} of its model to {shown(value)}, which can lose text; use plain byte-level BPE"
    fault = _letter_fault(vocab, added) or _id_fault(vocab, added)
    pairs = [tuple(merge.split(" ")) if isinstance(merge, str) else merge for merge in merges]
    fault = fault or next((_merge_fault(pair, vocab) for pair in pairs if _merge_fault(pair, vocab)), None)
    return fault or Bpe(vocab, tuple((left, right) for left, right in pairs), model.get("ignore_merges") is True)


def _letter_fault(vocab: Mapping[str, object], added: tuple[AddedToken, ...]) -> str | None:
    """Each byte needs its letter, and a token of other letters would decode to other bytes than it was made from."""
    if missing := len(ALPHABET - vocab.keys()):
        return f"has no token for {missing} of the 256 bytes and would drop them; train it with the whole byte alphabet"
    whole = {token.content for token in added}
    strange = (token for token in vocab if token not in whole and not (token and ALPHABET.issuperset(token)))
    found = next(strange, None)
    return None if found is None else f"has the token {shown(found)}, which is not made of byte-level letters"


def _id_fault(vocab: Mapping[str, object], added: tuple[AddedToken, ...]) -> str | None:
    """Ids run without gaps, first the vocabulary's, then those of the other added tokens: so the library counts."""
    taken = {number for number in vocab.values() if _is_id(number) and number < len(vocab)}
    if len(taken) != len(vocab):
        return f"has {len(vocab)} tokens whose ids do not run from 0 to {len(vocab) - 1}; number them so"
    later = [token for token in added if token.content not in vocab]
    placed = {token.content: len(vocab) + index for index, token in enumerate(later)}
    for token in added:
        expected = vocab.get(token.content, placed.get(token.content))
        if token.id != expected:
            return f"gives the added token {shown(token.content)} the id {token.id}; it must be {expected}"
    return None


def _merge_fault(pair: object, vocab: Mapping[str, object]) -> str | None:
    if not (
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str)
    ):
        return f"has a merge {shown(pair)} that is no pair of tokens"
    if not (pair[0] in vocab and pair[1] in vocab and pair[0] + pair[1] in vocab):
        return f"has a merge of {shown(pair[0])} and {shown(pair[1])} that its vocabulary does not hold"
    return None


def _decodes_to_itself(content: str) -> bool:
    """Whether byte-level decoding leaves an added text alone: no letter of it stands for another byte."""
    return content != "" and all(char < "\x7f" or "\u0143" < char < "\ud800" or char > "\udfff" for char in content)


def _is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
