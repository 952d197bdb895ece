"""The page for miners tells every state that `miner status` can show, and the numbers that the code goes by."""

import re
from pathlib import Path
from typing import get_args

from models.limits import FREE, WIDEST
from models.ref import MAX_CLEAR_BYTES, WITHDRAWN, HashedRef, decode_clear
from models.splitting import SPLITTERS
from neurons.own_entry import State
from neurons.terms import _SEALING_S, _SHORTEST_MARGIN, _SLIPS, LANDING_BLOCKS

PAGE = (Path(__file__).parents[2] / "docs" / "mining.md").read_text(encoding="utf-8")


def test_every_state_is_explained() -> None:
    section = PAGE.partition("`crucible miner status` says")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(get_args(State))


def test_the_numbers_are_those_of_the_code() -> None:
    facts = (
        f"up to {LANDING_BLOCKS} blocks to land",
        f"a margin of 1/{_SLIPS} ",
        f"at least {_SHORTEST_MARGIN} blocks",
    )
    assert [fact for fact in facts if fact not in " ".join(PAGE.split())] == []
    assert f"faster than {_SEALING_S / LANDING_BLOCKS} s, two seconds" in " ".join(PAGE.split())
    assert (f"{MAX_CLEAR_BYTES} bytes" in PAGE, f"`{WITHDRAWN.decode()}`" in PAGE) == (True, True)


def test_every_way_to_cut_texts_is_listed() -> None:
    section = PAGE.partition("## Which tokenizers are accepted")[2].partition("\n## ")[0]
    families = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE)
    assert (families[1:], f"place of `{FREE}`" in section) == (list(SPLITTERS), True)


def test_the_rank_of_adapters_is_the_codes() -> None:
    assert f"`max_rank` [{WIDEST.max_rank}]" in PAGE


def test_names_and_competition_may_have_forty_bytes_in_clear() -> None:
    def line(namespace: str) -> bytes:
        return ":".join((namespace, "m", "0" * 40, "A" * 43 + "=", "c")).encode()

    assert [isinstance(decode_clear(line("a" * n)), HashedRef) for n in (38, 39)] == [True, False]
