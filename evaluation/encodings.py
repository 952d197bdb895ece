"""What tokenizers made of texts, kept from one model to the next: most models of a round share their tokenizer. Knows
no models, and takes no tokenizer for another.
"""

import hashlib
from array import array
from collections import OrderedDict

from evaluation.chat import Markup, Part
from evaluation.tokens import Ids, Tokenizer, encode
from models.rejections import Rejection

MAX_BYTES = 2**26
"""Memory that kept encodings may take: eight million ids, which is half a million for each of sixteen tokenizers."""
_ENTRY_BYTES = 500
"""What keeping one encoding takes beside its ids."""


class Encodings:
    """Encodings known to give back every byte, in at most `max_bytes`; those not asked for the longest go first.

    Only what was accepted is kept, and what is not kept is encoded anew: no answer depends on what was asked before.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, bool, bytes], array[int]] = OrderedDict()

    def ids(self, tokenizer: Tokenizer, tokenizer_id: str, part: Part) -> Ids | Rejection:
        """What `tokens.encode` gives; `tokenizer_id` stands for every byte that the tokenizer was made of."""
        is_ours, text = (True, part.text) if isinstance(part, Markup) else (False, part)
        key = (tokenizer_id, is_ours, hashlib.sha256(text.encode()).digest())
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return tuple(kept)
        ids = encode(tokenizer, part)
        if not isinstance(ids, Rejection):
            self._keep(key, array("q", ids))
        return ids

    def _keep(self, key: tuple[str, bool, bytes], ids: "array[int]") -> None:
        self._kept[key] = ids
        self._bytes += _size(ids)
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(ids: "array[int]") -> int:
    return len(ids) * ids.itemsize + _ENTRY_BYTES
