"""The page on lineage tells every kind in the code's own words, and the kinds that are refused by default."""

import json
import re
from pathlib import Path

from competitions.spec import LineageSpec
from models.lineage import MEANING, Kind

PAGE = (Path(__file__).parents[2] / "docs" / "lineage.md").read_text(encoding="utf-8")


def test_every_kind_is_explained_in_the_codes_own_words() -> None:
    section = PAGE.partition("## Kinds")[2].partition("\n## ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", section, re.MULTILINE)) == {str(k): MEANING[k] for k in Kind}


def test_the_kinds_refused_by_default_are_the_codes() -> None:
    listed = re.search(r"^refused = (\[.*\])$", PAGE, re.MULTILINE)
    assert listed is not None
    assert tuple(json.loads(listed[1])) == LineageSpec().refused


def test_every_kind_that_a_document_may_have_is_listed_with_its_field() -> None:
    described = (Path(__file__).parents[2] / "docs" / "leaderboard-json.md").read_text(encoding="utf-8")
    [line] = [line for line in described.splitlines() if line.startswith("| `kind` |")]
    assert re.findall(r"`(\w+)`", line.partition("see")[0])[1:] == list(Kind)
