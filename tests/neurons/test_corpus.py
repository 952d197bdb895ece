"""The corpus is real text, the same in every process, in parts that do not overlap, and loading it touches nothing."""

import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from evaluation.sources.content import Pair
from neurons import corpus

ROOT = Path(__file__).parents[2]
FINGERPRINT = """
import hashlib, sys, threading
from neurons import corpus
texts = repr((corpus.pairs(), corpus.passages(), corpus.topics()))
print(hashlib.sha256(texts.encode()).hexdigest(), *(name in sys.modules for name in ("torch", "tkinter")))
print(threading.active_count())
"""


def test_a_pair_asks_for_a_callable_by_name_and_signature_and_answers_with_its_documentation() -> None:
    (pair,) = (pair for pair in corpus.pairs() if "calendar.HTMLCalendar.formatyearpage" in pair.prompt)
    signature = "(self, theyear, width=3, css=..., encoding=None)"
    assert pair == Pair(
        f"What does calendar.HTMLCalendar.formatyearpage{signature} do?\n",
        "Return a formatted year as a complete HTML page.",
    )


def test_there_are_thousands_of_distinct_pairs_and_hundreds_of_distinct_passages() -> None:
    answers, passages = [pair.reference for pair in corpus.pairs()], corpus.passages()
    assert (len(answers) > 2_000, len(passages) > 500) == (True, True)
    assert (len(set(answers)), len(set(passages))) == (len(answers), len(passages))


def test_texts_keep_within_their_length() -> None:
    lengths = [len(text.encode()) for text in (*corpus.passages(), *(pair.reference for pair in corpus.pairs()))]
    assert (min(lengths) >= 1, max(lengths) <= corpus.PASSAGE_BYTES) == (True, True)


def test_what_trains_a_base_is_no_part_of_what_judges_it() -> None:
    judged = {*corpus.passages(), *(pair.reference for pair in corpus.pairs())}
    reference = "\n".join(corpus.topics())
    assert [text for text in judged if len(text) > 200 and text in reference] == []


def test_no_text_names_this_machine_or_this_run() -> None:
    texts = [*corpus.passages(), *(pair.prompt + pair.reference for pair in corpus.pairs())]
    assert [text for text in texts if sys.base_prefix in text or " at 0x7" in text or "environ(" in text] == []


def test_processes_with_other_environments_find_the_same_and_load_neither_torch_nor_a_window(tmp_path: Path) -> None:
    here = _told_by_a_process(ROOT, {"PYTHONHASHSEED": "1", "HOME": "/nowhere", "HF_TOKEN": "hf_secret"})
    there = _told_by_a_process(
        tmp_path, {"PYTHONHASHSEED": "77", "LANG": "C", "TMPDIR": str(tmp_path), "COLUMNS": "40"}
    )
    assert (here.split()[1:], here) == (["False", "False", "1"], there)


@given(st.text(alphabet=st.sampled_from("ab \n\té字𝄞")), st.integers(min_value=16, max_value=64))
def test_splitting_loses_nothing_but_newlines_and_keeps_the_limit(text: str, limit: int) -> None:
    pieces = corpus.split(text, limit)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "")
    assert all(len(piece.encode()) <= limit for piece in pieces)


def _told_by_a_process(folder: Path, environment: dict[str, str]) -> str:
    """What a fresh process, where no test runner has put its own hooks into the library, prints on both streams."""
    command = [sys.executable, "-c", FINGERPRINT]
    environment = {**environment, "PYTHONPATH": str(ROOT)}
    return subprocess.check_output(
        command, cwd=folder, env=environment, stderr=subprocess.STDOUT, text=True, timeout=60
    )
