"""The table: what it refuses and how it says so, what it fingerprints, and the shares at a block."""

from typing import get_args

import pytest

from chain.types import Block
from competitions.spec import LineageSpec, Table
from competitions.table import parse, shares_at
from competitions.toml_records import TableError
from evaluation.chat import ChatFormat
from evaluation.tasks.spec import TaskName, TaskSpec
from models.bases import BaseRef
from models.lineage import Kind
from neurons import tables

*_NAMES, _LAST = map(repr, get_args(TaskName))
TASKS_TOLD = f"{', '.join(_NAMES)} or {_LAST}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("first_block = 100", "first_blok = 100", "line 5: competitions.chat.first_blok: unknown field"),
        ("samples = 64", 'samples = "many"', "line 20: competitions.chat.tasks[0].samples: input should be a"),
        ("samples = 64", "samples = 0", "line 20: competitions.chat.tasks.reference_loss.samples: must be at least 64"),
        (
            "samples = 64",
            "samples = 64\nwindow_bytes = 3",
            "chat.tasks.reference_loss.window_bytes: must be at least 4, the most bytes of a character (it is 3)",
        ),
        (
            "samples = 64",
            "samples = 64\ncontext_bytes = -1",
            "chat.tasks.reference_loss.context_bytes: must be at least 4, the most bytes of a character (it is -1)",
        ),
        (
            "samples = 64",
            "samples = 64\nsd_floor = -0.01",
            "chat.tasks.reference_loss.sd_floor: must be from 0 to the cap (16.0) (it is -0.01)",
        ),
        ("samples = 64", "samples = 64\nsd_floor = nan", "reference_loss.sd_floor: must be from 0 to the cap"),
        ('"reference_loss"', '"own_loss"', f"input should be {TASKS_TOLD} (it is 'own_loss')"),
        (
            'name = "reference_loss"',
            'name = "multiple_choice"',
            "chat.tasks.multiple_choice.cap: must be at most 1, the most that a share can be (it is 16.0)",
        ),
        (
            "samples = 64",
            'samples = 64\nby = "letter"',
            "chat.tasks.reference_loss.by: must be left out: only multiple_choice has it (it is letter)",
        ),
        ("samples = 64", 'samples = 64\nby = "feel"', "by: input should be 'likelihood' or 'letter' (it is 'feel')"),
        (
            'name = "reference_loss"',
            'name = "text_loss"\nchat = { before = "<s>" }',
            "tasks.text_loss.chat: must be left out: a text has no prompt (it is ChatFormat(before='<s>', after=''))",
        ),
        (
            "samples = 64",
            'samples = 64\nchat = { befor = "<s>" }',
            "chat.befor: unknown field; known are after, before",
        ),
        ("decay_blocks = 1_000", "", "line 29: competitions.chat.epsilon.decay_blocks: field required"),
        (
            "end = 0.01",
            "end = 0.0",
            "line 31: competitions.chat.epsilon.end: must be more than 0 and at most epsilon.start (0.05) (it is 0.0)",
        ),
        ("start = 0.05", "start = 1.0", "competitions.chat.epsilon.start: must be more than 0 and less than 1 (it is"),
        ("{ chat = 0.7 }", "{ chat = 1.7 }", "sum to at most 1 (the sum is 1.7)"),
        ("{ chat = 0.7 }", "{ chess = 0.7 }", "schedule[0].shares.chess: unknown competition; known are chat"),
        ("from_block = 500", "from_block = 0", "from_block must rise from phase to phase"),
        ("[competitions.chat]", "[competitions.CHAT!]", "not valid TOML"),
        ("fetch_blocks = 15", "fetch_blocks = 41", "must be from 0 to eval_delay_blocks (40) (it is 41)"),
        (
            "[competitions.chat.epsilon]",
            '[competitions.chat.lineage]\nrefused = ["copy", "theft"]\n[competitions.chat.epsilon]',
            "competitions.chat.lineage.refused[1]: input should be 'original', 'copy', ",
        ),
        (
            "[competitions.chat.epsilon]",
            '[competitions.chat.lineage]\nrefused = ["original"]\n[competitions.chat.epsilon]',
            "lineage.refused: must be some of copy, scaled, permuted, noise, merge, adapter, fine_tune (it is",
        ),
        (
            "max_length = 512",
            'max_length = 512\ntokenizer = "fixed"',
            'competitions.chat.limits.tokenizer: must be "free", or the 64 hex digits that '
            "`crucible miner check --json` gives as tokenizer (it is fixed)",
        ),
    ],
)
def test_a_faulty_table_is_refused_by_field_value_and_remedy(table_text: str, old: str, new: str, said: str) -> None:
    with pytest.raises(TableError) as refusal:
        parse(table_text.replace(old, new, 1))
    assert said in str(refusal.value)


