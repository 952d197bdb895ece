"""The table's sources: read by kind, with the phrase lists they name, and checked."""

import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from competitions.spec import Competition
from competitions.table_checks import Checks, broken
from competitions.toml_records import Fault, FaultyTable, Place, built
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
from evaluation.tasks.spec import FEWEST_SAMPLES, KIND_OF_TASK, TaskSpec

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_REPO = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
_REVISION = re.compile(r"[0-9a-f]{40}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_WANDB_NAME = re.compile(r"[^/\\#?%:]{1,128}")


def phrase_lists(data: Any) -> tuple[dict[str, PhraseList], list[Fault]]:
    """The table's lists of undesirable phrases by name, those at fault as empty ones, and their faults."""
    if not isinstance(data, Mapping):
        return {}, [Fault(("phrases",), f"give a section for each list, [phrases.NAME] (it is {data!r})")]
    lists: dict[str, PhraseList] = {}
    faults: list[Fault] = []
    for name, body in data.items():
        place = ("phrases", name)
        try:
            lists[name] = built(_tupled(body) if isinstance(body, Mapping) else body, PhraseList, place)
        except FaultyTable as faulty:
            lists[name], faults = PhraseList("", 0, ()), [*faults, *faulty.faults]
            continue
        if not lists[name].phrases or not all(phrase.strip() for phrase in lists[name].phrases):
            told = f"must be phrases, none empty (it is {list(lists[name].phrases)})"
            faults.append(Fault((*place, "phrases"), told))
    return lists, faults


def shaped_competition(
    name: str, body: Mapping[str, Any], lists: Mapping[str, PhraseList]
) -> tuple[dict[str, Any], list[Fault]]:
    """A competition's values with its sources as records, and what is wrong with these; tasks that name none take the
    only one."""
    place, given, faults = ("competitions", name), body.get("sources", {}), []
    if "name" in body:
        faults.append(Fault((*place, "name"), f"must be left out: its section names it (it is {body['name']!r})"))
    if not isinstance(given, Mapping):
        told = f"give a section for each source, [competitions.{name}.sources.NAME]"
        faults.append(Fault((*place, "sources"), told))
        given = {}
    sources = []
    for source, values in given.items():
        try:
            sources.append(NamedSource(source, _spec(values, lists, (*place, "sources", source))))
        except FaultyTable as faulty:
            faults += faulty.faults
    shaped = {**body, "name": name, "sources": tuple(sources)}
    if len(given) == 1 and isinstance(body.get("tasks"), list):
        only = next(iter(given))
        shaped["tasks"] = [{"source": only, **task} if isinstance(task, Mapping) else task for task in body["tasks"]]
    return shaped, faults


def source_faults(competition: Competition) -> list[Fault]:
    """What is wrong with a competition's sources, and with what its tasks ask of them."""
    place = ("competitions", competition.name)
    known = {source.name: source.spec for source in competition.sources}
    if not known:
        told = f"there is none; add a [competitions.{competition.name}.sources.NAME] section"
        return [Fault((*place, "sources"), told)]
    faults = []
    for name, spec in known.items():
        checks = [(bool(_NAME.fullmatch(name)), "name", name, "a short lower-case name"), *_checks(spec)]
        faults += broken(checks, (*place, "sources", name))
    return faults + [fault for task in competition.tasks if (fault := _task_fault(task, known, place))]


def _task_fault(task: TaskSpec, known: Mapping[str, SourceSpec], place: Place) -> Fault | None:
    """Why a task cannot be given samples by any of the competition's sources."""
    place = (*place, "tasks", task.name)
    if task.source not in known:
        return Fault((*place, "source"), f"must be one of {', '.join(known)} (it is {task.source!r})")
    spec, kind = known[task.source], KIND_OF_TASK[task.name]
    if kind not in kinds_of(spec):
        able = ", ".join(sorted(kinds_of(spec)))
        return Fault((*place, "source"), f"must be a source of {kind} samples ({task.source} gives {able})")
    if isinstance(spec, Produced) and FEWEST_SAMPLES <= task.samples < spec.min_producers:
        fewest = f"one for each of the {spec.min_producers} producers that {task.source} asks for"
        return Fault((*place, "samples"), f"must be at least {fewest} (it is {task.samples})")
    return None


def _spec(values: Any, lists: Mapping[str, PhraseList], place: Place) -> SourceSpec:
    kind = values.get("kind") if isinstance(values, Mapping) else values
    if not isinstance(values, Mapping) or not isinstance(kind, str) or kind not in SPECS:
        told = f"must be one of {', '.join(sorted(SPECS))} (it is {kind!r})"
        raise FaultyTable([Fault((*place, "kind"), told)])
    shaped = _tupled(values)
    screen = shaped.get("screen")
    if isinstance(screen, Mapping) and "phrases" in screen:
        if not isinstance(screen["phrases"], str) or screen["phrases"] not in lists:
            has = ", ".join(lists) or "none"
            told = f"must name a list of the table, [phrases.NAME]; it has {has} (it is {screen['phrases']!r})"
            raise FaultyTable([Fault((*place, "screen", "phrases"), told)])
        shaped["screen"] = {**screen, "phrases": lists[screen["phrases"]]}
    return built(shaped, SPECS[kind], place)


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
