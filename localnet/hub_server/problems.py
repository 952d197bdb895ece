"""What the local Hub answers when it cannot do what was asked, in the words and headers the real one uses.

The client decides by the header `X-Error-Code` what went wrong. A hidden repository answers like a missing one.
"""

from collections.abc import Mapping

from starlette.responses import JSONResponse


class Problem(Exception):
    """An answer other than success: HTTP status, a message for people, and the Hub's code for clients if it has one."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: str,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}
        self.extra = extra

    def response(self) -> JSONResponse:
        """Return the HTTP answer."""
        # a name that the caller chose may hold line ends, which would end the header
        headers = {**self.headers, "X-Error-Message": "".join(c if " " <= c <= "~" else "?" for c in self.message)}
        if self.code is not None:
            headers["X-Error-Code"] = self.code
        return JSONResponse({"error": self.message, **self.extra}, self.status, headers)


def bad_token() -> Problem:
    """The Authorization header names no user; the client knows this very sentence."""
    return Problem(401, "Invalid credentials in Authorization header")


def hidden(user: str | None) -> Problem:
    """No such repository, or one this caller may not know of: 401 for visitors, 404 for users."""
    return Problem(401 if user is None else 404, "Repository not found", "RepoNotFound")


def gated(repo: str, user: str | None) -> Problem:
    """Everybody may know of the repository, but the caller was not let in."""
    remedy = "sign in and ask for access" if user is None else "ask its owner for access"
    return Problem(401 if user is None else 403, f"Access to {repo} is restricted; {remedy}", "GatedRepo")


def no_revision(name: str) -> Problem:
    """The repository has no such revision."""
    return Problem(404, f"Invalid rev id: {name}", "RevisionNotFound")


def no_entry(path: str) -> Problem:
    """The revision holds no such file or folder."""
    return Problem(404, f"Entry not found: {path}", "EntryNotFound")


def forbidden(message: str) -> Problem:
    """The caller may see the repository but not change it."""
    return Problem(403, message)
