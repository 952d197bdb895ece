"""`crucible localnet hub`: serve a local Hub, add users, look at repositories, and decide who may read them."""

import json
from typing import Annotated, Literal

import typer
from rich.table import Table

from console.options import AsJson, app_for, say
from console.showing import show
from hub.gates import GateMode
from hub.port import InvalidName
from hub.repository import Repository
from localnet.hub_choice import Dataset, Folder, Home, folder_of, repository_of, store_of, user_of
from localnet.hub_server.accounts import InvalidUserName
from localnet.hub_server.faults import GRAMMAR, Faults, InvalidFault, parse_fault
from localnet.hub_server.server import PortInUse, serve
from localnet.hub_server.store import HubStore
from localnet.place import LocalnetError

app = app_for(
    "The local Hub: serve it, add users, open and gate repositories.",
    *(LocalnetError, InvalidName, InvalidUserName, InvalidFault, PortInUse),
)

Limit = Annotated[int | None, typer.Option("--bytes", help="The most a user may keep; unset: any number.", min=0)]
User = Annotated[str, typer.Argument(metavar="USER", help="One of the Hub's users.")]
Repo = Annotated[str, typer.Argument(metavar="REPO", help="A repository as namespace/name.")]


@app.command()
def run(
    home: Home = None,
    folder: Folder = None,
    port: Annotated[int, typer.Option(help="Port of 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", help=f"What goes wrong on purpose, may be repeated: {GRAMMAR}.")
    ] = None,
) -> None:
    """Serve the Hub until SIGTERM or Ctrl-C; its first line of output is its address."""
    planned = Faults([parse_fault(text) for text in fault or []])
    chosen = folder_of(home, folder, new=True)
    store_of(home, folder, new=True)
    serve(chosen, port=port, ready=typer.echo, faults=planned)


@app.command()
def user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The user's name, which is the namespace too.")],
    home: Home = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Add a user, or give one a further token; the token is shown this once."""
    token = store_of(home, folder, new=True).add_user(name)
    say({"user": name, "token": token}, as_json, lambda: token)


@app.command()
def users(home: Home = None, folder: Folder = None, as_json: AsJson = False) -> None:
    """List the users, what each keeps, and their quotas."""
    store = store_of(home, folder)
    rows = [
        {"user": name, "bytes": sum(store.kept(name).values()), "quota": store.accounts.quota(name)}
        for name in store.accounts.users()
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("user", "bytes", "quota")
    for row in rows:
        table.add_row(str(row["user"]), f"{row['bytes']:,}", "none" if row["quota"] is None else f"{row['quota']:,}")
    show(table)


@app.command()
def quota(
    name: User,
    limit: Limit = None,
    home: Home = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Limit how many bytes a user may keep; what is there already stays."""
    store = store_of(home, folder)
    store.accounts.set_quota(user_of(store, name), limit)
    allowed = "any number of bytes" if limit is None else f"{limit:,} bytes"
    say({"user": name, "quota": limit}, as_json, lambda: f"{name} may keep {allowed}")


@app.command()
def repos(home: Home = None, folder: Folder = None, as_json: AsJson = False) -> None:
    """List all repositories, private ones too, with their newest revision and who was let in."""
    store = store_of(home, folder)
    rows = [_row(store, repository) for repository in store.archive.repositories()]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("repository", "kind", "read by", "newest revision", "files", "bytes")
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("repo", "kind", "readers", "revision", "files", "bytes")))
    show(table)


@app.command()
def gate(
    repo: Repo,
    mode: Annotated[
        Literal["manual", "auto", "off"], typer.Argument(help="manual: you grant; auto: who asks is let in; off.")
    ] = "manual",
    dataset: Dataset = False,
    home: Home = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Let only those read a repository's files who are granted access; everybody may still list it."""
    store = store_of(home, folder)
    repository = repository_of(store, repo, dataset=dataset)
    chosen: GateMode | None = None if mode == "off" else mode
    store.archive.gates.set(repository, chosen)
    say({"repo": repo, "gated": chosen or False}, as_json, lambda: f"{repo} is read by {_readers(store, repository)}")


@app.command()
def grant(
    repo: Repo, name: User, dataset: Dataset = False, home: Home = None, folder: Folder = None, as_json: AsJson = False
) -> None:
    """Let a user read a gated repository's files."""
    store = store_of(home, folder)
    repository = _gated(store, repo, dataset=dataset)
    store.archive.gates.decide(repository, user_of(store, name), "accepted")
    say({"repo": repo, "user": name, "granted": True}, as_json, lambda: f"{name} may read {repo}")


@app.command()
def revoke(
    repo: Repo, name: User, dataset: Dataset = False, home: Home = None, folder: Folder = None, as_json: AsJson = False
) -> None:
    """Take a user's access to a gated repository back."""
    store = store_of(home, folder)
    repository = _gated(store, repo, dataset=dataset)
    store.archive.gates.decide(repository, user_of(store, name), "rejected")
    say({"repo": repo, "user": name, "granted": False}, as_json, lambda: f"{name} may no longer read {repo}")


def _gated(store: HubStore, repo: str, *, dataset: bool) -> Repository:
    repository = repository_of(store, repo, dataset=dataset)
    if store.archive.gates.mode(repository) is None:
        raise LocalnetError(f"{repo} is not gated: `crucible localnet hub gate {repo}` gates it")
    return repository


def _row(store: HubStore, repository: Repository) -> dict[str, object]:
    head = store.archive.revision(repository)
    files = {} if head is None else store.archive.entries(repository, head)
    return {
        "repo": repository.repo,
        "kind": repository.kind,
        "private": repository.private,
        "gated": store.archive.gates.mode(repository) or False,
        "readers": _readers(store, repository),
        "revision": None if head is None else head.oid,
        "files": len(files),
        "bytes": sum(entry.size for entry in files.values()),
    }


def _readers(store: HubStore, repository: Repository) -> str:
    """Who may read the files, in words."""
    if repository.private:
        return f"{repository.owner} alone"
    if store.archive.gates.mode(repository) is None:
        return "everybody"
    let_in = [request.user for request in store.archive.gates.requests(repository, "accepted")]
    return ", ".join([repository.owner, *let_in])
