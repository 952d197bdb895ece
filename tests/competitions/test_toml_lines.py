"""Lines of a TOML text: where each key stands, in whatever shape TOML lets it be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.toml_lines import lines_of
from competitions.toml_records import Place

TEXT = '''# a comment, "quoted = [
top = 1

[house.chat]   # [not.a.header]
names = [
  "a = 1",
  "[b]",
]
limits.norms = { soft = 2.0 }
words = """
[[house.chat.tasks]]
name = "no task"
"""
after = 3

[[house.chat.tasks]]
samples = 64
name = "loss"
[house.chat.tasks.chat]
before = "<s>"
[[house.chat.tasks]]
name = "choice"
[[house.chat.tasks.parts]]
size = 1
[[house.chat.tasks.parts]]
size = 2
["odd name".'and.dots']
key = 1
[[plan]]
from = 0
shares = { chat = 0.7, "other one" = 0.3 }
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("top",), 2),
        (("house",), 4),
        (("house", "chat", "names", 1), 5),
        (("house", "chat", "limits", "norms", "soft"), 9),
        (("house", "chat", "limits", "norms", "hard"), 9),
        (("house", "chat", "words"), 10),
        (("house", "chat", "after"), 14),
        (("house", "chat", "tasks"), 16),
        (("house", "chat", "tasks", 0, "samples"), 17),
        (("house", "chat", "tasks", "loss", "samples"), 17),
        (("house", "chat", "tasks", "loss", "weight"), 16),
        (("house", "chat", "tasks", "loss", "chat", "before"), 20),
        (("house", "chat", "tasks", "choice", "name"), 22),
        (("house", "chat", "tasks", 1, "parts", 1, "size"), 26),
        (("house", "chat", "tasks", "nobody"), 16),
        (("odd name", "and.dots", "key"), 28),
        (("plan", 0, "shares", "other one"), 31),
        (("absent", "field"), 1),
        ((), 1),
    ],
)
def test_a_place_has_its_line_and_an_absent_one_that_of_the_section_around_it(place: Place, line: int) -> None:
    assert lines_of(TEXT).at(place) == line
    assert lines_of(TEXT.replace("\n", "\r\n")).at(place) == line


@given(st.lists(st.sampled_from(["", "# note", 'text = """\n\n"""', "list = [\n1,\n\n2 ]", "[a]\nb = 1"]), max_size=4))
def test_what_stands_before_moves_a_line_by_as_much(before: list[str]) -> None:
    pieces = list(dict.fromkeys(piece for piece in before if "=" in piece)) + [p for p in before if "=" not in p]
    text = "\n".join([*sorted(pieces, key=lambda piece: piece.startswith("[")), "[last]", "key = 1"])
    assert lines_of(text).at(("last", "key")) == text.count("\n") + 1
