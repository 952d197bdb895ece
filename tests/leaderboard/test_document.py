"""The JSON document: strict, complete, and described by docs/leaderboard-json.md field by field."""

import json
import math
import re
from pathlib import Path
from typing import get_args

from pydantic import TypeAdapter
from starlette.testclient import TestClient

from chain.types import Block, Included
from competitions.records import Evidence, Flag, RoundOutcome, Standing
from evaluation.sources.drops import Drop
from evaluation.sources.held import Cause
from evaluation.sources.pool import Proof
from ledger import heartbeats, rounds, waits, weights
from ledger.board import Board, board
from ledger.database import Ledger, open_ledger
from tests.leaderboard.story import NOW
from tests.ledger.builders import AWAY, open_round, pool, submission

DOCS = Path(__file__).parents[2] / "docs" / "leaderboard-json.md"


def schema_fields() -> dict[str, list[str]]:
    schema = TypeAdapter(Board).json_schema()
    return {name: list(record["properties"]) for name, record in {"Board": schema, **schema["$defs"]}.items()}


def documented_fields() -> dict[str, list[str]]:
    _, *sections = re.split(r"^## ", DOCS.read_text(), flags=re.MULTILINE)
    named = (section.split("\n", 1) for section in sections)
    return {name.strip(): re.findall(r"^\| `(\w+)` \|", body, flags=re.MULTILINE) for name, body in named}


def test_every_field_of_the_document_is_explained_and_nothing_else() -> None:
    assert documented_fields() == schema_fields()


def test_every_state_and_role_is_named_in_the_docs() -> None:
    schema = TypeAdapter(Board).json_schema()
    known = {
        value
        for record in schema["$defs"].values()
        for p in record["properties"].values()
        for value in p.get("enum", ())
    }
    assert {value for value in known if f"`{value}`" not in DOCS.read_text()} == set()


def test_every_cause_proof_and_rule_of_samples_is_named_in_the_docs() -> None:
    known = {*Cause, *Drop, *get_args(Proof)}
    assert {value for value in known if f"`{value}`" not in DOCS.read_text()} == set()


def test_bounds_that_the_docs_state_are_those_of_the_board() -> None:
    defaults = board.__kwdefaults__
    text = DOCS.read_text()
    assert f"the {defaults['submissions']} newest commitments" in text
    assert f"the {defaults['rounds']} newest rounds" in text
    assert f"the {defaults['trend']} newest closed rounds" in text


def test_the_document_is_the_board(client: TestClient, story: Path) -> None:
    ledger = open_ledger(story, read_only=True)
    answer = client.get("/api/board.json")
    assert answer.headers["content-type"] == "application/json"
    assert TypeAdapter(Board).validate_json(answer.text) == board(ledger)
    ledger.close()


def test_the_document_has_a_schema_of_its_own(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    assert set(described["paths"]) == {"/api/board.json"}
    assert set(described["components"]["schemas"]) == set(schema_fields())


def test_values_of_a_known_ledger_stay_where_readers_look_for_them(ledger: Ledger, client_of: TestClient) -> None:
    id_ = submission(ledger)
    rests_on = Evidence("close", 2, 128, 0.25, 0.5, 0.03, 0.015, Block(777), None)
    row = Standing(id_, 1, "copy", 2.5, -0.5, 0.01, "why", rests_on)
    flags = (Flag("cold1", -4.5),)
    rounds.close_round(ledger, open_round(ledger).id, RoundOutcome((row,), None, flags), Block(120))
    weights.record(ledger, weights.Attempt(Block(9), "print", {}), Included(Block(9), "0xabc"))
    heartbeats.beat(ledger, "watch", NOW, None, True, "")
    document = client_of.get("/api/board.json").json()
    assert document["contests"][0]["rounds"][0] == {
        "number": 0,
        "seed_block": 100,
        "state": "closed",
        "cause": None,
        "waits": [],
        "bundle_root": None,
        "near_duplicates": None,
        "samples": [],
        "closed_block": 120,
        "judged": 0,
        "standings": [
            {
                "place": 1,
                "model": {
                    "submission_id": 1,
                    "uid": None,
                    "hotkey": "hot1",
                    "repo": "user1/model",
                    "revision": "a" * 40,
                    "weight": None,
                },
                "role": "copy",
                "score": 2.5,
                "improvement": -0.5,
                "needed": 0.01,
                "why": "why",
                "evidence": {
                    "state": "close",
                    "rounds": 2,
                    "samples": 128,
                    "p": 0.25,
                    "rho": 0.5,
                    "enough": 0.03,
                    "hope": 0.015,
                    "wins_at": 777,
                    "rung": None,
                },
            }
        ],
        "flags": [{"maker": "cold1", "z": -4.5}],
    }
    assert document["sendings"][0]["answer"] == {"block": 9, "extrinsic": "0xabc"}
    assert document["loops"][0]["at"] == "2026-03-14T15:09:26Z"


def test_what_a_round_was_judged_on_stands_where_readers_look_for_it(ledger: Ledger, client_of: TestClient) -> None:
    given = pool({"hot1": 2}, {"window": 4})
    rounds.set_bundle(ledger, open_round(ledger).id, "root", {"questions": given}, 3)
    waits.hold(ledger, open_round(ledger, 1).id, AWAY, Block(151))
    waiting, drawn = client_of.get("/api/board.json").json()["contests"][0]["rounds"]
    assert waiting["waits"] == [
        {"cause": "unreachable", "detail": AWAY.detail, "times": 1, "since_block": 151, "last_block": 151}
    ]
    producer = {"hotkey": "hot1", "coldkey": "cold-hot1", "batch_root": given.producers[0].root}
    assert (drawn["near_duplicates"], drawn["samples"]) == (
        3,
        [
            {
                "source": "questions",
                "proof": "sample",
                "root": given.root,
                "samples": 2,
                "producers": [{**producer, "samples": 2, "fault": None}],
                "dropped": {"window": 4},
            }
        ],
    )


def test_a_score_that_is_no_number_is_null(ledger: Ledger, client_of: TestClient) -> None:
    row = Standing(submission(ledger), 1, "challenger", math.inf, None, None, "")
    rounds.close_round(ledger, open_round(ledger).id, RoundOutcome((row,), None), Block(120))
    document = json.loads(client_of.get("/api/board.json").text, parse_constant=lambda name: f"not JSON: {name}")
    assert document["contests"][0]["rounds"][0]["standings"][0]["score"] is None
