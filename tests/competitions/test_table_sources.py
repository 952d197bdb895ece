"""A table's sources: what each kind must say, whole messages where it does not, and what the fingerprint covers."""

import re

import pytest

from chain.types import BlockCount, NetUid
from competitions.table import parse
from competitions.toml_records import FaultyTable
from evaluation.sources.spec import (
    SPECS,
    FeedSpec,
    GeneratedSpec,
    HubTextSpec,
    NamedSource,
    PhraseList,
    Screen,
    SignedBatchesSpec,
    SourceSpec,
    WandbRunsSpec,
)
from tests.competitions.builders import TABLE

AT = "competitions.chat.sources.producers"
START = TABLE.index("[competitions.chat.sources.producers]")
END = TABLE.index("[competitions.chat.epsilon]")
PRODUCED = "netuid = 2\nmin_stake = 1_000.0\nmin_producers = 2\nmax_age_blocks = 120"
SIGNED = f'kind = "signed_batches"\n{PRODUCED}'
MIRRORS = "https://one.example", "https://two.example", "https://three.example"
FEED = f'kind = "feed"\n{PRODUCED}\nmirrors = {list(MIRRORS)}\nquorum = 2\nperiod_blocks = 360'
RUNS = f'kind = "wandb_runs"\n{PRODUCED}\nentity = "opentensor"\nproject = "runs"'
WEB = f'kind = "hub_text"\nrepo = "owner/web"\nrevision = "{"c" * 40}"'
MADE = 'kind = "generated"'
PHRASES = '[phrases.canned]\nowner = "the subnet"\nversion = 3\nphrases = ["as an AI", "I cannot"]\n'


def table_with(*sources: str, task: str = "reference_loss", phrases: str = "", more: str = "") -> str:
    """The table with sources called `producers`, `second`, …, and one task, which names none unless `more` says."""
    names = ("producers", "second", "third")
    sections = "".join(f"[competitions.chat.sources.{n}]\n{body}\n" for n, body in zip(names, sources, strict=False))
    told = TABLE[:START] + sections + TABLE[END:] + phrases
    return told.replace('name = "reference_loss"', f'name = "{task}"\n{more}')


def source(body: str, **more: str) -> SourceSpec:
    """The table's one source as a record."""
    (named,) = parse(table_with(body, **more)).competitions[0].sources
    assert named.name == "producers"
    return named.spec


def refusal(text: str) -> str:
    """All of what the table is refused with, without the lines of the text; each message names one."""
    with pytest.raises(FaultyTable) as refused:
        parse(text)
    lines = [re.fullmatch(r"line ([0-9]+): (.+)", line) for line in str(refused.value).splitlines()]
    return "\n".join(line[2] for line in lines if line is not None and 0 < int(line[1]) <= text.count("\n") + 1)


def test_each_kind_of_source_is_read_as_its_record() -> None:
    common = {"netuid": NetUid(2), "min_stake": 1_000.0, "min_producers": 2, "max_age_blocks": BlockCount(120)}
    assert [source(SIGNED), source(FEED), source(RUNS), source(WEB, task="text_loss"), source(MADE)] == [
        SignedBatchesSpec(kind="signed_batches", **common),
        FeedSpec(kind="feed", mirrors=MIRRORS, quorum=2, period_blocks=BlockCount(360), **common),
        WandbRunsSpec(kind="wandb_runs", entity="opentensor", project="runs", **common),
        HubTextSpec(kind="hub_text", repo="owner/web", revision="c" * 40),
        GeneratedSpec(kind="generated"),
    ]
    assert {kind: spec.__name__ for kind, spec in SPECS.items()} == {
        "signed_batches": "SignedBatchesSpec",
        "feed": "FeedSpec",
        "wandb_runs": "WandbRunsSpec",
        "hub_text": "HubTextSpec",
        "generated": "GeneratedSpec",
    }


