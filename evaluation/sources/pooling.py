"""From the samples that keep a source's rules to the round's pool: each content once, enough producers, all counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from evaluation.sources.filters import Rules, without_duplicates
from evaluation.sources.held import Cause, Held
from evaluation.sources.pool import Pool, Producer, Proof
from evaluation.sources.sample import Sample
from evaluation.sources.spec import Produced


def pooled(
    spec: Produced,
    rules: Rules,
    samples: Iterable[Sample],
    producers: Sequence[Producer],
    counts: Counter[str],
    proof: Proof = "sample",
) -> Pool | Held:
    """The pool without duplicates; held where fewer than `min_producers` coldkeys are left in it. Raises ChainError.

    Of equal contents the salt decides which stays: the seed block's hash, which nobody who signs can know.
    """
    owners = {one.hotkey: one.coldkey for one in producers}
    distinct = without_duplicates(samples, owners, bytes.fromhex(rules.hash_of(rules.until).removeprefix("0x")))
    made = Counter(sample.producer for sample in distinct.samples)
    members = tuple(replace(one, samples=made[one.hotkey]) for one in producers)
    every = counts + Counter[str](distinct.dropped)
    dropped = {str(rule): number for rule, number in sorted(every.items())}
    having = {one.coldkey for one in members if one.samples}
    if len(having) < spec.min_producers:
        return Held(Cause.TOO_FEW, _too_few(len(having), spec.min_producers, members, dropped))
    return Pool(distinct.samples, members, dropped, proof, spec.min_producers, spec.screen.near_duplicate)


def _too_few(having: int, needed: int, members: Sequence[Producer], dropped: dict[str, int]) -> str:
    losses = ", ".join(f"{number} {rule}" for rule, number in dropped.items()) or "nothing"
    faults = "".join(f"; {one.hotkey}: {one.fault}" for one in members if one.fault)
    return (
        f"{having} producers with usable samples, {needed} needed; dropped: {losses}; {len(members)} had committed "
        f"some{faults}"
    )
