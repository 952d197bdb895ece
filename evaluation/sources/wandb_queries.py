"""The queries that list a hotkey's runs and find a run's newest step, and what is taken from their answers. Plain data;
knows no wandb.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from evaluation.sources.wandb_wire import ListedRun, ListRuns

_RUNS_A_PAGE = 20
_CLAIM = re.compile(r"[A-Za-z0-9_.-]{1,200}")
"""What an id, an address and a signature look like; no other text crosses to the parent."""

RUNS = """
query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int, $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, after: $cursor, first: $perPage, order: "+created_at") {
      edges { node { name config } cursor }
      pageInfo { hasNextPage }
    }
  }
}"""
LAST_STEP = """
query RunHistoryKeys($project: String!, $entity: String!, $name: String!) {
  project(name: $project, entityName: $entity) { run(name: $name) { historyKeys } }
}"""


def listing(order: ListRuns) -> dict[str, Any]:
    """The variables with which RUNS asks for the first page."""
    return {
        "project": order.project,
        "entity": order.entity,
        "perPage": _RUNS_A_PAGE,
        "filters": json.dumps(_filters(order)),
        "cursor": None,
    }


def _filters(order: ListRuns) -> dict[str, Any]:
    """Runs alive in the window whose config names the hotkey; wandb's documentation spells a config's key both ways."""
    key = f"config.{order.hotkey_key}"
    return {
        "createdAt": {"$lte": _iso(order.window.until)},
        "heartbeatAt": {"$gte": _iso(order.window.since)},
        "$or": [{key: order.hotkey}, {f"{key}.value": order.hotkey}],
    }


def listed_run(node: Mapping[str, Any], order: ListRuns) -> ListedRun:
    """A run and what it claims; a run that cannot be read claims nothing."""
    try:
        config = json.loads(node["config"])
        claims = [_claim(config[key]["value"]) for key in (order.hotkey_key, order.signature_key)]
    except (LookupError, RecursionError, TypeError, ValueError):
        claims = [None, None]
    return ListedRun(_claim(node["name"]), *claims)


def _claim(value: object) -> str | None:
    return value if isinstance(value, str) and _CLAIM.fullmatch(value) else None


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S")
