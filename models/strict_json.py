"""JSON that strangers wrote, read without ambiguity, and JSON of ours in the one form that is hashed.

It does not know what the documents mean; sizes are bounded by whoever read the bytes.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BadJson:
    """The bytes are not one unambiguous JSON object, and why."""

    reason: str


class _Ambiguous(ValueError):
    """A document that two parsers could read differently."""


def parse_object(data: bytes) -> dict[str, object] | BadJson:
    """The JSON object in UTF-8 bytes. Doubled keys, NaN, infinities and hopeless nesting are BadJson."""
    try:
        parsed = json.loads(
            data.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant, parse_float=_finite
        )
    except RecursionError:
        return BadJson("is nested too deeply")
    except ValueError as error:
        return BadJson(f"is not unambiguous JSON: {error}")
    return parsed if isinstance(parsed, dict) else BadJson("is JSON but not an object")


def canonical(value: object) -> bytes:
    """The one form of a value: keys sorted, no spaces, ASCII, shortest floats. Raises ValueError for NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def readable(value: Mapping[str, object]) -> bytes:
    """An object of ours as a file that people may open."""
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False).encode("ascii") + b"\n"


def shown(value: object) -> str:
    """A stranger's value as printable ASCII, short enough for a message of one line."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = ascii(value)
    return text if len(text) <= 80 else text[:79] + "…"


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
