"""Which local Hub, and which repository there, a command means: a network's Hub, or one in any folder."""

import sqlite3
from pathlib import Path
from typing import Annotated

import typer

from hub.names import split_repo
from hub.port import RepoKind
from hub.repository import Repository
from localnet.hub_server.store import HubStore
from localnet.place import LocalnetError, default_place, place_at

Home = Annotated[Path | None, typer.Option("--home", help="The network's folder.")]
Folder = Annotated[Path | None, typer.Option("--folder", help="A Hub's folder, instead of the Hub of a network.")]
Dataset = Annotated[bool, typer.Option("--dataset", help="A dataset of that name, not the model.")]


def folder_of(home: Path | None, folder: Path | None, *, new: bool = False) -> Path:
    """The Hub's folder; a folder that is named need hold no Hub yet where it may be `new`. Raises LocalnetError."""
    if home is not None and folder is not None:
        raise LocalnetError(f"both --home {home} and --folder {folder} name a Hub: give one of them")
    if folder is None:
        place = place_at(home) if home else default_place()
        place.require()
        return place.hub
    chosen = folder.expanduser().absolute()
    if not new and not (chosen / "accounts.sqlite").is_file():
        raise LocalnetError(f"no Hub in {chosen}: begin one with `crucible localnet hub user NAME --folder {chosen}`")
    return chosen


def store_of(home: Path | None, folder: Path | None, *, new: bool = False) -> HubStore:
    """What the Hub keeps; a server may run on it meanwhile. Raises LocalnetError."""
    chosen = folder_of(home, folder, new=new)
    try:
        return HubStore(chosen)
    except (OSError, sqlite3.Error) as error:
        raise LocalnetError(f"{chosen} cannot be a Hub's folder ({error}): name another by --folder") from None


def repository_of(store: HubStore, repo: str, *, dataset: bool) -> Repository:
    """The repository of a name. Raises LocalnetError, InvalidName."""
    split_repo(repo)
    kind: RepoKind = "dataset" if dataset else "model"
    found = store.archive.find(repo, kind)
    if found is None:
        raise LocalnetError(f"no {kind} {repo} at this Hub: `crucible localnet hub repos` lists what there is")
    return found


def user_of(store: HubStore, name: str) -> str:
    """Somebody's name, checked. Raises LocalnetError for a stranger."""
    if not store.accounts.has(name):
        known = ", ".join(store.accounts.users()) or "nobody yet"
        raise LocalnetError(f"nobody is called {name!r} at this Hub; its users are {known}")
    return name