SCREEN = "\n[competitions.chat.sources.producers.screen]\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (SIGNED.replace("netuid = 2", "netuid = -1"), "netuid: must be from 0 to 65535 (it is -1)"),
        (SIGNED.replace("netuid = 2", "netuid = 65536"), "netuid: must be from 0 to 65535 (it is 65536)"),
        (SIGNED.replace("1_000.0", "-0.5"), "min_stake: must be at least 0, in TAO (it is -0.5)"),
        (SIGNED.replace("1_000.0", "nan"), "min_stake: must be at least 0, in TAO (it is nan)"),
        (SIGNED.replace("1_000.0", "inf"), "min_stake: must be at least 0, in TAO (it is inf)"),
        (SIGNED.replace("producers = 2", "producers = 0"), "min_producers: must be at least 1 (it is 0)"),
        (SIGNED.replace("120", "0"), "max_age_blocks: must be at least 1 (it is 0)"),
        (f"{SIGNED}\npatience_blocks = -1", "patience_blocks: must be at least 0 (it is -1)"),
        (f"{SIGNED}{SCREEN}max_bytes = 0", "screen.max_bytes: must be at least 1 (it is 0)"),
        (
            f'{SIGNED}{SCREEN}language = "english"',
            "screen.language: must be an ISO 639 code such as en (it is english)",
        ),
        (f'{SIGNED}{SCREEN}language = ""', "screen.language: must be an ISO 639 code such as en (it is )"),
        (
            f"{SIGNED}{SCREEN}near_duplicate = 0.0",
            "screen.near_duplicate: must be more than 0 and at most 1 (it is 0.0)",
        ),
        (
            f"{SIGNED}{SCREEN}near_duplicate = 1.01",
            "screen.near_duplicate: must be more than 0 and at most 1 (it is 1.01)",
        ),
        (
            f"{SIGNED}{SCREEN}near_duplicate = nan",
            "screen.near_duplicate: must be more than 0 and at most 1 (it is nan)",
        ),
        (FEED.replace("netuid = 2", "netuid = -1"), "netuid: must be from 0 to 65535 (it is -1)"),
        (FEED.replace("360", "0"), "period_blocks: must be at least 1 (it is 0)"),
        (MADE + "\nprocedures = []", "procedures: must be at least one, each once (it is [])"),
        (
            MADE + '\nprocedures = ["brackets", "brackets"]',
            "procedures: must be at least one, each once (it is ['brackets', 'brackets'])",
        ),
        (RUNS.replace("netuid = 2", "netuid = 65536"), "netuid: must be from 0 to 65535 (it is 65536)"),
    ],
)
def test_a_source_that_breaks_a_rule_is_refused_by_field_value_and_remedy(body: str, told: str) -> None:
    assert f"{AT}.{told}" in refusal(table_with(body)).splitlines()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (WEB.replace("c" * 40, "main"), "revision: must be a commit id of 40 hex digits (it is main)"),
        (WEB.replace("c" * 40, "c" * 41), f"revision: must be a commit id of 40 hex digits (it is {'c' * 41})"),
        (WEB.replace("c" * 40, "C" * 40), f"revision: must be a commit id of 40 hex digits (it is {'C' * 40})"),
        (WEB.replace("owner/web", "web"), "repo: must be namespace/name (it is web)"),
        (WEB.replace("owner/web", "owner/web/more"), "repo: must be namespace/name (it is owner/web/more)"),
        (WEB.replace("owner/web", "/web"), "repo: must be namespace/name (it is /web)"),
        (WEB + "\nrow_groups = 0", "row_groups: must be at least 1 (it is 0)"),
        (f"{WEB}{SCREEN}max_bytes = 0", "screen.max_bytes: must be at least 1 (it is 0)"),
    ],
)
def test_a_source_of_public_text_that_breaks_a_rule_is_refused(body: str, told: str) -> None:
    assert refusal(table_with(body, task="text_loss")) == f"{AT}.{told}"


@pytest.mark.parametrize(
    "body",
    [
        SIGNED.replace("netuid = 2", "netuid = 0"),
        SIGNED.replace("netuid = 2", "netuid = 65535"),
        SIGNED.replace("1_000.0", "0"),
        SIGNED.replace("120", "1").replace("producers = 2", "producers = 64"),
        f"{SIGNED}\npatience_blocks = 0",
        f'{SIGNED}{SCREEN}max_bytes = 1\nlanguage = "de"\nnear_duplicate = 1',
        f'{SIGNED}{SCREEN}language = "zxx"\nnear_duplicate = 0.001',
        FEED.replace("360", "1"),
    ],
)
def test_the_last_values_that_are_allowed_are_taken(body: str) -> None:
    assert parse(table_with(body)).competitions[0].sources[0].name == "producers"


