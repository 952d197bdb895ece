"""A stranger's tokenizer.json → a new one of ours that keeps every byte of a text, or the reason why it cannot.

Only byte-level BPE without a normaliser: nothing is dropped, moved or changed on the way to ids. Truncation, padding
and post-processors are left out, as the judge asks for none. Knows no library; the vocabulary's rules: `models.bpe`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.bpe import AddedToken, Bpe, read_added, read_bpe
from models.rejections import Reason, Rejection
from models.strict_json import BadJson, canonical, parse_object, readable, shown

_BYTE_LEVEL: dict[str, object] = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": True,
}
_PARTS = frozenset(
    {
        "version",
        "truncation",
        "padding",
        "added_tokens",
        "normalizer",
        "pre_tokenizer",
        "post_processor",
        "decoder",
        "model",
    }
)


@dataclass(frozen=True, slots=True)
class CleanTokenizer:
    """The bytes of our own tokenizer.json, and its added tokens sorted by id."""

    data: bytes
    added: tuple[AddedToken, ...]

    def special(self, token: int | None) -> str | None:
        """The text of a special token, or None where the id is none."""
        return next((added.content for added in self.added if added.id == token and added.special), None)


def read_tokenizer(data: bytes, rows: int, bos: int | None, eos: int | None) -> CleanTokenizer | Rejection:
    """The clean form of a tokenizer.json, for an embedding of `rows` rows and a config that names these special ids."""
    parsed = parse_object(data)
    if isinstance(parsed, BadJson):
        return _bad(f"{parsed.reason}; save it with save_pretrained")
    if fault := _pipeline_fault(parsed):
        return _bad(fault)
    added = read_added(parsed.get("added_tokens"))
    if isinstance(added, str):
        return _bad(added)
    bpe = read_bpe(parsed.get("model"), added)
    if isinstance(bpe, str):
        return _bad(bpe)
    tokenizer = CleanTokenizer(_written(bpe, added), added)
    fault = _embedding_fault(bpe, tokenizer, rows) or _special_fault(tokenizer, {"bos": bos, "eos": eos})
    return _bad(fault) if fault else tokenizer


def tokenizer_config(tokenizer: CleanTokenizer, bos: int | None, eos: int | None, max_length: int) -> bytes:
    """Our own tokenizer_config.json: AutoTokenizer then reads tokenizer.json as it stands, by its fast class."""
    return readable(
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": tokenizer.special(bos),
            "eos_token": tokenizer.special(eos),
            "model_max_length": max_length,
            "clean_up_tokenization_spaces": False,
        }
    )


def _pipeline_fault(parsed: Mapping[str, object]) -> str | None:
    """What stands around the vocabulary: no normaliser, and byte level before and after."""
    if unknown := [part for part in parsed if part not in _PARTS]:
        return f"has the unknown part {shown(unknown[0])}; save it with save_pretrained"
    if parsed.get("normalizer") is not None:
        return "has a normaliser, which can move or drop text; remove it"
    before, after = parsed.get("pre_tokenizer"), parsed.get("decoder")
    if not isinstance(before, dict) or {"use_regex": True, **before, "trim_offsets": True} != _BYTE_LEVEL:
        return "has another pre_tokenizer than ByteLevel(add_prefix_space=False, use_regex=True); use that one"
    if not isinstance(after, dict) or after.get("type") != "ByteLevel":
        return "has another decoder than ByteLevel; use that one"
    return None


def _embedding_fault(bpe: Bpe, tokenizer: CleanTokenizer, rows: int) -> str | None:
    ids = len(bpe.vocab.keys() | {token.content for token in tokenizer.added})
    return f"gives {ids} ids where vocab_size is {rows}; make the embedding as large" if ids > rows else None


def _special_fault(tokenizer: CleanTokenizer, named: Mapping[str, int | None]) -> str | None:
    for name, token in named.items():
        if token is not None and tokenizer.special(token) is None:
            return f"has no special token of id {token}, the {name}_token_id of config.json; name one that is, or null"
    return None


def _written(bpe: Bpe, added: tuple[AddedToken, ...]) -> bytes:
    """Our own tokenizer.json, the same bytes for the same tokenizer."""
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": bpe.ignore_merges,
        "vocab": bpe.vocab,
        "merges": bpe.merges,
    }
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return canonical(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {"id": token.id, "content": token.content, "special": token.special, **plain} for token in added
            ],
            "normalizer": None,
            "pre_tokenizer": _BYTE_LEVEL,
            "post_processor": None,
            "decoder": _BYTE_LEVEL,
            "model": model,
        }
    )


def _bad(fault: str) -> Rejection:
    return Rejection(Reason.TOKENIZER, f"tokenizer.json {fault}")
