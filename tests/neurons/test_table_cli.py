"""`crucible table`: the right message for each broken table, what holds at a block, what differs, and what it costs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crucible.app import app
from neurons import tables
from tests.competitions.builders import TABLE

TITLE = "[competitions.chat.title]\n{}\n[competitions.chat.epsilon]"
PAIRED = '[competitions.chat.sources.second]\nkind = "generated"\n[competitions.chat.epsilon]'


def table(*arguments: str) -> Result:
    """What `crucible table` with these arguments ends with."""
    return CliRunner().invoke(app, ["table", *arguments], env={"COLUMNS": "200", "CRUCIBLE_TABLE": ""})


def told(*arguments: str) -> Any:
    return json.loads(table(*arguments, "--json").stdout.splitlines()[-1])


def written(folder: Path, text: str) -> str:
    (folder / "table.toml").write_text(text, encoding="utf-8")
    return str(folder / "table.toml")


BROKEN = {
    "a mistyped field": (
        "round_blocks = 50",
        "round_block = 50",
        "line 6: competitions.chat.round_block: unknown field; known are absent_rounds, base, beacon_delay_s, "
        "deadline_s, entrants, epsilon, eval_delay_blocks, fetch_blocks, first_block, limits, lineage, "
        "max_seal_blocks, round_blocks, sources, tasks, title",
    ),
    "a missing field": (
        "decay_blocks = 1_000\n",
        "",
        "line 29: competitions.chat.epsilon.decay_blocks: field required",
    ),
    "words for a number": (
        "burn_uid = 0",
        'burn_uid = "none"',
        "line 3: burn_uid: input should be a valid integer, unable to parse string as an integer (it is 'none')",
    ),
    "too few samples": (
        "samples = 64",
        "samples = 63",
        "line 20: competitions.chat.tasks.reference_loss.samples: must be at least 64, the fewest that a title fight "
        "can reckon with (it is 63)",
    ),
    "an unknown task": (
        '"reference_loss"',
        '"own_loss"',
        "line 19: competitions.chat.tasks[0].name: input should be 'reference_loss', 'text_loss', 'multiple_choice' or "
        "'instruction_following' (it is 'own_loss')",
    ),
    "a share of more than everything": (
        "cap = 16.0",
        "cap = 16.0\n[[competitions.chat.tasks]]\nname = 'multiple_choice'\nsamples = 64\nweight = 1.0\ncap = 1.5",
        "line 27: competitions.chat.tasks.multiple_choice.cap: must be at most 1, the most that a share can be "
        "(it is 1.5)",
    ),
    "a ceiling without a curve": (
        "samples = 64",
        "samples = 64\nceiling = 20.0",
        "line 21: competitions.chat.tasks.reference_loss.ceiling: must be left out: only normalisation = "
        '"saturating" has it (it is 20.0)',
    ),
    "a ceiling out of reach": (
        "samples = 64",
        'samples = 64\nnormalisation = "saturating"\nceiling = 20.0',
        "line 22: competitions.chat.tasks.reference_loss.ceiling: must be more than 0 and at most the cap (16.0), "
        "where saturating is to reach 1 (it is 20.0)",
    ),
    "an end above the start": (
        "end = 0.01",
        "end = 0.1",
        "line 31: competitions.chat.epsilon.end: must be more than 0 and at most epsilon.start (0.05) (it is 0.1)",
    ),
    "a coin's throw for a proof": (
        "[competitions.chat.epsilon]",
        TITLE.format("significance = 0.5"),
        "line 30: competitions.chat.title.significance: must be more than 0 and at most 0.05, the chance of a crown by "
        "luck (it is 0.5)",
    ),
    "more rounds than are pooled": (
        "[competitions.chat.epsilon]",
        TITLE.format("fewest_rounds = 4"),
        "line 30: competitions.chat.title.fewest_rounds: must be from 1 to title.pooled_rounds (3) (it is 4)",
    ),
    "all producers removed": (
        "[competitions.chat.epsilon]",
        TITLE.format("producers_removed = 2"),
        "line 30: competitions.chat.title.producers_removed: must be less than the 2 producers that producers asks "
        "for, or nobody could be crowned (it is 2)",
    ),
    "fetched later than entered": (
        "fetch_blocks = 15",
        "fetch_blocks = 41",
        "line 8: competitions.chat.fetch_blocks: must be from 0 to eval_delay_blocks (40) (it is 41)",
    ),
    "the largest below the smallest": (
        "max_parameters = 5_000_000",
        "max_parameters = 0",
        "line 15: competitions.chat.limits.max_parameters: must be at least limits.min_parameters (1) (it is 0)",
    ),
    "an unknown source": (
        "samples = 64",
        'samples = 64\nsource = "nobody"',
        "line 21: competitions.chat.tasks.reference_loss.source: must be one of producers (it is 'nobody')",
    ),
    "two sources and a task that names none": (
        "[competitions.chat.epsilon]",
        PAIRED,
        "line 18: competitions.chat.tasks.reference_loss.source: must be one of producers, second (it is '')",
    ),
    "no list of phrases": (
        "max_age_blocks = 120",
        'max_age_blocks = 120\nscreen = { phrases = "rude" }',
        "line 29: competitions.chat.sources.producers.screen.phrases: must name a list of the table, [phrases.NAME]; "
        "it has none (it is 'rude')",
    ),
    "more than all emission": (
        "chat = 0.7",
        "chat = 1.7",
        "line 35: schedule[0].shares: shares must be at least 0 and sum to at most 1 (the sum is 1.7)",
    ),
    "a stranger in the schedule": (
        "chat = 0.7",
        "chat = 0.5, chess = 0.2",
        "line 35: schedule[0].shares.chess: unknown competition; known are chat",
    ),
    "phases out of order": (
        "from_block = 500",
        "from_block = 0",
        "line 33: schedule: from_block must rise from phase to phase, from 0 or more (it is [0, 0])",
    ),
    "no TOML": (
        "weight = 1.0",
        "weight = one",
        "the table is not valid TOML: Invalid value (at line 21, column 10)",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_lint_gives_a_broken_table_its_one_right_message(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert TABLE.count(old) >= 1
    file = written(tmp_path, TABLE.replace(old, new, 1))
    shown, document = table("lint", file), told("lint", file)
    faults = [line.removeprefix("fault: ") for line in shown.stdout.splitlines() if line.startswith("fault: ")]
    assert (shown.exit_code, faults, document["fingerprint"]) == (1, [message], None)
    assert [fault["message"] for fault in document["faults"]] == faults


def test_lint_tells_all_faults_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        TABLE.replace("chat = 0.2", "chat = -1")
        .replace("samples = 64", "samples = 1")
        .replace("= 0\n[comp", "= -1\n[comp")
    )
    faults = told("lint", written(tmp_path, text))["faults"]
    assert [(fault["line"], fault["field"]) for fault in faults] == [
        (3, "burn_uid"),
        (20, "competitions.chat.tasks.reference_loss.samples"),
        (38, "schedule[1].shares"),
    ]


WARNED = {
    "end = 0.01": (
        "end = 0.005",
        31,
        "epsilon.end",
        "should be at least 0.01, or merges win without work (it is 0.005)",
    ),
    "[competitions.chat.epsilon]": (
        TITLE.format("fewest_rounds = 1"),
        30,
        "title.fewest_rounds",
        "should be at least 2, or one lucky draw crowns (it is 1)",
    ),
    "[competitions.chat.epsilon]\nstart": (
        TITLE.format("producers_removed = 0") + "\nstart",
        30,
        "title.producers_removed",
        "should be at least 1, or a producer of producers can crown a friend (it is 0)",
    ),
    "max_repo_bytes = 50_000_000": (
        "max_repo_bytes = 5_000_000",
        16,
        "limits.max_repo_bytes",
        "should be at least 10000000, what limits.max_parameters take in 2 bytes each (it is 5000000)",
    ),
    "cap = 16.0\n[competitions": (
        'cap = 16.0\nsource = "producers"\n[competitions.chat.sources.made]\nkind = "generated"\n[competitions',
        24,
        "sources.made",
        "no task asks for it: remove it, or name it as a task's source",
    ),
    "cap = 16.0": (
        "cap = 16.0\n[[competitions.chat.tasks]]\nname = 'multiple_choice'\nsamples = 64\nweight = 1.0\ncap = 1.0",
        23,
        "tasks.multiple_choice.normalisation",
        "should have a normalisation: reference_loss, multiple_choice are added up though their units differ",
    ),
}


@pytest.mark.parametrize(("old", "warned"), WARNED.items(), ids=[warned[2] for warned in WARNED.values()])
def test_what_only_test_networks_should_do_is_a_warning_and_no_fault(
    tmp_path: Path, old: str, warned: tuple[str, int, str, str]
) -> None:
    new, line, field, words = warned
    ample = TABLE.replace("min_producers = 2", "min_producers = 8")
    file = written(tmp_path, ample.replace(old, new, 1))
    result, document = table("lint", file), told("lint", file)
    message = f"line {line}: competitions.chat.{field}: {words}"
    assert (result.exit_code, document["faults"]) == (0, [])
    assert document["warnings"] == [{"line": line, "field": f"competitions.chat.{field}", "message": message}]
    assert f"warning: {message}" in result.stdout.splitlines()
    assert document["fingerprint"] in result.stdout


def test_the_live_table_has_neither_fault_nor_warning_and_the_embedded_ones_only_few_producers() -> None:
    linted = {name: told("lint", name) for name in ("finney", "localnet", "pocket")}
    assert [document["faults"] for document in linted.values()] == [[], [], []]
    assert linted["finney"]["warnings"] == []
    for name in ("localnet", "pocket"):
        fields = [warning["field"].rpartition(".")[2] for warning in linted[name]["warnings"]]
        assert fields == ["min_producers", "min_producers"]


def test_a_file_that_is_not_there_is_a_command_that_cannot_be_done() -> None:
    result = table("lint", "nowhere.toml")
    assert (result.exit_code, "no table 'nowhere.toml'" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("block", "shares"),
    [
        (9_999_999, {}),
        (10_000_000, {"chat": 1.0}),
        (10_100_799, {"chat": 1.0}),
        (10_100_800, {"chat": 0.55, "instruct-8b": 0.45}),
        (10_705_599, {"chat": 0.1, "instruct-8b": 0.5, "reasoning-3b": 0.4}),
        (10_705_600, {"instruct-8b": 0.55, "reasoning-3b": 0.45}),
    ],
)
def test_show_tells_who_is_paid_at_a_block_and_which_round_it_is_in(block: int, shares: dict[str, float]) -> None:
    at = told("show", "finney", "--block", str(block))["at"]
    assert (at["shares"], at["rest"]) == (shares, pytest.approx(1 - sum(shares.values())))
    assert at["rounds"]["chat"] == (block - 9_985_600) // 360


def test_show_has_every_competition_task_source_and_phase() -> None:
    document, shown = told("show", "finney"), table("show", "finney", "--block", "10302400").stdout
    loaded = tables.load("finney")
    assert (document["fingerprint"], "at" in document) == (loaded.fingerprint, False)
    assert [one["name"] for one in document["competitions"]] == ["chat", "instruct-8b", "reasoning-3b"]
    assert [phase["from_block"] for phase in document["schedule"]] == [phase.from_block for phase in loaded.schedule]
    named = [one.name for one in loaded.competitions]
    named += [task.name for one in loaded.competitions for task in one.tasks]
    assert [name for name in [*named, "instruct-8b 40.0%", "10,604,800", "signed_batches"] if name not in shown] == []


def test_diff_tells_fields_shares_and_what_a_running_competition_cannot_take(tmp_path: Path) -> None:
    text = tables.read("finney")
    after = text.replace("samples = 512", "samples = 640").replace("chat = 0.55", "chat = 0.5")
    document = told("diff", "finney", written(tmp_path, after))
    assert (document["same"], document["allowed"]) == (False, True)
    assert document["changes"] == [
        {"field": "competitions.chat.tasks.reference_loss.samples", "before": 512, "after": 640, "forbidden": None}
    ]
    three = {"chat": 0.3, "instruct-8b": 0.4, "reasoning-3b": 0.3}
    assert document["shares"] == [
        {
            "from_block": 10_100_800,
            "before": {"chat": 0.55, "instruct-8b": 0.45},
            "after": {"chat": 0.5, "instruct-8b": 0.45},
        },
        {"from_block": 10_302_400, "before": three, "after": three},
    ]
    moved = written(tmp_path, text.replace("first_block = 9_985_600", "first_block = 9_985_601"))
    result = table("diff", "finney", moved)
    assert (result.exit_code, told("diff", "finney", moved)["allowed"]) == (1, False)
    assert "chat has rounds already" in " ".join(result.stdout.split())


def test_diff_names_a_whole_competition_once_and_takes_formatting_for_nothing(tmp_path: Path) -> None:
    text = tables.read("finney")
    renamed = written(tmp_path, text.replace("reasoning-3b", "thinking-3b"))
    document = told("diff", "finney", renamed)
    assert [(change["field"], change["before"], change["after"]) for change in document["changes"]] == [
        ("competitions.reasoning-3b", "present", None),
        ("competitions.thinking-3b", None, "present"),
    ]
    assert (document["allowed"], [shift["from_block"] for shift in document["shares"]]) == (
        True,
        [10_302_400, 10_604_800, 10_705_600],
    )
    same = table("diff", "finney", written(tmp_path, text.replace(" = ", "  =  ")))
    assert (same.exit_code, same.stdout.startswith("the same table")) == (0, True)


def test_cost_is_reckoned_from_the_stated_field() -> None:
    stated = ("--entrants", "9", "--new", "3", "--worse", "0.5", "--saved", "0.8", "--parameters", "1000000000")
    device = ("--tflops", "100", "--reached", "0.5", "--prompt-bytes", "800", "--answer-bytes", "1600")
    (chat,) = told("cost", "finney", "-c", "chat", *stated, *device)["competitions"]
    # 512 samples of 800 + 1,600 bytes; the second window stands after the prompt and the first 1,024 bytes
    tokens = 512 * (1_600 + 800 + 800 + 1_024) / 4
    judging = 2 * 1e9 * tokens / 50e12
    assert (chat["challengers"], chat["tokens"]) == (9, round(tokens))
    assert chat["model_s"] == pytest.approx(2 + judging)
    assert chat["gpu_hours"] == pytest.approx((10 * 2 + (1 + 9 * 0.6) * judging) / 3_600)
    assert chat["download_bytes"] == 3 * 2_000_000_000
    assert chat["sample_bytes"] == 3 * 512 * (600 + 800 + 1_600)


def test_cost_grows_with_the_field_up_to_what_a_round_takes() -> None:
    found = [told("cost", "finney", "-c", "chat", "--entrants", str(n))["competitions"][0] for n in (0, 12, 24, 500)]
    hours = [one["gpu_hours"] for one in found]
    assert hours[0] < hours[1] < hours[2] == hours[3]
    assert found[0]["download_bytes"] == 0
    shown = table("cost", "finney").stdout
    assert [
        word for word in ("chat", "instruct-8b", "reasoning-3b", "assumed, not measured") if word not in shown
    ] == []


def test_a_competition_that_is_not_in_the_table_costs_nothing_but_an_answer() -> None:
    result = table("cost", "finney", "-c", "chess")
    assert (result.exit_code, "name one of chat, instruct-8b, reasoning-3b" in result.output) == (2, True)