@pytest.mark.parametrize(("mirrors", "allowed"), [(0, []), (1, [1]), (2, [2]), (3, [2, 3]), (4, [3, 4])])
def test_a_quorum_is_more_than_half_of_the_mirrors_and_no_more_than_all(mirrors: int, allowed: list[int]) -> None:
    named = [f"https://mirror{number}.example" for number in range(mirrors)]
    body = FEED.replace(str(list(MIRRORS)), str(named))
    for quorum in range(6):
        text = table_with(body.replace("quorum = 2", f"quorum = {quorum}"))
        if quorum in allowed:
            assert parse(text).competitions
        else:
            assert refusal(text) == (
                f"{AT}.quorum: must be more than half of the {mirrors} mirrors, and no more than all (it is {quorum})"
            )


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://one.example/samples", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://one.example", False),
        ("http://127.0.0.1.example", False),
        ("http://localhost@one.example", False),
        ("ftp://127.0.0.1", False),
        ("one.example", False),
        ("https://", False),
        ("https://[", False),
    ],
)
def test_an_address_is_https_and_plain_http_only_on_this_machine(address: str, good: bool) -> None:
    body = FEED.replace(MIRRORS[0], address)
    if good:
        assert isinstance(source(body), FeedSpec)
    else:
        named = [address, *MIRRORS[1:]]
        assert refusal(table_with(body)) == f"{AT}.mirrors: must be https:// addresses (it is {named})"


def test_a_mirror_counts_once() -> None:
    twice = [MIRRORS[0], MIRRORS[0], MIRRORS[2]]
    told = refusal(table_with(FEED.replace(str(list(MIRRORS)), str(twice))))
    assert told == f"{AT}.mirrors: must be https:// addresses (it is {twice})"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (SIGNED.replace("signed_batches", "signed_batch"), "(it is 'signed_batch')"),
        (PRODUCED, "(it is None)"),
        (SIGNED.replace('"signed_batches"', '["signed_batches"]'), "(it is ['signed_batches'])"),
    ],
    ids=["unknown", "none", "a list"],
)
def test_a_kind_that_no_source_has_is_refused_beside_the_known_ones(body: str, told: str) -> None:
    known = "feed, generated, hub_text, signed_batches, wandb_runs"
    assert refusal(table_with(body)) == f"{AT}.kind: must be one of {known} {told}"


def test_what_is_no_section_is_refused() -> None:
    single = TABLE[:START] + "[competitions.chat.sources]\nproducers = 3\n" + TABLE[END:]
    every = TABLE[:START].replace("[competitions.chat]\n", "[competitions.chat]\nsources = 3\n") + TABLE[END:]
    assert (refusal(single), refusal(every)) == (
        f"{AT}.kind: must be one of feed, generated, hub_text, signed_batches, wandb_runs (it is 3)",
        "competitions.chat.sources: give a section for each source, [competitions.chat.sources.NAME]",
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (f"{SIGNED}\nmin_steak = 3", "min_steak: unknown field; known are kind, max_age_blocks, min_producers, "),
        (f"{SIGNED}{SCREEN}max_byte = 3", "screen.max_byte: unknown field; known are language, max_bytes, near_"),
        (SIGNED.replace("min_producers = 2\n", ""), "min_producers: field required"),
        (SIGNED.replace("120", '"long"'), "max_age_blocks: input should be a valid integer, "),
        (f"{MADE}\nprocedures = ['chess']", "procedures[0]: input should be 'word_sorting', 'brackets', "),
        (f'{SIGNED}\nscreen = "strict"', "screen: input should be a dictionary or an instance of screen (it is "),
    ],
    ids=["unknown", "unknown in the screen", "missing", "no number", "no procedure", "no screen"],
)
def test_a_field_that_a_source_cannot_hold_is_named_with_its_place(body: str, told: str) -> None:
    assert refusal(table_with(body)).startswith(f"{AT}.{told}")


def test_a_competition_without_sources_is_told_to_add_one() -> None:
    assert refusal(table_with()) == (
        "competitions.chat.sources: there is none; add a [competitions.chat.sources.NAME] section"
    )


