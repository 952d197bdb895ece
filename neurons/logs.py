"""How a neuron's process logs: colours and times on a terminal, plain lines elsewhere. Called once, by a command."""

import logging
import sys

from rich.console import Console
from rich.logging import RichHandler

_CHATTY = ("httpx", "httpx2", "httpcore", "urllib3", "bittensor", "alembic", "openai")
"""Libraries that would tell of every request."""


def configure(*, verbose: bool = False) -> None:
    """Log to stderr; `verbose` adds what is only of use in a search for a fault."""
    level = logging.DEBUG if verbose else logging.INFO
    if sys.stderr.isatty():
        handler: logging.Handler = RichHandler(console=Console(stderr=True), show_path=False)
        shape = "%(threadName)-8s %(message)s"
    else:
        handler = logging.StreamHandler()
        shape = "%(asctime)s %(levelname)-7s %(threadName)-8s %(message)s"
    logging.basicConfig(level=level, format=shape, handlers=[handler])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
