"""The columns of a sample's line, with and without its signature, in the order in which they are written. Knows no
meaning: what may stand in a column is the sample's to say.
"""

import msgspec


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A sample's columns, sorted; encoding them is the canonical form."""

    anchor_block: int
    anchor_hash: str
    answer: int
    choices: tuple[str, ...]
    created_at: str
    kind: str
    netuid: int
    producer: str
    prompt: str
    reference: str
    rules: tuple[str, ...]
    source: str
    text: str
    version: str


class SignedColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The same with the signature in its place."""

    anchor_block: int
    anchor_hash: str
    answer: int
    choices: tuple[str, ...]
    created_at: str
    kind: str
    netuid: int
    producer: str
    prompt: str
    reference: str
    rules: tuple[str, ...]
    signature: str
    source: str
    text: str
    version: str
