"""Taking a submission's files in: the one way from a pinned revision on the Hub to a clean directory in the cache."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chain.types import BlockCount
from competitions.records import Submission
from competitions.spec import Competition
from hub.port import Hub, HubError
from hub.unfinished import Unfinished
from models.apart import vet_apart
from models.bases import BaseDamaged, BaseError, BaseRef, BaseWithoutRoom, sketch_base
from models.cache import ModelCache
from models.intake import BringBase, Vetting, bring_base, take_in
from models.ref import HashedRef, ModelRef
from models.rejections import Rejection
from models.room import NoRoom
from models.sketch import Encoded
from models.vetting import Vetted

log = logging.getLogger(__name__)

PATIENCE = 8
"""Failed attempts at files that are due after which a round goes on without them; they stay due for later rounds."""

_MORE_ROOM = "free some of the disk, or let the cache have more of it (CRUCIBLE_CACHE_GB)"
_SHORTEST_PAUSE = BlockCount(2)
_LONGEST_PAUSE = BlockCount(64)


@dataclass(frozen=True, slots=True)
class Unfetched:
    """Our fault or the Hub's: the files are due again and the miner pays nothing."""

    cause: str


@dataclass(frozen=True, slots=True)
class Intake:
    """A Hub to fetch from, and a cache to keep what passed."""

    hub: Hub
    cache: ModelCache
    unfinished: Unfinished | None = None
    """Where the Hub's downloads that were cut short wait, if it keeps any."""
    vetting: Vetting = vet_apart
    """What looks at a stranger's files; in a process of its own, unless they are nobody's."""

    def take_in(self, submission: Submission, competition: Competition) -> Vetted | Rejection | Unfetched:
        """Fetch and vet one submission, cached or not: who knows a digest need not have the model to show for it."""
        ref = _pointer(submission)
        try:
            base = self._base(competition)
            taken = take_in(self.hub, ref, submission.hotkey, competition.limits, self.cache, self.vetting, base)
        except (HubError, OSError) as error:
            return Unfetched(f"{type(error).__name__}: {error}")
        except BaseError as error:
            return self._without_base(error, competition)
        except Exception as error:  # a stranger's files met a defect of ours, which must cost nobody else their turn
            log.exception("taking in %s@%s failed", submission.repo, submission.revision)
            return Unfetched(f"{type(error).__name__}: {error}")
        return self._put_off(f"{submission.repo}@{submission.revision}", taken) if isinstance(taken, NoRoom) else taken

    def base_sketch(self, competition: Competition, base: BaseRef) -> Encoded | Unfetched:
        """The sketch of a competition's base, which is fetched where it is not here."""
        try:
            return sketch_base(bring_base(self.hub, base, self.cache, self.vetting))
        except Exception as error:  # noqa: BLE001 - whatever it is, models that are no adapters have their turn
            return self._without_base(error, competition)

    @contextmanager
    def lending(self, submission: Submission, competition: Competition) -> Iterator[Path | Rejection | Unfetched]:
        """Lend a submission's clean directory, which stays while the block runs; or say why it is not to be had.

        What was lost or damaged on disk since it was accepted is fetched again first.
        """
        if submission.digest is not None:
            with self.cache.using(submission.digest) as model:
                if model is not None:
                    yield model
                    return
            log.warning("%s@%s is not here whole; it is fetched again", submission.repo, submission.revision)
        taken = self.take_in(submission, competition)
        if not isinstance(taken, Vetted):
            yield taken
            return
        with self.cache.using(taken.digest) as model:
            yield model or Unfetched(f"the files of {taken.digest} were lost as soon as they came; check the disk")

    def _base(self, competition: Competition) -> BringBase | None:
        if competition.base is None:
            return None
        return partial(bring_base, self.hub, competition.base, self.cache, self.vetting)

    def _without_base(self, error: Exception, competition: Competition) -> Unfetched:
        """What is said, and done, where a competition's base is not to be had: nobody submitted it."""
        if isinstance(error, BaseWithoutRoom):
            return self._put_off(f"the base of {competition.name}", error.lacking)
        log.error("the base of %s is not to be had, so no adapter of it is taken in: %s", competition.name, error)
        if isinstance(error, BaseDamaged) and competition.base is not None:
            self.cache.is_damaged(competition.base.digest)  # it then leaves, and is fetched anew
        return Unfetched(f"{type(error).__name__}: {error}")

    def _put_off(self, what: str, lacking: NoRoom) -> Unfetched:
        log.warning("%s is put off: %s; %s", what, lacking, _MORE_ROOM)
        if self.unfinished is not None:  # they wait on the same disk, perhaps for room that they themselves take
            self.unfinished.drop()
        return Unfetched(f"{lacking}; {_MORE_ROOM}")


def _pointer(submission: Submission) -> ModelRef | HashedRef:
    """What the files are held against: their digest, or while nobody knows it what the line in clear tells of it."""
    named = submission.competition, submission.repo, submission.revision
    if submission.digest is not None:
        return ModelRef(*named, submission.digest)
    return HashedRef(*named, submission.secure_hash or "")


def pause(failures: int) -> BlockCount:
    """Blocks until the next attempt after so many failed ones: doubling, and bounded."""
    return BlockCount(min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(failures, 10)))
