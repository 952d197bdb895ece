"""Templates are read with their faults told, and every template meets every passage once before any does again."""

from pathlib import Path

import pytest

from neurons.corpus import Passage, named_passages, passages
from neurons.errors import ProducerError
from neurons.prompts import Prompts, parse_templates, read_templates

FILE = """Explain what $name is for, in two sentences.

---
For $$5: write a question that this text answers.

${passage}
---

---
"""
PASSAGES = (Passage("json", "JSON is text."), Passage("abc", "Classes,\nabstract."))


def test_templates_stand_between_lines_of_dashes_and_are_filled_as_they_say() -> None:
    prompts = Prompts(parse_templates(FILE, "a test"), PASSAGES, "seed")
    assert set(prompts.draw(0, 4)) == {
        "Explain what json is for, in two sentences.\n",
        "Explain what abc is for, in two sentences.\n",
        "For $5: write a question that this text answers.\n\nJSON is text.\n",
        "For $5: write a question that this text answers.\n\nClasses,\nabstract.\n",
    }


def test_a_passage_that_looks_like_a_template_stays_as_it_is() -> None:
    prompts = Prompts(parse_templates("$passage", "a test"), (Passage("string", "$name costs $"),), "seed")
    assert prompts.draw(0, 1) == ("$name costs $\n",)


def test_a_restarted_producer_goes_on_with_prompts_it_has_not_asked() -> None:
    def made() -> Prompts:
        return Prompts(parse_templates(FILE, "a test"), PASSAGES, "seed")

    assert made().draw(0, 1) + made().draw(1, 3) == made().draw(0, 4)
    assert len(set(made().draw(0, 4))) == 4


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("---\n \n---\n", "hold no template: write one"),
        ("$passage\n---\n$title", "template 2 of prompts here asks for $title: known are $name, $passage"),
        ("Costs $5: $passage", "has a $ that starts no name: write $$ for a dollar"),
        ("Say something.", "asks for nothing, so that each of its prompts would be the same"),
    ],
)
def test_what_cannot_be_filled_is_told_with_its_remedy(text: str, fault: str) -> None:
    with pytest.raises(ProducerError) as told:
        parse_templates(text, "here")
    assert fault in str(told.value)


@pytest.mark.parametrize("content", [None, b"\xff$passage", b"$passage" * 20_000], ids=["missing", "binary", "long"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "prompts.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ProducerError, match=r"prompts .* (cannot be read|have over)"):
        read_templates(file)


def test_passages_of_the_corpus_are_known_by_what_they_document() -> None:
    named = {passage.name: passage.text for passage in reversed(named_passages())}
    assert named["json.JSONDecoder"].startswith("Simple JSON <https://json.org> decoder")
    assert tuple(passage.text for passage in named_passages()) == passages()
