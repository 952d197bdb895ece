"""A secret of a neuron's own, made once and kept in its folder."""

import os
import secrets
from pathlib import Path

_BYTES = 32


def kept_secret(file: Path) -> str:
    """The secret in a file (64 hex digits), which is made, for its owner's eyes alone, where there is none.

    Raises OSError where it cannot be read or made, and ValueError where something else stands in the file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _checked(file)
    made = secrets.token_hex(_BYTES)
    with os.fdopen(handle, "w", encoding="ascii") as new:
        new.write(made)
    return made


def _checked(file: Path) -> str:
    text = file.read_text(encoding="ascii")
    if len(text) != 2 * _BYTES or not set(text) <= set("0123456789abcdef"):
        raise ValueError(f"{file} holds no secret of {_BYTES} bytes in hex: remove it, and a new one is made")
    return text
