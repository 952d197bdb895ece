"""Stock tokenizers of each family: their clean forms give the same ids and every byte back; near misses are refused."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders

from models.splitting import SPLITTERS, byte_level, read_splitter
from models.tokenizers import CleanTokenizer, read_tokenizer
from tests.models.stock_tokenizers import PLAIN, SPECIAL, STOCK, write_stock

ROWS = 512
"""More than any of them has ids: embeddings are padded."""

Stock = tuple[Tokenizer, CleanTokenizer, Tokenizer]


def read(data: str | bytes) -> CleanTokenizer:
    found = read_tokenizer(data if isinstance(data, bytes) else data.encode(), ROWS, None, None)
    assert isinstance(found, CleanTokenizer), found
    return found


@pytest.fixture(scope="module", params=STOCK)
def stock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """One family's tokenizer as it is shipped, its clean form, and that as the library reads it."""
    folder = tmp_path_factory.mktemp("stock")
    write_stock(request.param, folder)
    data = (folder / "tokenizer.json").read_bytes()
    clean = read(data)
    return Tokenizer.from_str(data.decode()), clean, Tokenizer.from_str(clean.data.decode())


ODD = (
    *SPECIAL,
    *PLAIN,
    *(
        "'s",
        "'LL",
        "ſ",
        "A",
        "ǅ",
        "ʰ",
        "é",
        "e\u0301",
        "\u0338",
        "中",
        "か\u3099",
        "ไทย",
        "نص",
        "\U0001f469\u200d\U0001f680",
    ),
    *("7", "١", "Ⅷ", " ", "   ", "\t", "\n", "\r\n", "\x85", "\u00a0", "\u2028", "\u3000", "\x00", "\x1c", "\ufeff"),
    *("/", "...", "_", "-", "Ġ", "Ċ", "▁", "｜", "\uffff", "\U0010ffff", " the", "return", "HTTP"),
)
TEXT = st.text() | st.lists(st.sampled_from(ODD), max_size=40).map("".join)


@given(text=TEXT, names_are_text=st.booleans())
def test_every_text_is_encoded_as_by_the_stock_tokenizer_and_given_back(stock: Stock, text: str, names_are_text: bool):
    shipped, _, kept = stock
    shipped.normalizer = None
    for one in (shipped, kept):
        one.encode_special_tokens = names_are_text
    ids = kept.encode(text, add_special_tokens=False).ids
    assert (kept.decode(ids, skip_special_tokens=False), ids) == (
        text,
        shipped.encode(text, add_special_tokens=False).ids,
    )
    assert all(number < ROWS for number in ids)


def test_a_clean_tokenizer_is_its_own_clean_form(stock: Stock):
    _, clean, _ = stock
    assert read(clean.data) == clean


def test_every_family_is_read_from_the_layout_of_its_files():
    assert {family: read_splitter(layout.pre_tokenizer) for family, layout in STOCK.items()} == SPLITTERS


def test_accents_are_not_joined_to_their_letters(tmp_path: Path):
    write_stock("Qwen2", tmp_path)
    data = (tmp_path / "tokenizer.json").read_bytes()
    back = [
        tokenizer.decode(tokenizer.encode("cafe\u0301").ids)
        for tokenizer in (Tokenizer.from_str(data.decode()), Tokenizer.from_str(read(data).data.decode()))
    ]
    assert back == ["caf\u00e9", "cafe\u0301"]


LONG = 30_000
HOSTILE = (
    " " * LONG + "x",
    "\n " * LONG,
    "A" * LONG,
    "A\u0301" * LONG,
    "\u0301" * LONG,
    "中" * LONG,
    "ʰ1" * LONG,
    "!/" * LONG,
)


@pytest.mark.parametrize("family", SPLITTERS)
def test_long_runs_that_backtracking_loves_are_cut_without_loss(family: str):
    """Were a pattern's time to grow with the square of a run, each of these would take many minutes."""
    whole = {
        "added_tokens": [],
        "pre_tokenizer": SPLITTERS[family],
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    }
    cut = Tokenizer.from_str(json.dumps(whole)).pre_tokenizer
    for text in HOSTILE:
        letters = "".join(piece for piece, _ in cut.pre_tokenize_str(text))
        assert decoders.ByteLevel().decode([letters]) == text


def _llama3(change: Callable[[list[dict[str, Any]]], object]) -> dict[str, Any]:
    changed = copy.deepcopy(STOCK["Llama 3"].pre_tokenizer)
    change(changed["pretokenizers"])
    return changed


NEAR_MISSES: dict[str, object] = {
    "pattern less its last word": _llama3(
        lambda parts: parts[0].update(pattern={"Regex": parts[0]["pattern"]["Regex"].removesuffix(r"|\s+")})
    ),
    "words of nine digits": _llama3(
        lambda parts: parts[0].update(pattern={"Regex": parts[0]["pattern"]["Regex"].replace("{1,3}", "{1,9}")})
    ),
    "pattern as plain text": _llama3(lambda parts: parts[0].update(pattern={"String": " "})),
    "words removed": _llama3(lambda parts: parts[0].update(behavior="Removed")),
    "the other way round": _llama3(lambda parts: parts[0].update(invert=True)),
    "one more key": _llama3(lambda parts: parts[0].update(max_length=3)),
    "space before every text": _llama3(lambda parts: parts[1].update(add_prefix_space=True)),
    "cut by two patterns": _llama3(lambda parts: parts[1].update(use_regex=True)),
    "cut by the default's pattern": _llama3(lambda parts: parts[1].pop("use_regex")),
    "letters first": _llama3(list.reverse),
    "no letters": _llama3(list.pop),
    "digits cut first": _llama3(lambda parts: parts.insert(0, {"type": "Digits", "individual_digits": False})),
    "nested": _llama3(lambda parts: parts.append(copy.deepcopy(STOCK["Llama 3"].pre_tokenizer))),
    "all digits at once": {
        "type": "Sequence",
        "pretokenizers": [{"type": "Digits", "individual_digits": False}, byte_level(use_regex=True)],
    },
    "no regex": byte_level(use_regex=False),
    "none": None,
    "a list": [byte_level(use_regex=True)],
    "an odd sequence": {"type": "Sequence", "pretokenizers": {}},
}


@pytest.mark.parametrize("near", NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_what_is_nearly_a_known_splitter_is_none(near: object):
    assert read_splitter(near) is None


@pytest.mark.parametrize("late", [(True, False), (False, True), (True, True), (False, False)])
def test_added_tokens_that_overlap_are_found_in_the_order_of_the_stock_tokenizer(
    tmp_path: Path, late: tuple[bool, bool]
):
    write_stock("GPT-2", tmp_path)
    shipped = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    shipped.add_tokens([AddedToken(text, normalized=flag) for text, flag in zip(("<ab", "b>cd"), late, strict=True)])
    kept = Tokenizer.from_str(read(shipped.to_str()).data.decode())
    assert kept.encode("<ab>cd").ids == shipped.encode("<ab>cd").ids


def test_the_same_added_tokens_all_late_or_none_are_one_tokenizer(tmp_path: Path):
    write_stock("SmolLM", tmp_path)
    whole = json.loads((tmp_path / "tokenizer.json").read_text())
    early = read(json.dumps(whole))
    for token in whole["added_tokens"]:
        token["normalized"] = True
    assert read(json.dumps(whole)).data == early.data