@pytest.mark.parametrize("name", ["Producers", "-x", "two words", "x" * 65, ""])
def test_a_sources_name_is_short_and_lower_case(name: str) -> None:
    text = table_with(SIGNED).replace("sources.producers", f'sources."{name}"')
    assert refusal(text) == f"competitions.chat.sources.{name}.name: must be a short lower-case name (it is {name})"


def test_a_task_without_a_source_takes_the_only_one() -> None:
    (task,) = parse(table_with(SIGNED)).competitions[0].tasks
    assert task.source == "producers"


def test_where_there_are_two_sources_each_task_names_its_own() -> None:
    told = "competitions.chat.tasks.reference_loss.source: must be one of producers, second (it is '')"
    assert refusal(table_with(SIGNED, RUNS)) == told
    named = parse(table_with(SIGNED, RUNS, more='source = "second"')).competitions[0]
    assert ([source.name for source in named.sources], named.tasks[0].source) == (["producers", "second"], "second")


def test_a_task_that_names_a_source_that_is_not_there_is_refused() -> None:
    told = "competitions.chat.tasks.reference_loss.source: must be one of producers (it is 'nobody')"
    assert refusal(table_with(SIGNED, more='source = "nobody"')) == told


@pytest.mark.parametrize(
    ("body", "task", "told"),
    [
        (WEB, "reference_loss", "pair samples (producers gives text)"),
        (RUNS, "text_loss", "text samples (producers gives pair)"),
        (MADE, "text_loss", "text samples (producers gives choice, instruction, pair)"),
        (MADE + '\nprocedures = ["facts"]', "reference_loss", "pair samples (producers gives choice)"),
    ],
)
def test_a_source_that_cannot_give_what_a_task_scores_is_refused(body: str, task: str, told: str) -> None:
    where = f"competitions.chat.tasks.{task}.source"
    assert refusal(table_with(body, task=task)) == f"{where}: must be a source of {told}"


def test_a_task_draws_at_least_one_sample_of_each_producer_asked_for() -> None:
    assert refusal(table_with(SIGNED.replace("producers = 2", "producers = 65"))) == (
        "competitions.chat.tasks.reference_loss.samples: must be at least one for each of the 65 producers that "
        "producers asks for (it is 64)"
    )


def test_every_fault_of_a_table_is_told_at_once() -> None:
    body = SIGNED.replace("netuid = 2", "netuid = -1").replace("120", "0")
    assert refusal(table_with(body, task="reference_loss", more='source = "x"')).splitlines() == [
        "competitions.chat.tasks.reference_loss.source: must be one of producers (it is 'x')",
        f"{AT}.netuid: must be from 0 to 65535 (it is -1)",
        f"{AT}.max_age_blocks: must be at least 1 (it is 0)",
    ]


CANNED = f'{SIGNED}{SCREEN}phrases = "canned"'


def test_a_screen_names_a_list_of_phrases_of_the_table() -> None:
    spec = source(CANNED, phrases=PHRASES)
    assert isinstance(spec, SignedBatchesSpec)
    assert spec.screen == Screen(phrases=PhraseList("the subnet", 3, ("as an AI", "I cannot")))


@pytest.mark.parametrize(
    ("phrases", "named", "told"),
    [
        ("", '"canned"', "it has none (it is 'canned')"),
        (PHRASES, '"tinned"', "it has canned (it is 'tinned')"),
        (PHRASES, '["as an AI"]', "it has canned (it is ['as an AI'])"),
    ],
    ids=["no list", "another", "the phrases themselves"],
)
def test_a_list_that_the_table_does_not_have_is_refused(phrases: str, named: str, told: str) -> None:
    text = table_with(CANNED.replace('"canned"', named), phrases=phrases)
    assert refusal(text) == f"{AT}.screen.phrases: must name a list of the table, [phrases.NAME]; {told}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"as an AI"', '" "', "phrases.canned.phrases: must be phrases, none empty (it is [' ', 'I cannot'])"),
        ('["as an AI", "I cannot"]', "[]", "phrases.canned.phrases: must be phrases, none empty (it is [])"),
        ('phrases = ["as an AI", "I cannot"]', "", "phrases.canned.phrases: field required"),
        (
            '["as an AI", "I cannot"]',
            '"as an AI"',
            "phrases.canned.phrases: input should be a valid tuple (it is 'as an AI')",
        ),
        ('["as an AI", "I cannot"]', "3", "phrases.canned.phrases: input should be a valid tuple (it is 3)"),
        ('owner = "the subnet"', "", "phrases.canned.owner: field required"),
        ("version = 3", 'version = "new"', "phrases.canned.version: input should be a valid integer, "),
        ("version = 3", "versoin = 3", "phrases.canned.versoin: unknown field; known are owner, phrases, version"),
        (
            PHRASES,
            "[phrases]\ncanned = 3\n",
            "phrases.canned: input should be a dictionary or an instance of phraselist (it is 3)",
        ),
    ],
)
def test_a_list_of_phrases_that_is_none_is_refused(old: str, new: str, told: str) -> None:
    assert refusal(table_with(CANNED, phrases=PHRASES.replace(old, new))).startswith(told)