TITLE = "[competitions.chat.title]\n{}\n[competitions.chat.epsilon]"
ENTRANTS = "[competitions.chat.entrants]\n{}\n[competitions.chat.epsilon]"
NORMS = "max_length = 512\nnorms = {"
SATURATING = 'samples = 64\nnormalisation = "saturating"\n'


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (TITLE, "significance = 0.06", "title.significance: must be more than 0 and at most 0.05, the chance of a"),
        (TITLE, "significance_without = 0.6", "title.significance_without: must be more than 0 and at most 0.5"),
        (TITLE, "significance = nan", "title.significance: must be more than 0 and at most 0.05, the chance of a"),
        (TITLE, "pooled_rounds = 0\nfewest_rounds = 1", "title.pooled_rounds: must be at least 1 (it is 0)"),
        (TITLE, "fewest_rounds = 0", "title.fewest_rounds: must be from 1 to title.pooled_rounds (3) (it is 0)"),
        (TITLE, "fewest_rounds = 4", "title.fewest_rounds: must be from 1 to title.pooled_rounds (3) (it is 4)"),
        (TITLE, "producers_removed = -1", "title.producers_removed: must be at least 0 (it is -1)"),
        (
            TITLE,
            "producers_removed = 2",
            "title.producers_removed: must be less than the 2 producers that producers asks for, or nobody could be",
        ),
        (ENTRANTS, "most = 0\nper_coldkey = 1", "entrants.most: must be at least 1 (it is 0)"),
        (ENTRANTS, "per_coldkey = 25", "entrants.per_coldkey: must be from 1 to entrants.most (24) (it is 25)"),
        ("first_block = 100", "first_block = 100\nabsent_rounds = 0", "absent_rounds: must be at least 1 (it is 0)"),
        ("first_block = 100", "first_block = -1", "first_block: must be at least 0 (it is -1)"),
        ("round_blocks = 50", "round_blocks = 0", "round_blocks: must be at least 1 (it is 0)"),
        ("eval_delay_blocks = 40", "eval_delay_blocks = -1", "eval_delay_blocks: must be at least 0 (it is -1)"),
        ("decay_blocks = 1_000", "decay_blocks = 0", "epsilon.decay_blocks: must be at least 1 (it is 0)"),
        ("min_parameters = 1", "min_parameters = 0", "limits.min_parameters: must be at least 1 (it is 0)"),
        ("max_length = 512", "max_length = 512\nmin_length = 0", "limits.min_length: must be at least 1 (it is 0)"),
        ("max_length = 512", "max_length = 512\nmax_tensors = 0", "limits.max_tensors: must be at least 1 (it is 0)"),
        ("max_repo_bytes = 50_000_000", "max_repo_bytes = 0", "limits.max_repo_bytes: must be at least 1 (it is 0)"),
        ("max_length = 512", f"{NORMS} soft = 0.0 }}", "limits.norms.soft: must be more than 0 (it is 0.0)"),
        (
            "max_length = 512",
            f"{NORMS} soft_share = 1.5 }}",
            "limits.norms.soft_share: must be from 0 to 1 (it is 1.5)",
        ),
        (
            "max_length = 512",
            f"{NORMS} hard = 99.0 }}",
            "limits.norms.hard: must be at least limits.norms.soft (200.0)",
        ),
        ("max_seal_blocks = 60", "max_seal_blocks = -1", "max_seal_blocks: must be at least 0 (it is -1)"),
        ("beacon_delay_s = 2.0", "beacon_delay_s = inf", "beacon_delay_s: must be at least 0, and finite (it is inf)"),
        ("deadline_s = 60.0", "deadline_s = 0", "deadline_s: must be more than 0, and finite (it is 0.0)"),
        ("samples = 64", SATURATING, "tasks.reference_loss.ceiling: must be more than 0 and at most the cap (16.0)"),
        ("samples = 64", f"{SATURATING}ceiling = 16.5", "tasks.reference_loss.ceiling: must be more than 0 and at"),
        ("samples = 64", "samples = 64\nceiling = 4.0", "tasks.reference_loss.ceiling: must be left out: only normal"),
        ("samples = 64", "samples = 64\ntoken_budget = 0", "tasks.reference_loss.token_budget: must be at least 1"),
        ("weight = 1.0", "weight = inf", "tasks.reference_loss.weight: must be more than 0, and finite (it is inf)"),
        ("cap = 16.0", "cap = inf", "tasks.reference_loss.cap: must be more than 0, and finite (it is inf)"),
        ("max_parameters = 5_000_000", "max_parameters = 0", "limits.max_parameters: must be at least limits.min_par"),
        ("max_length = 512", "max_length = 63", "limits.max_length: must be at least limits.min_length (64) (it is 63"),
        ('["LlamaForCausalLM"]', "[]", "limits.architectures: must be some of LlamaForCausalLM, MistralForCausalLM, "),
        ('["LlamaForCausalLM"]', '["Llama"]', "limits.architectures: must be some of LlamaForCausalLM, MistralForCa"),
        (
            "max_length = 512",
            'max_length = 512\ndtypes = ["F8"]',
            "limits.dtypes: must be some of F32, F16, BF16, each",
        ),
    ],
)
def test_what_could_crown_nobody_or_everybody_is_refused(table_text: str, old: str, new: str, told: str) -> None:
    text = table_text.replace(
        "[competitions.chat.epsilon]" if "{}" in old else old, old.format(new) if "{}" in old else new, 1
    )
    with pytest.raises(TableError) as refusal:
        parse(text)
    assert any(
        line.partition(": ")[2].startswith(f"competitions.chat.{told}") for line in str(refusal.value).splitlines()
    )


