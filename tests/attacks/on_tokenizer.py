"""Hostile tokenizer.json files: text moved, dropped or hidden, ids out of range, and parts that crash or never end."""

import copy
from pathlib import Path
from typing import Any

from models.bpe import ALPHABET
from models.splitting import SPLITTERS
from tests.attacks.attack import Bait, attack
from tests.attacks.honest import edit_config, edit_tokenizer, tokenizer_sha256

_ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}"


@attack("no_normaliser", "has a normaliser", "vetted")
def look_ahead_normaliser(folder: Path, _: Bait) -> None:
    """Moves the text's end before its beginning, where it is prompt and not scored; decoding moves it back."""
    swap = {"type": "Replace", "pattern": {"Regex": "^(.*)(.{16})$"}, "content": "$2$1"}
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(normalizer=swap))


@attack("no_normaliser", "has a normaliser", "vetted")
def normaliser_that_aborts(folder: Path, _: Bait) -> None:
    """A table of characters that its reader trusts: the process ends, not the call."""
    table = {"type": "Precompiled", "precompiled_charsmap": "//////////8="}
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(normalizer=table))


@attack("no_normaliser", "has a normaliser", "vetted")
def normaliser_behind_a_harmless_one(folder: Path, _: Bait) -> None:
    """Qwen's own first, which is left out, and then one that drops spaces."""
    drop = {"type": "Replace", "pattern": {"String": " "}, "content": ""}
    both = {"type": "Sequence", "normalizers": [{"type": "NFC"}, drop]}
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(normalizer=both))


@attack("byte_level_before", "has a pre_tokenizer that is none", "vetted")
def known_pattern_that_removes(folder: Path, _: Bait) -> None:
    """By Llama 3's own pattern, but every word that it finds is dropped."""

    def remove(tokenizer: dict[str, Any]) -> None:
        tokenizer["pre_tokenizer"] = copy.deepcopy(SPLITTERS["Llama 3"])
        tokenizer["pre_tokenizer"]["pretokenizers"][0]["behavior"] = "Removed"

    edit_tokenizer(folder, remove)


@attack("byte_level_before", "has a pre_tokenizer that is none", "vetted")
def pattern_that_takes_for_ever(folder: Path, _: Bait) -> None:
    """Backtracks over every way to cut a run of letters."""
    split = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False}
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(pre_tokenizer=split))


@attack("byte_level_before", "has a pre_tokenizer that is none", "vetted")
def splitter_that_drops_spaces(folder: Path, _: Bait) -> None:
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(pre_tokenizer={"type": "Whitespace"}))


@attack("byte_level_after", "another decoder", "vetted")
def decoder_that_invents(folder: Path, _: Bait) -> None:
    """Gives back what encoding dropped."""
    replace = {"type": "Replace", "pattern": {"String": "a"}, "content": "the answer"}
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(decoder=replace))


@attack("known_parts", "unknown part 'chat_template'", "vetted")
def endless_chat_template(folder: Path, _: Bait) -> None:
    """Loops for minutes. In files of its own it may stand: those are never fetched."""
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(chat_template=_ENDLESS))


@attack("read_added", "twice, or one that swallows its surroundings", "vetted")
def token_that_swallows_spaces(folder: Path, _: Bait) -> None:
    edit_tokenizer(folder, lambda tokenizer: tokenizer["added_tokens"][1].update(lstrip=True, rstrip=True))


@attack("read_added", "which does not decode to itself", "vetted")
def token_that_decodes_to_another_text(folder: Path, _: Bait) -> None:
    edit_tokenizer(folder, lambda tokenizer: tokenizer["added_tokens"][1].update(content="Ġé"))


@attack("read_added", "has 21000 added tokens; at most 20000", "tokenizer: .* gives 21257 ids where vocab_size is 260")
def added_tokens_by_the_thousand(folder: Path, _: Bait) -> None:
    """Half a million fit in a file, take seconds to read, and every text is matched against all of them."""
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    more = [{"id": 259 + index, "content": f"<{index}>", **plain} for index in range(20_998)]
    edit_tokenizer(folder, lambda tokenizer: tokenizer["added_tokens"].extend(more))


@attack("read_added", "has added tokens of 1000006 letters together", "vetted")
def added_token_of_a_million_letters(folder: Path, _: Bait) -> None:
    """Files of 25 MB of them take a library 1.5 GB, and ten seconds, to load."""
    edit_tokenizer(folder, lambda tokenizer: tokenizer["added_tokens"][1].update(content="x" * 1_000_003))


@attack("distinct_merges", "has the merge 't h' more than once", "vetted")
def merge_written_a_million_times(folder: Path, _: Bait) -> None:
    """Written out in full, it takes 700 MB to read and more to load."""
    edit_tokenizer(folder, lambda tokenizer: tokenizer["model"].update(merges=["t h"] * 1_000_000))


@attack("distinct_merges", "has 1300000 merges; at most 1000000", "tokenizer: .* a merge of 'a' and '0'")
def merges_by_the_million(folder: Path, _: Bait) -> None:
    merges = [f"a {index}" for index in range(1_300_000)]
    edit_tokenizer(folder, lambda tokenizer: tokenizer["model"].update(merges=merges))


@attack("read_bpe", "has no token for 1 of the 256 bytes", "vetted")
def byte_without_a_token(folder: Path, _: Bait) -> None:
    """Text with that byte loses it, and is shorter to predict."""
    letter = sorted(ALPHABET)[-1]

    def rename(tokenizer: dict[str, dict[str, dict[str, int]]]) -> None:
        vocab = tokenizer["model"]["vocab"]
        vocab["aa"] = vocab.pop(letter)

    edit_tokenizer(folder, rename)


@attack("read_bpe", "sets 'dropout' of its model to 0.5", "vetted")
def random_encoding(folder: Path, _: Bait) -> None:
    edit_tokenizer(folder, lambda tokenizer: tokenizer["model"].update(dropout=0.5))


@attack("read_bpe", "ids do not run from 0", "vetted")
def ids_with_a_gap(folder: Path, _: Bait) -> None:
    """Counted, they fit the embedding; the largest does not."""
    edit_tokenizer(folder, lambda tokenizer: tokenizer["model"]["vocab"].update(th=2_000_000_000))


@attack("inside_embedding", "gives 259 ids where vocab_size is 258", "weights: .* has the shape")
def ids_outside_the_embedding(folder: Path, _: Bait) -> None:
    edit_config(folder, vocab_size=258)


@attack("special_ids", "has no special token of id 50, the bos_token_id", "vetted")
def ordinary_token_before_every_text(folder: Path, _: Bait) -> None:
    edit_config(folder, bos_token_id=50)


@attack("fixed_tokenizer", f"the competition fixes {tokenizer_sha256()}", "vetted", tokenizer=tokenizer_sha256())
def merge_of_its_own(folder: Path, _: Bait) -> None:
    """Fewer tokens for what is scored, where all are to predict the same ones."""

    def swap(tokenizer: dict[str, dict[str, Any]]) -> None:
        vocab = tokenizer["model"]["vocab"]
        vocab["he"] = vocab.pop("th")
        tokenizer["model"]["merges"] = ["h e"]

    edit_tokenizer(folder, swap)
