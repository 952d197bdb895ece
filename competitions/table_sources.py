"""The table's sources: read by kind, with the phrase lists they name, and checked."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from competitions.spec import Competition
from competitions.toml_records import TableError, built
from evaluation.sources.spec import (
    SPECS,
    FeedSpec,
    GeneratedSpec,
    HubTextSpec,
    NamedSource,
    PhraseList,
    Produced,
    Screen,
    SourceSpec,
    WandbRunsSpec,
    kinds_of,
)
from evaluation.tasks.spec import KIND_OF_TASK, TaskSpec

Checks = Iterator[tuple[bool, str, object, str]]
"""Whether a value is good, its field, the value, and what it must be."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
_REVISION = re.compile(r"[0-9a-f]{40}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_WANDB_NAME = re.compile(r"[^/\\#?%:]{1,128}")


def phrase_lists(data: Any) -> dict[str, PhraseList]:
    """The table's lists of undesirable phrases by name. Raises TableError."""
    if not isinstance(data, Mapping):
        raise TableError(f"phrases: give a section for each list, [phrases.NAME] (it is {data!r})")
    lists: dict[str, PhraseList] = {}
    for name, body in data.items():
        where = f"phrases.{name}"
        lists[name] = built(_tupled(body) if isinstance(body, Mapping) else body, PhraseList, where)
        if not lists[name].phrases or not all(phrase.strip() for phrase in lists[name].phrases):
            raise TableError(f"{where}.phrases: must be phrases, none empty (it is {list(lists[name].phrases)})")
    return lists


def with_sources(body: Mapping[str, Any], lists: Mapping[str, PhraseList], where: str) -> dict[str, Any]:
    """A competition's values with its sources as records; tasks that name none take the only one. Raises TableError."""
    given = body.get("sources", {})
    if not isinstance(given, Mapping):
        raise TableError(f"{where}.sources: give a section for each source, [{where}.sources.NAME]")
    sources = tuple(
        NamedSource(name, _spec(values, lists, f"{where}.sources.{name}")) for name, values in given.items()
    )
    shaped = {**body, "sources": sources}
    if len(sources) == 1 and isinstance(body.get("tasks"), list):
        shaped["tasks"] = [
            {"source": sources[0].name, **task} if isinstance(task, Mapping) else task for task in body["tasks"]
        ]
    return shaped


def source_faults(competition: Competition) -> list[str]:
    """What is wrong with a competition's sources, and with what its tasks ask of them."""
    where = f"competitions.{competition.name}"
    known = {source.name: source.spec for source in competition.sources}
    faults = [] if known else [f"{where}.sources: there is none; add a [{where}.sources.NAME] section"]
    for name, spec in known.items():
        checks = [(bool(_NAME.fullmatch(name)), "name", name, "a short lower-case name"), *_checks(spec)]
        faults += [
            f"{where}.sources.{name}.{field}: must be {rule} (it is {value})"
            for good, field, value, rule in checks
            if not good
        ]
    return faults + [fault for task in competition.tasks if (fault := _task_fault(task, known, f"{where}.tasks"))]


def _task_fault(task: TaskSpec, known: Mapping[str, SourceSpec], where: str) -> str | None:
    """Why a task cannot be given samples by any of the competition's sources."""
    where = f"{where}.{task.name}"
    if not known:
        return None
    if task.source not in known:
        return f"{where}.source: must be one of {', '.join(known)} (it is {task.source!r})"
    spec, kind = known[task.source], KIND_OF_TASK[task.name]
    if kind not in kinds_of(spec):
        able = ", ".join(sorted(kinds_of(spec)))
        return f"{where}.source: must be a source of {kind} samples ({task.source} gives {able})"
    if isinstance(spec, Produced) and task.samples < spec.min_producers:
        fewest = f"one for each of the {spec.min_producers} producers that {task.source} asks for"
        return f"{where}.samples: must be at least {fewest} (it is {task.samples})"
    return None


def _spec(values: Any, lists: Mapping[str, PhraseList], where: str) -> SourceSpec:
    kind = values.get("kind") if isinstance(values, Mapping) else values
    if not isinstance(values, Mapping) or not isinstance(kind, str) or kind not in SPECS:
        raise TableError(f"{where}.kind: must be one of {', '.join(sorted(SPECS))} (it is {kind!r})")
    shaped = _tupled(values)
    screen = shaped.get("screen")
    if isinstance(screen, Mapping) and "phrases" in screen:
        if not isinstance(screen["phrases"], str) or screen["phrases"] not in lists:
            raise TableError(
                f"{where}.screen.phrases: must name a list of the table, [phrases.NAME]; it has "
                f"{', '.join(lists) or 'none'} (it is {screen['phrases']!r})"
            )
        shaped["screen"] = {**screen, "phrases": lists[screen["phrases"]]}
    return built(shaped, SPECS[kind], where)


def _tupled(values: Mapping[str, Any]) -> dict[str, Any]:
    """TOML's lists as the tuples that records hold."""
    return {key: tuple(item) if isinstance(item, list) else item for key, item in values.items()}


def _checks(spec: SourceSpec) -> Checks:
    match spec:
        case FeedSpec():
            yield from _feed_checks(spec)
        case HubTextSpec():
            yield bool(_REVISION.fullmatch(spec.revision)), "revision", spec.revision, "a commit id of 40 hex digits"
            yield bool(_REPO.fullmatch(spec.repo)), "repo", spec.repo, "namespace/name"
            yield spec.row_groups > 0, "row_groups", spec.row_groups, "at least 1"
        case GeneratedSpec(procedures=procedures):
            distinct = bool(procedures) and len(set(procedures)) == len(procedures)
            yield distinct, "procedures", list(procedures), "at least one, each once"
        case WandbRunsSpec():
            named = bool(_WANDB_NAME.fullmatch(spec.entity) and _WANDB_NAME.fullmatch(spec.project))
            yield named, "project", f"{spec.entity}/{spec.project}", "a project with its entity, as wandb names them"
            yield _is_address(spec.base_url), "base_url", spec.base_url, "an https:// address"
            keys = [spec.hotkey_key, spec.signature_key]
            yield all(keys) and len(set(keys)) == 2, "signature_key", keys, "given, and not the hotkey's"
            columns = [spec.prompt_key, spec.reference_key]
            yield all(columns) and len(set(columns)) == 2, "reference_key", columns, "given, and not the prompt's"
    if isinstance(spec, Produced):
        yield 0 <= spec.netuid < 2**16, "netuid", spec.netuid, "from 0 to 65535"
        yield spec.max_age_blocks > 0, "max_age_blocks", spec.max_age_blocks, "at least 1"
        yield 0 <= spec.min_stake < math.inf, "min_stake", spec.min_stake, "at least 0, in TAO"
        yield spec.min_producers > 0, "min_producers", spec.min_producers, "at least 1"
        yield spec.patience_blocks >= 0, "patience_blocks", spec.patience_blocks, "at least 0"
    if not isinstance(spec, GeneratedSpec):
        yield from _screen_checks(spec.screen)


def _feed_checks(spec: FeedSpec) -> Checks:
    mirrors = list(spec.mirrors)
    yield len(set(mirrors)) == len(mirrors) and all(map(_is_address, mirrors)), "mirrors", mirrors, "https:// addresses"
    fits = len(mirrors) < 2 * spec.quorum <= 2 * len(mirrors)
    yield fits, "quorum", spec.quorum, f"more than half of the {len(mirrors)} mirrors, and no more than all"
    yield spec.period_blocks > 0, "period_blocks", spec.period_blocks, "at least 1"


def _is_address(text: str) -> bool:
    """Whether it is an HTTPS address; plain HTTP only on this machine, for tests and embedded networks."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def _screen_checks(screen: Screen) -> Checks:
    known = screen.language is None or bool(_LANGUAGE.fullmatch(screen.language))
    yield screen.max_bytes > 0, "screen.max_bytes", screen.max_bytes, "at least 1"
    yield known, "screen.language", screen.language, "an ISO 639 code such as en"
    near = screen.near_duplicate
    yield 0 < near <= 1, "screen.near_duplicate", near, "more than 0 and at most 1"
