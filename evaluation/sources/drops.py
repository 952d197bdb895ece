"""Why samples, or whole batches of them, are left out of a round."""

from enum import StrEnum


class Drop(StrEnum):
    """Why a sample, or all that a hotkey committed, was left out; each is counted under the first rule it breaks, in
    this order."""

    UNREGISTERED = "unregistered"
    """A batch: its hotkey is not registered on the producing subnet at the seed block."""
    NO_PERMIT = "no_permit"
    """A batch: its hotkey has no permit there."""
    LOW_STAKE = "low_stake"
    """A batch: its hotkey has less stake than the source asks for."""
    FAULTY = "faulty"
    """A batch: it is not the one that was committed, too long, or nowhere to be found; its producer says why."""
    MALFORMED = "malformed"
    """The line is no sample."""
    PRODUCER = "producer"
    """It names another hotkey than the one that committed it, or another subnet than the source's."""
    WINDOW = "window"
    """Its anchor block is outside the round's window: too old, not yet made, or not later than a commit judged."""
    LENGTH = "length"
    """A text of it is longer than the source allows."""
    PHRASE = "phrase"
    """It holds an undesirable phrase."""
    ANCHOR = "anchor"
    """Its anchor hash is not the chain's hash of its anchor block."""
    SIGNATURE = "signature"
    """Its producer did not sign it; or a run: the hotkey that its config names did not sign its id."""
    LANGUAGE = "language"
    """It is recognised as another language than the table asks for."""
    DUPLICATE = "duplicate"
    """The same content is in the pool already."""
    NEAR_DUPLICATE = "near_duplicate"
    """Nearly the same content was drawn for the same task already."""
