"""Whose model is it: a digest, and a repository's revision, belong to the coldkey that committed them first. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from chain.types import Block, Coldkey, Hotkey
from competitions.records import Submission


@dataclass(frozen=True, slots=True)
class Claim:
    """The first commitment of a digest or of a (repository, revision)."""

    coldkey: Coldkey
    hotkey: Hotkey
    block: Block


def tie_break(seed: bytes, hotkey: Hotkey) -> bytes:
    """Order of commits in one block: lower sha256(seed ‖ hotkey) is senior."""
    return hashlib.sha256(seed + hotkey.encode()).digest()


class Ownership:
    """First claims over a set of submissions; the same whatever order they are given in."""

    def __init__(self, submissions: Iterable[Submission], seed: bytes) -> None:
        self._digests: dict[str, Claim] = {}
        self._revisions: dict[tuple[str, str], Claim] = {}
        for sub in sorted(submissions, key=lambda s: (s.commit_block, tie_break(seed, s.hotkey))):
            claim = Claim(sub.coldkey, sub.hotkey, sub.commit_block)
            if sub.digest is not None:
                self._digests.setdefault(sub.digest, claim)
            self._revisions.setdefault((sub.repo, sub.revision), claim)

    def copied_from(self, submission: Submission) -> Claim | None:
        """Another coldkey's claim that this submission repeats; None for an original or a move within a coldkey."""
        for claim in (self._of_digest(submission), self._revisions.get((submission.repo, submission.revision))):
            if claim is not None and claim.coldkey != submission.coldkey:
                return claim
        return None

    def owner(self, digest: str) -> Claim | None:
        """The first claim on a digest."""
        return self._digests.get(digest)

    def seniors(self, digest: str) -> tuple[str, ...]:
        """Digests claimed before this one, the most senior first; all of them where nobody claims it."""
        return tuple(takewhile(lambda other: other != digest, self._digests))

    def first_commit(self, submission: Submission) -> Block:
        """Commit block from which the digest's age runs, kept when a coldkey moves it to another of its hotkeys."""
        claim = self._of_digest(submission)
        return claim.block if claim else submission.commit_block

    def _of_digest(self, submission: Submission) -> Claim | None:
        """None too where nobody knows the digest yet."""
        return self._digests.get(submission.digest) if submission.digest is not None else None
