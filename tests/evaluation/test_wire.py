"""Frames between a worker and its parent: nothing is lost in them, nothing malformed passes."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import wire
from evaluation.chat import ChatFormat
from evaluation.executor import Race, Request
from evaluation.tasks.spec import TaskSpec
from evaluation.verdicts import Abandoned, Outraced, Scored, TaskValues
from models.rejections import Reason, Rejection

finite = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
task_values = st.lists(st.tuples(names, finite), max_size=5).map(
    lambda rows: TaskValues("text_loss", *(zip(*rows, strict=True) if rows else ((), ())), 0.1, (("cut", 3),))
)
judged = st.lists(task_values, max_size=2).map(tuple), finite, st.integers(), st.integers(), names
verdicts = (
    st.builds(Scored, *judged)
    | st.builds(Outraced, *judged, st.integers(), finite, finite)
    | st.builds(Rejection, st.sampled_from(Reason), names)
    | st.builds(Abandoned, names)
)
TASK = TaskSpec("text_loss", 64, 0.1, 16.0, window_bytes=512, context_bytes=333, token_budget=999, max_new_tokens=77)
CHOICE = TaskSpec("multiple_choice", 64, 0.9, 1.0, chat=ChatFormat("<|im_start|>", "é\n"), by="letter")
RACE = Race(((0.1, 0.2), (1.5,)), 0.01)
REQUEST = Request(Path("/models/é"), Path("/bundles/b.jsonl"), (TASK, CHOICE), 512, 1.5, RACE, "alice")


@given(verdicts)
def test_a_verdict_keeps_every_bit(verdict) -> None:
    assert wire.decode_verdict(wire.encode_verdict(verdict)) == verdict


@pytest.mark.parametrize("request_", [REQUEST, replace(REQUEST, race=None)], ids=["raced", "alone"])
def test_a_request_keeps_every_field(request_: Request) -> None:
    assert wire.decode_request(wire.encode_request(request_)) == request_


@given(st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b'{"kind":"Scored"}', b'{"kind":[]}', b'"kind"']))
def test_no_bytes_pass_for_a_message(message: bytes) -> None:
    for decode in (wire.decode_request, wire.decode_verdict):
        with pytest.raises(wire.Garbled):
            decode(message)


def test_a_frame_states_its_length() -> None:
    assert (wire.frame(b"abc"), wire.length_of(b"\0\0\0\3")) == (b"\0\0\0\3abc", 3)


def test_a_frame_beyond_all_measure_is_refused_by_its_header() -> None:
    with pytest.raises(wire.Garbled, match="4294967295 bytes"):
        wire.length_of(b"\xff\xff\xff\xff")
