"""Vetting in a process of its own says what vetting says; what goes wrong in it is no verdict, and stays in it."""

import json
import os
import resource
from pathlib import Path

import pytest

from models.apart import Bounds, VettingFailed, environment, vet_apart
from models.limits import ModelLimits
from models.rejections import Rejection
from models.vetting import Vetted, vet


def test_an_honest_model_is_vetted_as_ever(saved: Path, tmp_path: Path, limits: ModelLimits):
    here, apart = (judge(saved, tmp_path / judge.__name__, limits) for judge in (vet, vet_apart))
    assert isinstance(here, Vetted)
    assert apart == here
    files = [{file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("vet", "vet_apart")]
    assert files[0] == files[1]


def test_a_refusal_comes_back_word_for_word(honest: Path, tmp_path: Path, limits: ModelLimits):
    config = json.loads((honest / "config.json").read_text())
    (honest / "config.json").write_text(json.dumps({**config, "is_causal": False, "é\ud800": 1}))
    refused = vet_apart(honest, tmp_path / "apart", limits)
    assert isinstance(refused, Rejection)
    assert refused == vet(honest, tmp_path / "here", limits)


FAILURES = {
    "late": (Bounds(seconds=0.0, bytes_per_second=1e12), "and was killed"),
    "out of memory": (Bounds(memory_bytes=1 << 20), "ended with status 1, last words: '.*MemoryError|can't start"),
}


@pytest.mark.parametrize(("bounds", "words"), FAILURES.values(), ids=FAILURES.keys())
def test_without_an_answer_there_is_no_verdict(
    saved: Path, tmp_path: Path, limits: ModelLimits, bounds: Bounds, words: str
):
    with pytest.raises(VettingFailed, match=words):
        vet_apart(saved, tmp_path / "clean", limits, bounds)


def test_a_disk_that_is_full_is_no_verdict(saved: Path, tmp_path: Path, limits: ModelLimits):
    (tmp_path / "no folder").write_text("")
    with pytest.raises(VettingFailed, match="NotADirectoryError"):
        vet_apart(saved, tmp_path / "no folder" / "clean", limits)


def test_our_own_memory_does_not_grow_with_a_strangers_document(honest: Path, tmp_path: Path, limits: ModelLimits):
    parts = b",".join(b'"%x":1' % index for index in range(1_500_000))
    (honest / "tokenizer.json").write_bytes(b"{" + parts + b"}")
    before = _resident()
    refused = vet_apart(honest, tmp_path / "clean", limits)
    assert (isinstance(refused, Rejection), _resident() - before < 20 << 20) == (True, True)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_the_process_gets_no_token_and_no_home(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("PYTHONSTARTUP", "code.py")
    given = environment()
    assert ({"HF_TOKEN", "PYTHONSTARTUP"} & given.keys(), given["HOME"]) == (set(), os.devnull)
