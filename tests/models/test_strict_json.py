"""JSON of strangers: read as the standard parser reads it, or refused; never ambiguous, never a crash."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.strict_json import BadJson, canonical, parse_object, readable, shown

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=5)


@given(value=OBJECTS, ascii_only=st.booleans(), indent=st.none() | st.integers(0, 3))
def test_every_object_is_read_back(value: dict[str, object], ascii_only: bool, indent: int | None):
    written = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    try:
        written.decode("utf-8")
    except UnicodeDecodeError:
        assert isinstance(parse_object(written), BadJson)
    else:
        assert parse_object(written) == value


@given(value=OBJECTS)
def test_ours_is_read_back_and_has_one_form(value: dict[str, object]):
    assert parse_object(canonical(value)) == parse_object(readable(value)) == value
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_the_canonical_form_is_the_golden_one():
    assert canonical({"b": [1, 1e-6, None], "a": {"ä": True}}) == rb'{"a":{"\u00e4":true},"b":[1,1e-06,null]}'


BRACKETS = st.lists(st.sampled_from(["[", "{", "]", "}", '"', "\\", ":", ",", "a", '"a":', "[" * 40]), max_size=60)


@given(data=st.binary() | BRACKETS.map(lambda parts: "".join(parts).encode()))
def test_no_bytes_make_the_parser_raise(data: bytes):
    parsed = parse_object(data)
    assert isinstance(parsed, BadJson) or parsed == json.loads(data)


REFUSED = {
    "key twice": (b'{"a": 1, "a": 2}', "is not unambiguous JSON: the key 'a' stands there more than once"),
    "NaN": (b'{"a": NaN}', "is not unambiguous JSON: NaN is no JSON number"),
    "infinity": (b'{"a": -Infinity}', "is not unambiguous JSON: -Infinity is no JSON number"),
    "infinite by size": (b'{"a": 1e999}', "is not unambiguous JSON: the number '1e999' is too large"),
    "list": (b"[1]", "is JSON but not an object"),
    "a million and one lists": (b'{"a":[' + b"[]," * 1_000_000 + b"0]}", "has more than 1000000 objects and lists"),
    "nested": (b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}", "is nested more than 32 deep"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_two_parsers_could_read_differently_is_refused(data: bytes, reason: str):
    assert parse_object(data) == BadJson(reason)


def test_brackets_inside_strings_do_not_count():
    deep = {"a" * n + "\\" * n + '"': "[{" * 40 for n in range(5)}
    assert parse_object(json.dumps(deep).encode()) == deep


CRASH = """
import sys
from models.strict_json import parse_object
sys.setrecursionlimit(10**6)
print(parse_object(b'{"a":' + b"[" * 900_000).reason)
print(parse_object(b'{"a":' * 900_000).reason)
"""


def test_deep_nesting_does_not_crash_a_process_whose_recursion_limit_was_lifted():
    done = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "is nested more than 32 deep\n" * 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1}, "an object of 1"),
        ([[]], "a list of 1"),
        ("é\n", r"'\xe9\n'"),
        (None, "None"),
        ("a" * 99, f"'{'a' * 78}…"),
    ],
    ids=["object", "list", "text", "null", "long"],
)
def test_values_are_shown_on_one_short_line(value: object, text: str):
    assert shown(value) == text
