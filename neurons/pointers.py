"""From what a commitment says to what it is: a submission, a withdrawal, a refusal with its reason, or nothing.

Whatever strangers wrote, each text is read once and none stops the others.
"""

from competitions import notes
from competitions.announcements import is_announcement
from ledger import clear_texts, submissions
from ledger.clear_texts import ClearText
from ledger.database import Ledger
from models.ref import Foreign, Malformed, Marker, Withdrawal, decode_clear, decode_sealed
from models.rejections import Reason, Rejection

_NO_POINTERS = (notes.CLEAR,)
"""Clear fields beside which something else than a pointer is sealed."""

_SEVERAL = "the commitment holds more than one pointer, sealed or in clear: commit one at a time"


def read_pointers(ledger: Ledger) -> int:
    """Read every clear field and every opened text that nobody has read; how many became submissions.

    A pointer to a competition that no table has yet is a submission too, and none that anybody judges: validators that
    come to a new table at different times must know the same.
    Clear fields first: what is refused for its clear field stays refused when its seal opens.
    """
    clear = clear_texts.unread(ledger)
    found = sum(_read_clear(ledger, text) for text in clear)
    if clear:
        clear_texts.mark_read(ledger, clear[-1].commitment_id)
    return found + sum(_read_opened(ledger, opened) for opened in submissions.undecoded(ledger, _NO_POINTERS))


def is_all_read(ledger: Ledger) -> bool:
    """Whether every pointer that is recorded was read: between the two a validator may be killed, or be judging."""
    return not clear_texts.unread(ledger) and not submissions.undecoded(ledger, _NO_POINTERS)


def _read_clear(ledger: Ledger, text: ClearText) -> bool:
    if is_announcement(text.text) or notes.is_notes(text.text):  # ours, and no pointer
        return False
    said = decode_clear(text.text)
    if isinstance(said, Foreign) or (isinstance(said, Marker) and not text.surplus):
        return False
    if isinstance(said, Malformed):
        return _refuse(ledger, text.commitment_id, Reason.POINTER, said.reason)
    if text.sealed or text.surplus or isinstance(said, Marker):
        return _refuse(ledger, text.commitment_id, Reason.POINTER, _SEVERAL)
    if isinstance(said, Withdrawal):
        clear_texts.withdraw(ledger, text.commitment_id)
        return False
    submissions.add_hashed(ledger, text.commitment_id, said.competition, said.repo, said.revision, said.secure_hash)
    return True


def _read_opened(ledger: Ledger, opened: submissions.OpenedCommitment) -> bool:
    if opened.surplus or opened.texts != 1:
        return _refuse(ledger, opened.commitment_id, Reason.POINTER, _SEVERAL)
    ref = decode_sealed(opened.data, opened.hotkey)
    if isinstance(ref, Malformed):
        return _refuse(ledger, opened.commitment_id, Reason.POINTER, ref.reason)
    submissions.add(ledger, opened.commitment_id, ref.competition, ref.repo, ref.revision, ref.digest)
    return True


def _refuse(ledger: Ledger, commitment_id: int, reason: Reason, detail: str) -> bool:
    submissions.refuse(ledger, commitment_id, Rejection(reason, detail))
    return False
