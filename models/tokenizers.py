"""A stranger's tokenizer.json → a new one of ours that keeps every byte of a text, or the reason why it cannot.

Only byte-level BPE, and no normaliser in its clean form: nothing is dropped, moved or changed on the way to ids.
Truncation, padding and post-processors are left out, as the judge asks for none. Knows no library; the vocabulary's
rules: `models.bpe`, how texts are cut before: `models.splitting`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from models.bpe import AddedToken, Bpe, read_added, read_bpe
from models.limits import FREE, ModelLimits
from models.rejections import Reason, Rejection
from models.splitting import SPLITTERS, byte_level, read_splitter
from models.strict_json import BadJson, compact, parse_object, readable, shown

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
_DISARMED: tuple[object, ...] = (None, {"type": "NFC"}, {"type": "Sequence", "normalizers": []})
"""What the clean form leaves out: no normaliser, in two spellings, and Qwen's, which joins letters to their accents."""

_MAX_MERGES = 1_000_000


@dataclass(frozen=True, slots=True)
class CleanTokenizer:
    """The bytes of our own tokenizer.json, and its added tokens sorted by id."""

    data: bytes
    added: tuple[AddedToken, ...]

    @property
    def sha256(self) -> str:
        """The hex sha256 of the bytes: what a competition fixes a tokenizer by."""
        return hashlib.sha256(self.data).hexdigest()

    def special(self, token: int | None) -> str | None:
        """The text of a special token, or None where the id is none."""
        return next((added.content for added in self.added if added.id == token and added.special), None)


def read_tokenizer(data: bytes, rows: int, bos: int | None, eos: int | None) -> CleanTokenizer | Rejection:
    """The clean form of a tokenizer.json, for an embedding of `rows` rows and a config that names these special ids."""
    parsed = parse_object(data)
    if isinstance(parsed, BadJson):
        return _bad(f"{parsed.reason}; save it with save_pretrained")
    splitter = known_parts(parsed) or no_normaliser(parsed) or byte_level_before(parsed)
    if isinstance(splitter, str):
        return _bad(splitter)
    if fault := byte_level_after(parsed):
        return _bad(fault)
    added = read_added(parsed.get("added_tokens"))
    if isinstance(added, str):
        return _bad(added)
    model = parsed.get("model")
    if fault := inside_embedding(model, added, rows) or distinct_merges(model):
        return _bad(fault)
    bpe = read_bpe(model, added)
    if isinstance(bpe, str):
        return _bad(bpe)
    tokenizer = CleanTokenizer(_written(bpe, added, splitter), added)
    fault = special_ids(tokenizer, {"bos": bos, "eos": eos})
    return _bad(fault) if fault else tokenizer


def tokenizer_config(tokenizer: CleanTokenizer, bos: int | None, eos: int | None, max_length: int) -> bytes:
    """Our own tokenizer_config.json: it names the class that reads tokenizer.json as it stands, and special texts."""
    return readable(
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": tokenizer.special(bos),
            "eos_token": tokenizer.special(eos),
            "model_max_length": max_length,
            "clean_up_tokenization_spaces": False,
        }
    )


def known_parts(parsed: Mapping[str, object]) -> str | None:
    """A part that no reader of ours knows."""
    unknown = next((part for part in parsed if part not in _PARTS), None)
    return None if unknown is None else f"has the unknown part {shown(unknown)}; save it with save_pretrained"


def no_normaliser(parsed: Mapping[str, object]) -> str | None:
    """A normaliser may move the answer to where it is not scored and still decode to the text; some end the process."""
    if parsed.get("normalizer") in _DISARMED:
        return None
    return "has a normaliser other than NFC, which can move or drop text; remove it"


def byte_level_before(parsed: Mapping[str, object]) -> Mapping[str, object] | str:
    """The clean pre_tokenizer; another than those known can drop text, or take minutes for a pattern of its own."""
    found = read_splitter(parsed.get("pre_tokenizer"))
    known = ", ".join(SPLITTERS)
    return found or f"has a pre_tokenizer that is none of the byte-level ones of {known}; use one of them unchanged"


def byte_level_after(parsed: Mapping[str, object]) -> str | None:
    """Another decoder can hide what encoding lost."""
    after = parsed.get("decoder")
    if isinstance(after, dict) and after.get("type") == "ByteLevel":
        return None
    return "has another decoder than ByteLevel; use that one"


def inside_embedding(model: object, added: tuple[AddedToken, ...], rows: int) -> str | None:
    """Ids beyond the embedding: reading there ends the process on a CPU and poisons a CUDA context.

    Asked before each token is looked at: the competition bounds rows, and so bounds what that takes.
    """
    vocab = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(vocab, dict):
        return None
    ids = len(vocab.keys() | {token.content for token in added})
    return f"gives {ids} ids where vocab_size is {rows}; make the embedding as large" if ids > rows else None


def distinct_merges(model: object) -> str | None:
    """A merge written twice: its rank would be the reader's choice; written millions of times, it fills the memory."""
    merges = model.get("merges") if isinstance(model, dict) else None
    if not isinstance(merges, list):
        return None
    if len(merges) > _MAX_MERGES:
        return f"has {len(merges)} merges; at most {_MAX_MERGES} are read"
    seen: set[str] = set()
    for merge in merges:
        pair = (
            merge if isinstance(merge, str) else " ".join(map(str, merge)) if isinstance(merge, list) else shown(merge)
        )
        if pair in seen:
            return f"has the merge {shown(pair)} more than once; keep the first"
        seen.add(pair)
    return None


def special_ids(tokenizer: CleanTokenizer, named: Mapping[str, int | None]) -> str | None:
    """A beginning or end that is no special token: every text would be fed a piece of ordinary text."""
    for name, token in named.items():
        if token is not None and tokenizer.special(token) is None:
            return f"has no special token of id {token}, the {name}_token_id of config.json; name one that is, or null"
    return None


def fixed_tokenizer(tokenizer: CleanTokenizer, limits: ModelLimits) -> str | None:
    """Another tokenizer than the one that a competition fixes, by which all are to predict the same tokens."""
    if limits.tokenizer in (FREE, tokenizer.sha256):
        return None
    return (
        f"has the clean form {tokenizer.sha256}, and the competition fixes {limits.tokenizer}; "
        "use the tokenizer.json of the competition's base unchanged"
    )


def _written(bpe: Bpe, added: tuple[AddedToken, ...], splitter: Mapping[str, object]) -> bytes:
    """Our own tokenizer.json, the same bytes for the same tokenizer; in UTF-8, so hardly longer than any it came in."""
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
    plain = {"single_word": False, "lstrip": False, "rstrip": False}
    two_passes = len({token.late for token in added}) == 2
    return compact(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {
                    "id": token.id,
                    "content": token.content,
                    "special": token.special,
                    "normalized": two_passes and token.late,
                    **plain,
                }
                for token in added
            ],
            "normalizer": None,
            "pre_tokenizer": splitter,
            "post_processor": None,
            "decoder": byte_level(use_regex=True),
            "model": model,
        }
    )


def _bad(fault: str) -> Rejection:
    return Rejection(Reason.TOKENIZER, f"tokenizer.json {fault}")