def test_a_producer_that_no_task_asks_for_bounds_no_removal(table_text: str) -> None:
    made = '[competitions.chat.sources.made]\nkind = "generated"\n[competitions.chat.title]\nproducers_removed = 2\n'
    text = table_text.replace("[competitions.chat.epsilon]", f"{made}[competitions.chat.epsilon]")
    assert (
        parse(text.replace("samples = 64", 'samples = 64\nsource = "made"')).competitions[0].title.producers_removed
        == 2
    )


def test_a_competition_that_no_phase_pays_is_refused(table_text: str) -> None:
    with pytest.raises(TableError) as refusal:
        parse(table_text.replace("chat = 0.7", "chat = 0").replace("chat = 0.2", "chat = 0.0"))
    assert str(refusal.value) == (
        "line 4: competitions.chat: no phase of the schedule ever pays it: give it a share, or remove it"
    )


def test_faults_of_shape_hide_none_of_another_competition(table_text: str) -> None:
    second = table_text.partition("[competitions.chat]")[2].partition("[[schedule]]")[0].replace("chat", "text")
    text = table_text.replace("samples = 64", "samples = 1").replace("chat = 0.7", 'text = "x"')
    text = text.replace("[[schedule]]", f"[competitions.text]{second}cap = 1\n[[schedule]]", 1)
    with pytest.raises(TableError) as refusal:
        parse(text)
    cap, share = (text.splitlines().index(line) + 1 for line in ("cap = 1", 'shares = { text = "x" }'))
    assert str(refusal.value).splitlines() == [
        "line 20: competitions.chat.tasks.reference_loss.samples: must be at least 64, the fewest that a title fight "
        "can reckon with (it is 1)",
        f"line {cap}: competitions.text.epsilon.cap: unknown field; known are decay_blocks, end, start",
        f"line {share}: schedule[0].shares.text: input should be a valid number, unable to parse string as a number "
        "(it is 'x')",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("settle_blocks = 10", "settle_blocks = -1", "line 2: settle_blocks: must be at least 0 (it is -1)"),
        ("burn_uid = 0", "burn_uid = 65536", "line 3: burn_uid: must be from 0 to 65535 (it is 65536)"),
        (
            "burn_uid = 0",
            'burn_uid = 0\nwithout_king = "me"',
            "line 4: without_king: input should be 'burn' or 'others'",
        ),
        ("from_block = 0", "from_block = -1", "line 33: schedule: from_block must rise from phase to phase, from 0 or"),
        (
            "chat = 0.7",
            "chat = nan",
            "line 35: schedule[0].shares: shares must be at least 0 and sum to at most 1 (the",
        ),
    ],
)
def test_what_surrounds_the_competitions_is_held_to_its_bounds(table_text: str, old: str, new: str, told: str) -> None:
    with pytest.raises(TableError) as refusal:
        parse(table_text.replace(old, new, 1))
    assert str(refusal.value).startswith(told)


