"""JSON that strangers wrote, read without ambiguity, and JSON of ours in the one form that is hashed.

It does not know what the documents mean; sizes are bounded by whoever read the bytes.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

MAX_DEPTH = 32
"""Deepest nesting that is parsed; no document of a model comes near it."""

MAX_CONTAINERS = 1_000_000
"""Most objects and lists that are parsed: a merge of a large tokenizer is one, and there are 280,000 of them."""

# up to the next bracket outside strings, or to the end; a string that does not end reaches to the end of the text, so
# that every byte is passed once whatever was written
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))*+(?:([\[{])|([\]}])|\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class BadJson:
    """The bytes are not one unambiguous JSON object, and why."""

    reason: str


class _Ambiguous(ValueError):
    """A document that two parsers could read differently."""


def parse_object(data: bytes) -> dict[str, object] | BadJson:
    """The JSON object in UTF-8 bytes. Doubled keys, NaN, infinities and hopeless nesting are BadJson."""
    if fault := _size_fault(data):
        return BadJson(fault)
    try:
        parsed = json.loads(
            data.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant, parse_float=_finite
        )
    except ValueError as error:
        return BadJson(f"is not unambiguous JSON: {error}")
    return parsed if isinstance(parsed, dict) else BadJson("is JSON but not an object")


def canonical(value: object) -> bytes:
    """The one form of a value: keys sorted, no spaces, ASCII, shortest floats. Raises ValueError for NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def compact(value: Mapping[str, object]) -> bytes:
    """An object of ours as a file of UTF-8, keys sorted, no spaces. Raises ValueError for half a surrogate pair."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()


def readable(value: Mapping[str, object]) -> bytes:
    """An object of ours as a file that people may open."""
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False).encode("ascii") + b"\n"


def shown(value: object) -> str:
    """A stranger's value as printable ASCII, short enough for a message of one line."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _size_fault(data: bytes) -> str | None:
    """Whether a document is nested too deeply or has too many parts, counted without parsing it.

    Some libraries lift Python's recursion limit so far (py_ecc: to 100,000) that a text of nothing but brackets would
    end the process instead of raising RecursionError; and each empty list takes fifty times its two bytes.
    """
    if data.count(b"[") + data.count(b"{") > MAX_CONTAINERS:
        return f"has more than {MAX_CONTAINERS} objects and lists"
    depth = 0
    for found in _BRACKET.finditer(data):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth > MAX_DEPTH:
            return f"is nested more than {MAX_DEPTH} deep"
    return None


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(doubled, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise _Ambiguous(f"the key {shown(doubled)} stands there more than once")
    return found


def _no_constant(text: str) -> float:
    raise _Ambiguous(f"{text} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Ambiguous(f"the number {shown(text)} is too large")
    return number
