"""Taking a submission's files in: the one way from a pinned revision on the Hub to a clean directory in the cache."""

from dataclasses import dataclass

from competitions.records import Submission
from competitions.spec import Competition
from hub.port import Hub, HubError
from models.cache import ModelCache
from models.intake import take_in
from models.ref import ModelRef
from models.rejections import Rejection
from models.vetting import Vetted


@dataclass(frozen=True, slots=True)
class Unfetched:
    """Our fault or the Hub's: the files are due again and the miner pays nothing."""

    cause: str


@dataclass(frozen=True, slots=True)
class Intake:
    """A Hub to fetch from and a cache to keep what passed."""

    hub: Hub
    cache: ModelCache

    def take_in(self, submission: Submission, competition: Competition) -> Vetted | Rejection | Unfetched:
        """Fetch and vet one submission; what is in the cache already is not fetched again."""
        ref = ModelRef(submission.competition, submission.repo, submission.revision, submission.digest)
        try:
            return take_in(self.hub, ref, competition.limits, self.cache)
        except (HubError, OSError) as error:
            return Unfetched(f"{type(error).__name__}: {error}")
