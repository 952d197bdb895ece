"""The options that only neurons take; those that every command shares are `console.options`'."""

from pathlib import Path
from typing import Annotated

import typer

HubEndpoint = Annotated[str | None, typer.Option("--hub-endpoint", help="Address of the Hub; its token is HF_TOKEN.")]
TableName = Annotated[str | None, typer.Option("--table", help="Competition table: a shipped name or a file.")]
Home = Annotated[Path | None, typer.Option("--home", help="Folder for what a neuron keeps.")]
