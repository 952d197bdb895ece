"""Cuts by bytes: every byte scored once, contexts within their bound, no character torn, no tokenizer asked."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evaluation.chat import ChatFormat, Markup
from evaluation.windows import Piece, byte_end, byte_windows, pieces

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("aäह🙂"))
bounds = st.integers(4, 40)


@given(texts, bounds)
def test_windows_join_to_their_text_within_the_limit(text: str, limit: int) -> None:
    windows = byte_windows(text, limit)
    assert ("".join(windows), all(0 < len(window.encode()) <= limit for window in windows)) == (text, True)


def test_windows_are_cut_between_characters() -> None:
    assert byte_windows("aaaä🙂b", 4) == ("aaa", "ä", "🙂", "b")


def test_windows_that_hold_no_character_are_refused() -> None:
    with pytest.raises(ValueError, match="window_bytes is 3"):
        byte_windows("text", 3)


@given(texts, st.integers(0, 40))
def test_an_end_is_the_longest_within_the_limit(text: str, limit: int) -> None:
    ends = [text[start:] for start in range(len(text) + 1)]
    assert byte_end(text, limit) == next(end for end in ends if len(end.encode()) <= limit)


@given(texts, texts, bounds, bounds)
def test_the_scored_windows_join_to_the_reference(prompt: str, reference: str, context: int, window: int) -> None:
    made = pieces(prompt, reference, context_bytes=context, window_bytes=window)
    assert tuple(piece.scored for piece in made) == byte_windows(reference, window)


@given(texts, texts, bounds, bounds)
@example("a", "🙂äää", 5, 4)
def test_a_context_is_the_longest_stretch_before_its_window(
    prompt: str, reference: str, context: int, window: int
) -> None:
    """The example leaves a byte of room that holds none of the characters before, but would hold the prompt."""
    before = prompt
    for piece in pieces(prompt, reference, context_bytes=context, window_bytes=window):
        assert "".join(piece.context) == byte_end(before, context)
        before += piece.scored


@given(texts, texts, bounds, bounds)
def test_no_text_of_a_context_holds_prompt_and_reference(
    prompt: str, reference: str, context: int, window: int
) -> None:
    done = 0
    for piece in pieces(prompt, reference, context_bytes=context, window_bytes=window):
        *of_prompt, of_reference = ("", *piece.context) if done else ("", *piece.context, "")
        assert (prompt.endswith("".join(of_prompt)), reference[:done].endswith(of_reference)) == (True, True)
        done += len(piece.scored)


def test_pieces_as_written_out() -> None:
    assert pieces("What?", "naïve 🙂!", context_bytes=6, window_bytes=4) == (
        Piece(("What?",), "naï"),
        Piece(("t?", "naï"), "ve "),
        Piece(("aïve ",), "🙂"),
        Piece(("e 🙂",), "!"),
    )


def test_the_chat_format_stands_around_what_is_left_of_the_prompt() -> None:
    made = pieces("asked", "answered", context_bytes=6, window_bytes=4, chat=ChatFormat("<", ">"))
    assert made == (
        Piece((Markup("<"), "asked", Markup(">")), "answ"),
        Piece((Markup("<"), "ed", Markup(">"), "answ"), "ered"),
    )
