"""Tables that lose nothing and do nothing but show."""

import pytest
from rich.table import Table

from console.showing import show, waiting


def test_what_strangers_wrote_in_brackets_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("clear", title="commitments [/of] strangers")
    table.add_row("[/red] [link=https://example.invalid]x[/link]")
    show(table)
    shown = capsys.readouterr().out
    assert ("[/red] [link=https://example.invalid]x[/link]" in shown, "[/of]" in shown) == (True, True)


def test_a_spinner_shows_a_path_in_brackets_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any output for a terminal then
    with waiting("reading /nets/[/red]/chain.sqlite"):
        pass
    assert "reading /nets/[/red]/chain.sqlite" in capsys.readouterr().err