def test_what_is_no_section_is_refused(table_text: str) -> None:
    for text, told in [
        ("competitions = 3\n", "line 1: competitions: give a section for each, [competitions.NAME] (it is 3)"),
        ("[competitions]\nchat = 3\n", "line 2: competitions.chat: give a section, [competitions.chat] (it is 3)"),
        ("schedule = [3]\n", "line 1: schedule[0]: input should be a dictionary or an instance of phase (it is 3)"),
    ]:
        with pytest.raises(TableError) as refusal:
            parse(text)
        assert told in str(refusal.value).splitlines()
    with pytest.raises(
        TableError, match=r"line 5: competitions.chat.name: must be left out: its section names it \(it is"
    ):
        parse(table_text.replace("first_block = 100", 'name = "other"\nfirst_block = 100'))


def test_a_table_says_how_choices_are_asked(table_text: str) -> None:
    asked = 'name = "multiple_choice"\nby = "letter"\nchat = { before = "<user>\\n", after = "<model>\\n" }'
    told = table_text.replace('name = "reference_loss"', asked).replace("cap = 16.0", "cap = 1.0")
    (task,) = parse(told).competitions[0].tasks
    chat = ChatFormat("<user>\n", "<model>\n")
    assert task == TaskSpec("multiple_choice", 64, 1.0, 1.0, "producers", chat=chat, by="letter")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("", "chat.tasks.instruction_following.cap: must be at most 1, the most that a share can be (it is 16.0)"),
        ("max_new_tokens = 0", "chat.tasks.instruction_following.max_new_tokens: must be 1 to 1024 (it is 0)"),
        ("max_new_tokens = 1_025", "chat.tasks.instruction_following.max_new_tokens: must be 1 to 1024 (it is 1025)"),
    ],
)
def test_an_answer_has_bounds(table_text: str, fields: str, said: str) -> None:
    task = f'name = "instruction_following"\n{fields}'
    with pytest.raises(TableError) as refusal:
        parse(table_text.replace('name = "reference_loss"', task, 1))
    assert said in str(refusal.value)


