"""Strangers' bytes for a terminal, which obeys some of them. Knows no chain."""


def printable(data: bytes) -> str:
    """The text, where the bytes are text of one line without control characters; else 0x-hex, which loses nothing."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "0x" + data.hex()
    return text if text.isprintable() else "0x" + data.hex()
