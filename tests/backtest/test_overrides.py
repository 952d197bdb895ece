"""`--set` changes single values of a table, and what it cannot do is told in the table's own words."""

import pytest

from backtest.overrides import overridden
from competitions.table import parse
from competitions.toml_records import TableError
from tests.competitions.builders import TABLE


def test_without_settings_a_table_is_what_it_was_and_reading_it_back_changes_nothing() -> None:
    assert overridden(TABLE, []) == parse(TABLE)
    assert overridden(TABLE, ["burn_uid=0"]) == parse(TABLE)


def test_values_are_set_by_path_in_sections_lists_and_sections_that_were_left_out() -> None:
    found = overridden(
        TABLE,
        [
            "competitions.chat.epsilon.start=0.02",
            "competitions.chat.tasks.reference_loss.samples=128",
            "competitions.chat.tasks.0.weight = 2.5",
            "competitions.chat.title.pooled_rounds=6",
            "schedule.1.shares.chat=0.5",
            "without_king=others",
        ],
    )
    chat = found.competitions[0]
    assert (chat.epsilon.start, chat.tasks[0].samples, chat.tasks[0].weight) == (0.02, 128, 2.5)
    assert (chat.title.pooled_rounds, found.schedule[1].shares) == (6, (("chat", 0.5),))
    assert found.without_king == "others"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("competitions.chat.epsilon.start", "must be PATH=VALUE, as in competitions.chat.epsilon.start=0.02"),
        ("competitions.code.epsilon.start=0.02", "unknown competition 'code'; known are chat"),
        ("competitions.chat.epsilon.begin=0.02", "epsilon.begin: unknown field; known are decay_blocks, end, start"),
        (
            "competitions.chat.epsilon.start=2",
            "competitions.chat.epsilon.start: must be more than 0 and less than 1 (it is 2.0)",
        ),
        ("competitions.chat.tasks.text_loss.samples=9", "competitions.chat.tasks has no 'text_loss'; known are refer"),
        ("schedule.7.from_block=9", "schedule has no '7'; known are 0 to 1"),
        ("burn_uid.of=1", "burn_uid is a value (it is 0) and holds no 'of'"),
        ("competitions.chat.round_blocks=soon", "round_blocks: input should be a valid integer"),
    ],
)
def test_what_cannot_be_set_is_named_with_the_remedy(setting: str, words: str) -> None:
    with pytest.raises(TableError) as caught:
        overridden(TABLE, [setting])
    assert words in str(caught.value)
    assert "line" not in str(caught.value)
