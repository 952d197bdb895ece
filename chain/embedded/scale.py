"""The few SCALE shapes handled byte for byte, because decoding `Vec<u8>` to text does not round-trip; and hex."""


def compact(number: int) -> bytes:
    """SCALE compact encoding of a number below 2**30, as every length is."""
    if number < 1 << 6:
        return bytes([number << 2])
    if number < 1 << 14:
        return (number << 2 | 1).to_bytes(2, "little")
    return (number << 2 | 2).to_bytes(4, "little")


def read_compact(data: bytes, offset: int = 0) -> tuple[int, int]:
    """A compact number below 2**30 and the offset behind it. Raises ValueError for anything else."""
    if offset >= len(data):
        raise ValueError(f"no compact number at byte {offset} of {len(data)}")
    mode = data[offset] & 3
    if mode == 3:
        raise ValueError(f"the compact number at byte {offset} is no length")
    end = offset + (1 << mode)
    if end > len(data):
        raise ValueError(f"the compact number at byte {offset} is cut off")
    return int.from_bytes(data[offset:end], "little") >> 2, end


def read_bytes(data: bytes, offset: int = 0) -> tuple[bytes, int]:
    """A `Vec<u8>` and the offset behind it. Raises ValueError when it is cut off."""
    length, start = read_compact(data, offset)
    if start + length > len(data):
        raise ValueError(f"{length} bytes announced at byte {offset}, {len(data) - start} there")
    return data[start : start + length], start + length


def vec(data: bytes) -> bytes:
    """A `Vec<u8>`."""
    return compact(len(data)) + data


def plain_bytes(value: str | bytes) -> bytes:
    """The bytes behind a decoded `Vec<u8>`, which the codec shows as text where it is UTF-8 and as 0x-hex where not.

    Text that itself reads 0x-hex is taken for text if those bytes would have been shown as text.
    """
    if isinstance(value, bytes):
        return value
    if value.startswith("0x"):
        try:
            data = bytes.fromhex(value[2:])
            data.decode()
        except UnicodeDecodeError:
            return data
        except ValueError:
            return value.encode()
    return value.encode()


def to_hex(data: bytes) -> str:
    """Bytes as 0x-hex."""
    return "0x" + data.hex()


def from_hex(value: bytes | str) -> bytes:
    """Bytes given as such or as hex, with or without its 0x."""
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
