"""Everything a neuron takes from its environment, read once. Options of the command line override it field by field."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from neurons.errors import SettingsError

WEIGHTS_VERSION = 1
"""Version key of the weights made here: it rises with every change of who is paid what, so that a subnet's owner can
refuse those made by older rules."""


class Settings(BaseSettings):
    """Environment variables start with CRUCIBLE_; the Hub's own HF_ENDPOINT and HF_TOKEN are honoured as well."""

    model_config = SettingsConfigDict(env_prefix="CRUCIBLE_", frozen=True, populate_by_name=True, extra="ignore")

    network: str = "finney"
    """Name of a network, ws:// addresses of nodes of one chain with commas between, or an embedded chain's file."""
    archive: str | None = None
    """ws:// addresses of archive nodes, asked for blocks whose state the others have dropped; names bring their own."""
    chain_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds a node has for one answer before the next endpoint is asked."""
    netuid: int | None = Field(default=None, ge=0, le=65535)
    """The subnet on which the neuron acts."""
    wallet_name: str = "default"
    """The wallet (coldkey) whose hotkey signs."""
    wallet_hotkey: str = "default"
    """The wallet's hotkey."""
    wallet_path: Path | None = None
    """Folder of wallets; unset means the SDK's own."""
    hub_endpoint: str = Field(
        default="https://huggingface.co", validation_alias=AliasChoices("CRUCIBLE_HUB_ENDPOINT", "HF_ENDPOINT")
    )
    """Address of the Hub that keeps models and samples."""
    hub_token: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("CRUCIBLE_HUB_TOKEN", "HF_TOKEN"), repr=False
    )
    """The Hub's access token; a secret, so it comes from the environment alone."""
    hub_mb_per_s: float | None = Field(default=None, gt=0)
    """Megabytes a second that downloads from the Hub may take in all; unset means as fast as it goes."""
    table: str | None = None
    """The competition table: a shipped one's name or a file's path; it decides who is paid, so none is a default."""
    home: Path = Path("~/.crucible")
    """Folder for what a neuron keeps: journals, caches, the ledger."""

    def token(self) -> str | None:
        """The Hub's token in clear, None where there is none."""
        return self.hub_token.get_secret_value() if self.hub_token and self.hub_token.get_secret_value() else None

    def folder(self) -> Path:
        """`home` with ~ expanded."""
        return self.home.expanduser()

    def downloads(self) -> Path:
        """Where downloads that were cut short wait."""
        return self.folder() / "downloads"


class ValidatorSettings(Settings):
    """What only a validator asks."""

    ledger: str | None = None
    """Path or SQLAlchemy URL of the ledger; unset means ledger.sqlite in `home`."""
    executor: Literal["local", "ray"] = "local"
    """Who judges: worker processes on this machine, or on the machines of a Ray cluster."""
    devices: str = "cpu"
    """Where models are judged, one worker on each: cpu, cuda or cuda:N, several with commas between."""
    ray_address: str | None = None
    """Address of the Ray cluster's head, such as 10.0.0.1:6379; unset means one of this machine alone."""
    ray_workers: int | None = Field(default=None, ge=1)
    """Models judged at a time on a Ray cluster; unset means as many as it has room for."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Weights' dtype while judging; losses are float32 whatever it is. float16 would overflow on honest models."""
    threads: int = Field(default=1, ge=1)
    """CPU threads of the judging worker; more than one pays only for models of billions of parameters."""
    wandb: Literal["offline", "online", "disabled"] = "offline"
    """Where results are logged besides the ledger: a local folder, wandb's service, or nowhere."""
    wandb_project: str = "crucible"
    """The wandb project that runs belong to."""
    catch_up: int = Field(default=0, ge=0)
    """Rounds before the newest that a validator with an empty ledger judges first."""
    cache_gb: float | None = Field(default=None, gt=0)
    """Gigabytes of models kept on disk, with those on their way; unset means all of the disk but 1 GB or a fiftieth."""
    refresh_blocks: int = Field(default=200, ge=1)
    """Unchanged weights are sent again after this many blocks."""

    def device_names(self) -> tuple[str, ...]:
        """The devices, one by one."""
        return tuple(name.strip() for name in self.devices.split(",") if name.strip())

    def cache_bytes(self) -> int | None:
        """The cache's quota in bytes, None where the disk alone bounds it."""
        return None if self.cache_gb is None else int(self.cache_gb * 1e9)

    def ledger_url(self) -> str:
        """Where the ledger is."""
        return self.ledger or str(self.folder() / "ledger.sqlite")


_Settings = TypeVar("_Settings", bound=Settings)


def read_settings(**overrides: Any) -> Settings:
    """The environment, overridden by every keyword that is not None. Raises SettingsError."""
    return _read(Settings, overrides)


def read_validator_settings(**overrides: Any) -> ValidatorSettings:
    """The same for a validator. Raises SettingsError."""
    return _read(ValidatorSettings, overrides)


def read_secret(name: str) -> str:
    """The secret in an environment variable that the operator named. Raises SettingsError."""
    secret = os.environ.get(name, "").strip()
    if not secret:
        raise SettingsError(f"environment variable {name!r} holds no key: export it, or name another")
    return secret


def _read(kind: type[_Settings], overrides: Mapping[str, Any]) -> _Settings:
    try:
        return kind(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise SettingsError(
            f"{field}: {fault['msg'].lower()}, it is {fault['input']!r}: give another by option or environment variable"
        ) from None
