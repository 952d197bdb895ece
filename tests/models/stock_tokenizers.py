"""Small tokenizers in the layouts of today's models' files: a few words, learnt with each family's own parts."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, trainers
from transformers import PreTrainedTokenizerFast

from models.bpe import ALPHABET

SPECIAL = ("<|begin_of_text|>", "<|end_of_text|>")
PLAIN = ("<think>", "</think>")

_TEXTS = (
    "It's what they'd said: THEY'LL pay 12,345.67 for naïve cafés, and HTTPServer2 isn't camelCase.\n\n"
    "\tfor x in range(1000):\n  print('/usr/bin/env', x)  # 日本語 и кириллица ١٢٣\r\n",
)


def _byte_level(add_prefix_space: bool, trim_offsets: bool, **more: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": trim_offsets, **more}


def _split(pattern: str, trim_offsets: bool) -> dict[str, Any]:
    cut = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [cut, _byte_level(False, trim_offsets, use_regex=False)]}


_TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": SPECIAL[0], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {SPECIAL[0]: {"id": SPECIAL[0], "ids": [0], "tokens": [SPECIAL[0]]}},
}


@dataclass(frozen=True)
class Layout:
    """The parts of a family's tokenizer.json beside its vocabulary; `affix` is what it writes where it has none."""

    pre_tokenizer: dict[str, Any]
    normalizer: dict[str, Any] | None = None
    post_processor: dict[str, Any] | None = None
    decoder: dict[str, Any] = field(default_factory=lambda: _byte_level(True, True, use_regex=True))
    affix: str | None = None
    ignore_merges: bool = False
    special_first: bool = False


STOCK: dict[str, Layout] = {
    "GPT-2": Layout(_byte_level(False, True), decoder=_byte_level(True, True), affix=""),
    "SmolLM": Layout(
        {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                _byte_level(False, True, use_regex=True),
            ],
        },
        special_first=True,
    ),
    "Llama 3": Layout(
        _split(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
            r"|\s+(?!\S)|\s+",
            trim_offsets=True,
        ),
        post_processor={"type": "Sequence", "processors": [_byte_level(True, False, use_regex=True), _TEMPLATE]},
        ignore_merges=True,
    ),
    "Qwen2": Layout(
        _split(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
            r"|\s+(?!\S)|\s+",
            trim_offsets=False,
        ),
        normalizer={"type": "NFC"},
        post_processor=_byte_level(False, False, use_regex=False),
        decoder=_byte_level(False, False, use_regex=False),
        affix="",
    ),
    "o200k": Layout(
        _split(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            trim_offsets=True,
        ),
        ignore_merges=True,
    ),
    "Tekken": Layout(
        _split(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
            r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            trim_offsets=True,
        ),
        ignore_merges=True,
        special_first=True,
    ),
}
"""Family → its layout."""


def write_stock(family: str, folder: Path) -> None:
    """A tokenizer of this family, learnt from a few texts, as save_pretrained leaves it."""
    layout = STOCK[family]
    tokenizer = Tokenizer.from_str(json.dumps(_bare(layout)))
    first = list(SPECIAL) if layout.special_first else []
    learn = trainers.BpeTrainer(
        vocab_size=420, special_tokens=first, initial_alphabet=sorted(ALPHABET), show_progress=False
    )
    tokenizer.train_from_iterator(_TEXTS * 2, learn)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in SPECIAL])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in PLAIN])
    whole = {**json.loads(tokenizer.to_str()), "post_processor": layout.post_processor}
    PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(whole)), bos_token=SPECIAL[0], eos_token=SPECIAL[1]
    ).save_pretrained(folder)


def _bare(layout: Layout) -> dict[str, Any]:
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": layout.affix,
        "end_of_word_suffix": layout.affix,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": layout.ignore_merges,
        "vocab": {},
        "merges": [],
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": layout.normalizer,
        "pre_tokenizer": layout.pre_tokenizer,
        "post_processor": None,
        "decoder": layout.decoder,
        "model": model,
    }
