"""What is answered where a round's samples cannot be had now."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """The round waits and is due again; no task is dropped or re-weighted for it.

    `lasting`: the chain and the Hub have answered everything and it is too little, so that no wait will change it.
    """

    cause: str
    lasting: bool = False