def test_phrases_that_are_no_sections_are_refused() -> None:
    assert refusal("phrases = 3\n" + TABLE) == "phrases: give a section for each list, [phrases.NAME] (it is 3)"


DIFFERENT = {
    "netuid": SIGNED.replace("netuid = 2", "netuid = 3"),
    "min_stake": SIGNED.replace("1_000.0", "1_001.0"),
    "min_producers": SIGNED.replace("producers = 2", "producers = 3"),
    "max_age_blocks": SIGNED.replace("120", "121"),
    "patience_blocks": f"{SIGNED}\npatience_blocks = 101",
    "max_bytes": f"{SIGNED}{SCREEN}max_bytes = 20_001",
    "language": f'{SIGNED}{SCREEN}language = "en"',
    "near_duplicate": f"{SIGNED}{SCREEN}near_duplicate = 0.81",
    "phrases": CANNED,
    "feed": FEED,
    "mirrors": FEED.replace("three", "four"),
    "quorum": FEED.replace("quorum = 2", "quorum = 3"),
    "period_blocks": FEED.replace("360", "361"),
    "wandb": RUNS,
    "entity": RUNS.replace("opentensor", "other"),
    "project": RUNS.replace('"runs"', '"other"'),
    "base_url": f'{RUNS}\nbase_url = "https://wandb.example"',
    "hotkey_key": f'{RUNS}\nhotkey_key = "HOTKEY"',
    "signature_key": f'{RUNS}\nsignature_key = "SIGNATURE"',
    "prompt_key": f'{RUNS}\nprompt_key = "question"',
    "reference_key": f'{RUNS}\nreference_key = "answer"',
    "generated": MADE,
    "procedures": MADE + '\nprocedures = ["brackets"]',
}
DIFFERENT_TEXT = {
    "web": WEB,
    "repo": WEB.replace("web", "text"),
    "revision": WEB.replace("c" * 40, "d" * 40),
    "path": f'{WEB}\npath = "data"',
    "column": f'{WEB}\ncolumn = "body"',
    "row_groups": f"{WEB}\nrow_groups = 5",
    "max_bytes": f"{WEB}{SCREEN}max_bytes = 20_001",
}


def test_every_field_of_a_source_is_in_the_fingerprint() -> None:
    tables = [table_with(body, phrases=PHRASES) for body in (SIGNED, *DIFFERENT.values())]
    tables += [table_with(body, task="text_loss", phrases=PHRASES) for body in DIFFERENT_TEXT.values()]
    tables.append(table_with(SIGNED, phrases=PHRASES).replace("sources.producers", "sources.people"))
    assert len({parse(text).fingerprint for text in tables}) == len(tables)


def test_a_list_of_phrases_is_in_the_fingerprint_where_a_source_uses_it() -> None:
    changes = [PHRASES, *(PHRASES.replace(*change) for change in (("3", "4"), ("subnet", "owner"), ("I cannot", "No")))]
    assert len({parse(table_with(CANNED, phrases=phrases)).fingerprint for phrases in changes}) == 4
    assert len({parse(table_with(SIGNED, phrases=phrases)).fingerprint for phrases in ("", *changes)}) == 1


def test_sources_are_named_sources_in_the_tables_order() -> None:
    competition = parse(table_with(SIGNED, MADE, more='source = "second"')).competitions[0]
    assert competition.sources == (
        NamedSource("producers", source(SIGNED)),
        NamedSource("second", GeneratedSpec(kind="generated")),
    )
    assert competition.source("second") == GeneratedSpec(kind="generated")
