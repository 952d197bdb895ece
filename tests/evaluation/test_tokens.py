"""From text to ids: every byte is a target once, whatever the window; tokenizers that lose text are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.chat import Markup
from evaluation.tokens import Span, encode, outside, spans, start_id
from evaluation.windows import pieces
from models.rejections import Reason, Rejection

ids = st.lists(st.integers(10, 99), max_size=60).map(tuple)


class Letters:
    """A tokenizer of code points that maps text through `change` when it decodes."""

    bos_token_id: int | None = None
    eos_token_id: int | None = None

    def __init__(self, change=lambda text: text) -> None:
        self._change = change

    def encode(self, text: str, *, add_special_tokens: bool, split_special_tokens: bool) -> list[int]:
        assert (add_special_tokens, split_special_tokens) == (False, True)
        return [ord(letter) for letter in text]

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
        assert (skip_special_tokens, clean_up_tokenization_spaces) == (False, False)
        return self._change("".join(map(chr, token_ids)))


class Chunks:
    """A tokenizer whose every id stands for so many characters, and that numbers them as it meets them."""

    bos_token_id: int | None = None
    eos_token_id: int | None = None

    def __init__(self, length: int) -> None:
        self._length = length
        self._met: list[str] = []

    def encode(self, text: str, **_: bool) -> list[int]:
        chunks = [text[at : at + self._length] for at in range(0, len(text), self._length)]
        self._met += [chunk for chunk in dict.fromkeys(chunks) if chunk not in self._met]
        return [self._met.index(chunk) for chunk in chunks]

    def decode(self, token_ids: list[int], **_: bool) -> str:
        return "".join(self._met[token] for token in token_ids)


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("aäह🙂"))
bounds = st.integers(4, 40)


def read(
    tokenizer: Chunks, prompt: str, reference: str, cuts: dict[str, int], max_length: int
) -> list[tuple[str, str]]:
    """What each span feeds before its targets, and its targets, as text."""
    made: list[Span] = []
    for piece in pieces(prompt, reference, **cuts):
        *before, scored = (encode(tokenizer, text) for text in (*piece.context, piece.scored))
        made += spans(sum(before, ()), scored, 0, max_length)
    fed = [(span.inputs[1 : len(span.inputs) - len(span.targets) + 1], span.targets) for span in made]
    return [(tokenizer.decode(before), tokenizer.decode(targets)) for before, targets in fed]


@given(texts, texts, bounds, bounds, st.integers(1, 9), st.integers(3, 80))
def test_every_byte_is_scored_once_and_in_order_whatever_the_tokenizer_and_the_bounds(
    prompt: str, reference: str, context: int, window: int, length: int, max_length: int
) -> None:
    cuts = {"context_bytes": context, "window_bytes": window}
    scored = read(Chunks(length), prompt, reference, cuts, max_length)
    assert "".join(targets for _, targets in scored) == reference


@given(texts, texts, bounds, bounds, st.integers(1, 9), st.integers(1, 9))
def test_two_tokenizers_are_examined_on_the_same_bytes_after_the_same_bytes(
    prompt: str, reference: str, context: int, window: int, one: int, other: int
) -> None:
    cuts = {"context_bytes": context, "window_bytes": window}
    first, second = (read(Chunks(length), prompt, reference, cuts, 81) for length in (one, other))
    assert (first, all(len(before.encode()) <= context for before, _ in first)) == (second, True)


@given(ids, ids, st.integers(3, 80))
def test_every_scored_id_is_a_target_once_and_in_order(prompt, scored, max_length: int) -> None:
    made = spans(prompt, scored, 1, max_length)
    assert tuple(target for span in made for target in span.targets) == scored


@given(ids, ids, st.integers(3, 80))
def test_no_span_is_longer_than_the_window(prompt, scored, max_length: int) -> None:
    assert all(len(span.inputs) + 1 <= max_length for span in spans(prompt, scored, 1, max_length))


@given(ids, ids, st.integers(3, 80))
def test_each_target_is_predicted_from_what_stands_before_it(prompt, scored, max_length: int) -> None:
    whole = prompt + scored
    done = len(prompt)
    for span in spans(prompt, scored, 1, max_length):
        fed = span.inputs[1:] + span.targets[-1:]
        done += len(span.targets)
        assert (span.inputs[0], fed) == (1, whole[done - len(fed) : done])


@pytest.mark.parametrize("max_length", [-1, 0, 1, 2])
def test_a_window_without_room_for_a_target_raises_instead_of_scoring_nothing(max_length: int) -> None:
    with pytest.raises(ValueError, match=f"a window of {max_length} tokens"):
        spans((5,), (6, 7, 8), 1, max_length)


@pytest.mark.parametrize(
    ("prompt", "scored", "max_length", "expected"),
    [
        ((5, 6), (7, 8), 9, (Span((1, 5, 6, 7), (7, 8)),)),
        ((4, 5, 6), (7, 8), 5, (Span((1, 5, 6, 7), (7, 8)),)),
        ((5,), (6, 7, 8, 9, 10), 5, (Span((1, 5, 6), (6, 7)), Span((1, 6, 7, 8), (8, 9)), Span((1, 7, 8, 9), (10,)))),
        ((), (7,), 3, (Span((1,), (7,)),)),
    ],
    ids=["fits", "prompt loses its beginning", "reference in pieces", "one token"],
)
def test_spans_as_written_out(prompt, scored, max_length: int, expected) -> None:
    assert spans(prompt, scored, 1, max_length) == expected


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (str.lower, "turns 'Bc ' (character 1) into 'bc '"),
        (str.strip, "turns ' ' (character 3) into ''"),
        (lambda _: "", "turns 'aBc ' (character 0) into ''"),
        (lambda text: text + "!", "turns '' (character 4) into '!'"),
    ],
    ids=["lower case", "stripped", "nothing", "more"],
)
def test_a_tokenizer_that_changes_text_is_refused(change, fault: str) -> None:
    refused = encode(Letters(change), "aBc ")
    assert refused == Rejection(Reason.TOKENIZER, f"the tokenizer {fault}: it must give back every byte it takes")


def test_only_in_the_tables_own_markup_may_a_text_hold_a_special_token() -> None:
    class Special(Letters):
        def encode(self, text: str, *, add_special_tokens: bool, split_special_tokens: bool) -> list[int]:
            ids = super().encode(text, add_special_tokens=add_special_tokens, split_special_tokens=True)
            return ids if split_special_tokens else [0x10000]

        def decode(self, token_ids: list[int], **how: bool) -> str:
            return "<s>" if token_ids == [0x10000] else super().decode(token_ids, **how)

    assert (encode(Special(), "<s>"), encode(Special(), Markup("<s>"))) == (tuple(map(ord, "<s>")), (0x10000,))
    assert encode(Special(), Markup("<s> ")).reason is Reason.TOKENIZER


def test_an_id_beyond_the_embedding_is_refused() -> None:
    refused = Rejection(Reason.TOKENIZER, "the tokenizer gives id 233, the embedding has 233 rows")
    ids = encode(Letters(), "aé")
    assert (ids, outside(ids, 0xE9), outside(ids, 0xEA)) == ((97, 233), refused, None)


@pytest.mark.parametrize(("bos", "eos", "expected"), [(7, 8, 7), (None, 8, 8), (None, None, 0), (0, 8, 0)])
def test_sequences_start_with_bos_or_eos_or_zero(bos: int | None, eos: int | None, expected: int) -> None:
    tokenizer = Letters()
    tokenizer.bos_token_id, tokenizer.eos_token_id = bos, eos
    assert start_id(tokenizer) == expected
