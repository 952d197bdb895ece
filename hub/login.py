"""The token that the Hub's own login (`hf auth login`) left on this machine. It is read, never written or shown."""

from urllib.parse import urlsplit

from huggingface_hub import get_token

OFFICIAL_HOST = "huggingface.co"


def stored_token(endpoint: str) -> str | None:
    """Return the token of the Hub's own login, or None. It is for the official Hub, and no other endpoint is told."""
    return get_token() if urlsplit(endpoint).hostname == OFFICIAL_HOST else None