def test_a_table_says_which_kinds_of_descent_are_refused(table: Table, table_text: str) -> None:
    refused = '[competitions.chat.lineage]\nrefused = ["copy", "merge"]\n[competitions.chat.epsilon]'
    strict = parse(table_text.replace("[competitions.chat.epsilon]", refused, 1))
    assert strict.competitions[0].lineage == LineageSpec((Kind.COPY, Kind.MERGE))
    assert (table.competitions[0].lineage, strict.fingerprint == table.fingerprint) == (LineageSpec(), False)


BASE = f"""
[competitions.chat.base]
repo = "owner/base"
revision = "{"b" * 40}"
digest = "{"d" * 64}"
[[competitions.chat.tasks]]"""


def test_a_competition_may_name_the_base_of_its_adapters(table: Table, table_text: str) -> None:
    based = parse(table_text.replace("[[competitions.chat.tasks]]", BASE, 1))
    assert based.competitions[0].base == BaseRef("owner/base", "b" * 40, "d" * 64)
    assert (table.competitions[0].base, based.fingerprint == table.fingerprint) == (None, False)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("owner/base", "base", "competitions.chat.base.repo: must be namespace/name (it is base)"),
        (
            "b" * 40,
            "main",
            "competitions.chat.base.revision: must be a commit id of 40 lower-case hex digits (it is main)",
        ),
        ("d" * 64, "D" * 64, "competitions.chat.base.digest: must be the model's digest, 64 lower-case hex digits"),
        ("repo =", "repository =", "line 20: competitions.chat.base.repository: unknown field; known are digest, repo"),
    ],
)
def test_a_base_that_names_nothing_is_refused(table_text: str, old: str, new: str, said: str) -> None:
    with pytest.raises(TableError) as refusal:
        parse(table_text.replace("[[competitions.chat.tasks]]", BASE.replace(old, new, 1), 1))
    assert said in str(refusal.value)


def test_the_fingerprint_follows_the_rules_and_not_the_formatting(table: Table, table_text: str) -> None:
    commented = parse("# a comment\n" + table_text.replace("= ", "=   "))
    changed = parse(table_text.replace("samples = 64", "samples = 65"))
    assert (commented.fingerprint, len(table.fingerprint)) == (table.fingerprint, 64)
    assert changed.fingerprint != table.fingerprint


def test_a_competition_may_fix_its_tokenizer(table: Table, table_text: str) -> None:
    fixed = parse(table_text.replace("max_length = 512", f'max_length = 512\ntokenizer = "{"0a" * 32}"'))
    told = [competition.limits.tokenizer for one in (table, fixed) for competition in one.competitions]
    assert (told, fixed.fingerprint != table.fingerprint) == (["free", "0a" * 32], True)


@pytest.mark.parametrize(("block", "share"), [(0, 0.7), (499, 0.7), (500, 0.2), (9_999, 0.2)])
def test_shares_change_at_the_block_the_schedule_names(table: Table, block: int, share: float) -> None:
    assert shares_at(table, Block(block)) == {"chat": share}


def test_no_competition_pays_before_the_first_phase(table_text: str) -> None:
    assert shares_at(parse(table_text.replace("from_block = 0", "from_block = 7")), Block(6)) == {}


def test_a_competition_may_have_a_number_for_its_name_as_the_predecessors_pointers_have_it(table_text: str) -> None:
    assert [competition.name for competition in parse(table_text.replace("chat", "2")).competitions] == ["2"]
    with pytest.raises(
        TableError, match=r"competitions.-.name: must be lower-case letters, digits and dashes, at most 32"
    ):
        parse(table_text.replace("chat", "-"))


def test_every_shipped_table_is_valid() -> None:
    shipped = [entry.name.removesuffix(".toml") for entry in tables.SHIPPED.iterdir() if entry.name.endswith(".toml")]
    assert {name: tables.load(name).competitions != () for name in shipped} == dict.fromkeys(shipped, True)


def test_a_missing_table_names_the_shipped_ones() -> None:
    with pytest.raises(TableError, match=r"no table 'nowhere': give a TOML file's path, or one of .*localnet"):
        tables.load("nowhere")
