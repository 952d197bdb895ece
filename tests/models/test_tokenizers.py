"""tokenizer.json: what passes keeps every byte in the libraries that use it, and the rules name what does not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, pre_tokenizers

from models.bpe import ALPHABET
from models.limits import ModelLimits
from models.rejections import Reason, Rejection
from models.tokenizers import CleanTokenizer, read_tokenizer
from models.vetting import vet

ROWS = 320


def added(number: int, content: str, **switches: bool) -> dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {"id": number, "content": content, **plain, **switches}


@pytest.fixture(scope="session")
def parsed(saved: Path) -> dict[str, Any]:
    """The honest tokenizer.json with two more added tokens, the second of them with a space."""
    whole = json.loads((saved / "tokenizer.json").read_text())
    whole["added_tokens"] += [added(300, "｜", special=True), added(301, "<|end of turn|>")]
    return whole


@pytest.fixture(scope="session")
def clean(parsed: dict[str, Any]) -> CleanTokenizer:
    found = read_tokenizer(json.dumps(parsed).encode(), ROWS, bos=0, eos=1)
    assert isinstance(found, CleanTokenizer)
    return found


@pytest.fixture(scope="session")
def encoders(parsed: dict[str, Any], clean: CleanTokenizer) -> tuple[Tokenizer, Tokenizer]:
    """The tokenizer as it was submitted, and as it is kept."""
    return Tokenizer.from_str(json.dumps(parsed)), Tokenizer.from_str(clean.data.decode())


def test_the_alphabet_is_the_librarys():
    assert frozenset(pre_tokenizers.ByteLevel.alphabet()) == ALPHABET


TEXT = st.text() | st.lists(st.sampled_from(["<s>", "｜", "<|end of turn|>", " ", "\n", "Ġ", "é", "the"])).map("".join)


@given(text=TEXT)
def test_every_text_survives_and_is_encoded_as_submitted(encoders: tuple[Tokenizer, Tokenizer], text: str):
    submitted, kept = encoders
    ids = kept.encode(text, add_special_tokens=False).ids
    assert (kept.decode(ids, skip_special_tokens=False), ids) == (
        text,
        submitted.encode(text, add_special_tokens=False).ids,
    )
    assert all(number < ROWS for number in ids)


def test_the_library_gives_added_tokens_their_ids(encoders: tuple[Tokenizer, Tokenizer], clean: CleanTokenizer):
    _, kept = encoders
    assert {token.content: kept.token_to_id(token.content) for token in clean.added} == {
        "<s>": 0,
        "</s>": 1,
        "｜": 300,
        "<|end of turn|>": 301,
    }


def test_transformers_reads_the_clean_tokenizer_as_a_fast_one_that_adds_nothing(
    saved: Path, tmp_path: Path, limits: ModelLimits
):
    from transformers import AutoTokenizer

    vet(saved, tmp_path / "clean", limits)
    loaded = AutoTokenizer.from_pretrained(tmp_path / "clean", local_files_only=True)
    plain = Tokenizer.from_file(str(saved / "tokenizer.json"))
    text = "  Été <s> the n't\n\n\t日本 \U0001f600  "
    ids = loaded(text)["input_ids"]
    assert (loaded.is_fast, loaded.bos_token_id, loaded.eos_token_id, loaded.model_max_length) == (True, 0, 1, 128)
    assert (ids, loaded.decode(ids)) == (plain.encode(text).ids, text)


def test_what_no_judge_asks_for_is_left_out(parsed: dict[str, Any], clean: CleanTokenizer):
    from tokenizers.processors import TemplateProcessing

    template = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    whole = Tokenizer.from_str(json.dumps(parsed))
    whole.enable_truncation(5)
    whole.enable_padding(length=9)
    whole.post_processor = template
    assert read_tokenizer(whole.to_str().encode(), ROWS, bos=0, eos=1) == clean


Change = Callable[[dict[str, Any]], object]

REFUSED: dict[str, tuple[Change, str]] = {
    "normaliser": (
        lambda t: t.update(normalizer={"type": "NFKC"}),
        "has a normaliser other than NFC, which can move or drop text; remove it",
    ),
    "unknown part": (
        lambda t: t.update(plugin={}),
        "has the unknown part 'plugin'; save it with save_pretrained",
    ),
    "space before every text": (
        lambda t: t["pre_tokenizer"].update(add_prefix_space=True),
        "has a pre_tokenizer that is none of the byte-level ones of GPT-2, SmolLM, Llama 3, Qwen2, o200k, Tekken; "
        "use one of them unchanged",
    ),
    "decoder that replaces": (
        lambda t: t.update(decoder={"type": "Replace", "pattern": {"String": "a"}, "content": ""}),
        "has another decoder than ByteLevel; use that one",
    ),
    "word pieces": (
        lambda t: t["model"].update(type="WordPiece"),
        "sets 'type' of its model to 'WordPiece', which can lose text; use plain byte-level BPE",
    ),
    "no model": (lambda t: t.pop("model"), "has no model; save it with save_pretrained"),
    "no merges": (lambda t: t["model"].pop("merges"), "has no vocabulary or no merges; train a byte-level BPE"),
    "dropout": (
        lambda t: t["model"].update(dropout=0.1),
        "sets 'dropout' of its model to 0.1, which can lose text; use plain byte-level BPE",
    ),
    "unknown token": (
        lambda t: t["model"].update(unk_token="<s>"),
        "sets 'unk_token' of its model to '<s>', which can lose text; use plain byte-level BPE",
    ),
    "byte without a letter": (
        lambda t: t["model"]["vocab"].update(zz=t["model"]["vocab"].pop("Z")),
        "has no token for 1 of the 256 bytes and would drop them; train it with the whole byte alphabet",
    ),
    "token of other letters": (
        lambda t: t["model"]["vocab"].update({" ": 300}),
        "has the token ' ', which is not made of byte-level letters",
    ),
    "two tokens of one id": (
        lambda t: t["model"]["vocab"].update(zzz=5),
        "has 301 tokens whose ids do not run from 0 to 300; number them so",
    ),
    "id that is no number": (
        lambda t: t["model"]["vocab"].update(zzz="300"),
        "has 301 tokens whose ids do not run from 0 to 300; number them so",
    ),
    "merge of unknown tokens": (
        lambda t: t["model"]["merges"].append(["Z", "Z"]),
        "has a merge of 'Z' and 'Z' that its vocabulary does not hold",
    ),
    "merge of three": (
        lambda t: t["model"]["merges"].append("a b c"),
        "has a merge ('a', 'b', 'c') that is no pair of tokens",
    ),
    "added token that eats spaces": (
        lambda t: t["added_tokens"].append(added(302, "yes", lstrip=True)),
        "has the added token 'yes' twice, or one that swallows its surroundings; set them plain",
    ),
    "added token twice": (
        lambda t: t["added_tokens"].append(added(302, "<s>")),
        "has the added token '<s>' twice, or one that swallows its surroundings; set them plain",
    ),
    "added token that decodes to a space": (
        lambda t: t["added_tokens"].append(added(302, "Ġ")),
        r"has the added token '\u0120', which does not decode to itself; use ASCII",
    ),
    "empty added token": (
        lambda t: t["added_tokens"].append(added(302, "")),
        "has the added token '', which does not decode to itself; use ASCII",
    ),
    "added token with an odd id": (
        lambda t: t["added_tokens"].append(added(310, "yes")),
        "gives the added token 'yes' the id 310; it must be 302",
    ),
    "added tokens out of order": (
        lambda t: t["added_tokens"].reverse(),
        "has added tokens that are not in the order of their ids; sort them",
    ),
    "more ids than rows": (
        lambda t: t["added_tokens"].extend(added(302 + n, f"<{n}>") for n in range(19)),
        "gives 321 ids where vocab_size is 320; make the embedding as large",
    ),
    "no special tokens": (
        lambda t: [token.update(special=False) for token in t["added_tokens"]],
        "has no special token of id 0, the bos_token_id of config.json; name one that is, or null",
    ),
}


@pytest.mark.parametrize(("change", "detail"), REFUSED.values(), ids=REFUSED.keys())
def test_a_tokenizer_that_could_lose_text_is_refused(parsed: dict[str, Any], change: Change, detail: str):
    spoiled = json.loads(json.dumps(parsed))
    change(spoiled)
    refused = read_tokenizer(json.dumps(spoiled).encode(), ROWS, bos=0, eos=1)
    assert refused == Rejection(Reason.TOKENIZER, f"tokenizer.json {detail}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACES = (
    *((part,) for part in ("added_tokens", "normalizer", "pre_tokenizer", "decoder", "model", "version")),
    *(("model", key) for key in ("vocab", "merges", "dropout", "ignore_merges", "type")),
    *(("added_tokens", 2, key) for key in ("id", "content", "special", "lstrip", "normalized")),
    ("model", "merges", 3),
    ("model", "vocab", "a"),
)


@given(place=st.sampled_from(PLACES), value=JSON)
def test_no_value_anywhere_makes_the_reader_raise(parsed: dict[str, Any], place: tuple[Any, ...], value: object):
    spoiled = json.loads(json.dumps(parsed))
    inner = spoiled
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    found = read_tokenizer(json.dumps(spoiled).encode(), ROWS, bos=0, eos=1)
    if isinstance(found, CleanTokenizer):
        Tokenizer.from_str(found.data.decode())
    else:
        assert found.reason is Reason.TOKENIZER


@given(data=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_the_reader_raise(data: bytes):
    assert isinstance(read_tokenizer(data, ROWS, None, None), Rejection)
