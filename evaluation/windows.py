"""What of a text is scored, and after what: cut by bytes and between characters, before any tokenizer is asked, so that
every tokenizer is examined on the same bytes. Pure; knows no tokens.
"""

from dataclasses import dataclass
from itertools import pairwise

from evaluation.chat import PLAIN, ChatFormat, Part


@dataclass(frozen=True, slots=True)
class Piece:
    """A text of which every byte is scored, and the texts that stand before it. Each is encoded by itself."""

    context: tuple[Part, ...]
    scored: str


def pieces(
    prompt: str, reference: str, *, context_bytes: int, window_bytes: int, chat: ChatFormat = PLAIN
) -> tuple[Piece, ...]:
    """The reference in windows, each after the end, at most context_bytes long, of the prompt and what precedes it.

    The windows join to the reference. A context is one stretch of the text; the prompt's part of it and the
    reference's are apart, because encoded as one they could share a token, which would be scored or not as a whole.
    The chat format stands around what is left of the prompt, beside those bytes.
    """
    made: list[Piece] = []
    start = 0
    for window in byte_windows(reference, window_bytes):
        before = byte_end(reference[max(0, start - context_bytes) : start], context_bytes)
        room = context_bytes - len(before.encode()) if len(before) == start else 0
        made.append(Piece((*chat.around(byte_end(prompt, room)), *([before] if before else [])), window))
        start += len(window)
    return tuple(made)


def byte_windows(text: str, max_bytes: int) -> tuple[str, ...]:
    """The text in pieces of at most max_bytes UTF-8 bytes (at least 4), cut between characters; they join to it."""
    if max_bytes < 4:
        raise ValueError(f"window_bytes is {max_bytes}; a character may take 4")
    data = text.encode()
    cuts = [0]
    while cuts[-1] < len(data):
        end = min(cuts[-1] + max_bytes, len(data))
        while end < len(data) and _inside_character(data[end]):
            end -= 1
        cuts.append(end)
    return tuple(data[one:other].decode() for one, other in pairwise(cuts))


def byte_end(text: str, max_bytes: int) -> str:
    """The longest end of the text that takes at most max_bytes UTF-8 bytes."""
    data = text[max(0, len(text) - max_bytes) :].encode()
    start = max(0, len(data) - max_bytes)
    while start < len(data) and _inside_character(data[start]):
        start += 1
    return data[start:].decode()


def _inside_character(byte: int) -> bool:
    """Whether a byte of UTF-8 is not the first of its character."""
    return byte & 0xC0 == 0x80
