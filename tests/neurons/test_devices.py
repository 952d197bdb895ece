"""What a validator is told of its device at the start: a line for each competition that is too large for it."""

from dataclasses import replace

from competitions.spec import Competition
from competitions.table import parse
from neurons import devices
from tests.competitions.builders import TABLE

GB = 10**9


def competition(parameters: int) -> Competition:
    chat = parse(TABLE).competitions[0]
    return replace(chat, limits=replace(chat.limits, max_parameters=parameters, max_length=4096))


def test_a_device_too_small_for_a_competition_is_told_with_need_have_and_remedy() -> None:
    said = devices.doubt(competition(8_100_000_000), "cuda", "bfloat16", 16 * GB)
    assert said == (
        "competition chat allows 8,100,000,000 parameters, and judging in bfloat16 needs 18.81 GB (weights 16.20, "
        "layer 0.40, head 0.17, runtime 1.00); cuda has 16.00 GB: judge on a device with more memory "
        "(CRUCIBLE_DEVICES, CRUCIBLE_DTYPE); until then what is too large is abandoned, and smaller models are judged"
    )


def test_48_gb_hold_a_competition_of_8b_models_in_bfloat16_and_not_one_of_70b() -> None:
    found = [devices.doubt(competition(n), "cuda", "bfloat16", 48 * GB) is None for n in (8_100_000_000, 71 * GB)]
    assert found == [True, False]


def test_this_machine_holds_a_competition_of_small_models_and_none_of_a_trillion() -> None:
    table = parse(TABLE)
    huge = replace(table, competitions=(*table.competitions, replace(competition(10**12), name="huge")))
    assert (devices.doubts(table, "cpu", "float32"), len(devices.doubts(huge, "cpu", "float32"))) == ([], 1)


def test_a_device_that_does_not_answer_is_one_line_with_what_it_said() -> None:
    table = parse(TABLE)
    (line,) = devices.doubts(table, "cuda:99", "bfloat16")
    assert line.startswith("the memory of device cuda:99 is unknown: ")
    assert line.endswith("; check CRUCIBLE_DEVICES")
