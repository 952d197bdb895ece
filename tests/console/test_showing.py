"""Tables that lose nothing and do nothing but show."""

import pytest
from rich.table import Table

from console.showing import show


def test_what_strangers_wrote_in_brackets_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("clear", title="commitments [/of] strangers")
    table.add_row("[/red] [link=https://example.invalid]x[/link]")
    show(table)
    shown = capsys.readouterr().out
    assert ("[/red] [link=https://example.invalid]x[/link]" in shown, "[/of]" in shown) == (True, True)
