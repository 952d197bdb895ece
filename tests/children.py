"""The processes that a test run has started: other tests' may be alive beside one's own."""

import psutil


def running(module: str) -> list[psutil.Process]:
    """Children of this process that run `python -m MODULE` and have not ended."""
    return [child for child in psutil.Process().children(recursive=True) if module in _command(child)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # or ended, and not yet waited for
        return []
