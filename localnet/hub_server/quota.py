"""How many bytes a user may keep at the local Hub. It is told what is kept, and knows neither users nor files."""

from dataclasses import dataclass


class QuotaExceeded(Exception):
    """Keeping this as well would take a user over the limit."""


@dataclass(slots=True)
class Allowance:
    """What one request may add: `limit` bytes in all (None: any number), and sha256 → bytes of what counts already.

    A file counts once however often it is used. Requests at the same time may each take what is left."""

    limit: int | None
    kept: dict[str, int]

    def take(self, sha256: str, size: int) -> None:
        """Count a file. Raises QuotaExceeded, and then counts nothing."""
        if self.limit is None or sha256 in self.kept:
            return
        total = sum(self.kept.values()) + size
        if total > self.limit:
            raise QuotaExceeded(
                f"Storage limit reached: {total} bytes with this file, allowed are {self.limit}; delete repositories"
            )
        self.kept[sha256] = size
