"""The parameters of one request, by position, as the types a method wants. Knows no method."""

from collections.abc import Sequence

from chain.embedded.rpc.errors import InvalidParams

_HASH_BYTES = 32
_MOST_NUMBER = 2**32 - 1


class Params:
    """Positions count from 0; what is left out reads as null. Every reading raises InvalidParams where it cannot be."""

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values

    def block_hash(self, position: int) -> bytes | None:
        """A block hash, or None where it is null: the head."""
        if self._at(position) is None:
            return None
        data = self.data(position)
        if len(data) != _HASH_BYTES:
            raise InvalidParams(f"parameter {position} has {len(data)} bytes, a block hash has {_HASH_BYTES}")
        return data

    def number(self, position: int) -> int | None:
        """An unsigned 32-bit number, or None where it is null; hex text is one too."""
        value = self._at(position)
        if value is None:
            return None
        if isinstance(value, str) and value.startswith("0x"):
            value = _hex_number(value, position)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_NUMBER:
            raise InvalidParams(f"parameter {position} is no number from 0 to {_MOST_NUMBER}")
        return value

    def text(self, position: int) -> str:
        """Text."""
        return _text(self._at(position), position)

    def data(self, position: int) -> bytes:
        """Bytes as hex, with or without 0x."""
        return _data(self._at(position), position)

    def optional_data(self, position: int) -> bytes | None:
        """Bytes as hex, or None where it is null."""
        return None if self._at(position) is None else self.data(position)

    def many_data(self, position: int) -> list[bytes]:
        """A list of bytes as hex."""
        values = self._at(position)
        if not isinstance(values, list):
            raise InvalidParams(f"parameter {position} is no list")
        return [_data(value, position) for value in values]

    def _at(self, position: int) -> object:
        return self._values[position] if position < len(self._values) else None


def _text(value: object, position: int) -> str:
    if not isinstance(value, str):
        raise InvalidParams(f"parameter {position} is no text")
    return value


def _data(value: object, position: int) -> bytes:
    try:
        return bytes.fromhex(_text(value, position).removeprefix("0x"))
    except ValueError:
        raise InvalidParams(f"parameter {position} is no hex") from None


def _hex_number(value: str, position: int) -> int:
    try:
        return int(value, 16)
    except ValueError:
        raise InvalidParams(f"parameter {position} is no hex") from None
