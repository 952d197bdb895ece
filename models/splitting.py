"""How byte-level BPEs cut a text into words before their merges: the few ways that are accepted, whole and exact.

A pattern of a stranger's own can drop text or take minutes; these are known to lose nothing, in time that grows with
the text and no faster. Knows nothing of a tokenizer's other parts.
"""

from collections.abc import Mapping

_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_CAPITALISED = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
_CAPITALS = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
_DIGIT, _DIGITS = r"\p{N}", r"\p{N}{1,3}"
_SIGNS, _SIGNS_OR_SLASHES = r" ?[^\s\p{L}\p{N}]+[\r\n]*", r" ?[^\s\p{L}\p{N}]+[\r\n/]*"
_SPACES = (r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+")

PATTERNS: dict[str, str] = {
    "Llama 3": "|".join((_CONTRACTION, _WORD, _DIGITS, _SIGNS, *_SPACES)),
    "Qwen2": "|".join((_CONTRACTION, _WORD, _DIGIT, _SIGNS, *_SPACES)),
    "o200k": "|".join(
        (f"{_CAPITALISED}{_CONTRACTION}?", f"{_CAPITALS}{_CONTRACTION}?", _DIGITS, _SIGNS_OR_SLASHES, *_SPACES)
    ),
    "Tekken": "|".join((_CAPITALISED, _CAPITALS, _DIGIT, _SIGNS_OR_SLASHES, *_SPACES)),
}
"""Family → the pattern of its words, as it stands in the files of its models."""


def byte_level(use_regex: bool) -> dict[str, object]:
    """The part that writes bytes as letters, after cutting by GPT-2's pattern where `use_regex` says so."""
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def _in_turn(cut: dict[str, object], use_regex: bool) -> dict[str, object]:
    return {"type": "Sequence", "pretokenizers": [cut, byte_level(use_regex)]}


def _split(pattern: str) -> dict[str, object]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


SPLITTERS: dict[str, dict[str, object]] = {
    "GPT-2": byte_level(use_regex=True),
    "SmolLM": _in_turn({"type": "Digits", "individual_digits": True}, use_regex=True),
    **{family: _in_turn(_split(pattern), use_regex=False) for family, pattern in PATTERNS.items()},
}
"""Family → the clean form of its `pre_tokenizer`."""


def read_splitter(before: object) -> dict[str, object] | None:
    """The clean form of a `pre_tokenizer`, or None where it is none of SPLITTERS."""
    plain = _plain(before)
    if isinstance(plain, dict) and isinstance(plain.get("pretokenizers"), list):
        plain = {**plain, "pretokenizers": [_plain(part) for part in plain["pretokenizers"]]}
    return next((clean for clean in SPLITTERS.values() if clean == plain), None)


def _plain(part: object) -> object:
    """A ByteLevel part with its default, less the switch for offsets, which moves no id."""
    if isinstance(part, Mapping) and part.get("type") == "ByteLevel":
        return {"use_regex": True, **part, "trim_offsets": True}
    return part
