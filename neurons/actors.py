"""From settings to what a miner or producer acts with: wallet, chain and Hub. What is local is checked first."""

from dataclasses import dataclass

from chain.failover import Patience
from chain.networks import connect
from chain.signing import Wallet, open_wallet
from chain.subtensor import SubtensorChain
from chain.types import NetUid
from hub.bandwidth import Bandwidth
from hub.huggingface import HuggingFaceHub
from hub.login import stored_token
from hub.port import Hub
from neurons.errors import UsageError
from neurons.settings import Settings


@dataclass(frozen=True, slots=True)
class Actors:
    """One hotkey on one subnet of a connected chain, and its Hub user."""

    netuid: NetUid
    wallet: Wallet
    chain: SubtensorChain
    hub: Hub


def open_actors(settings: Settings) -> Actors:
    """Everything but the Hub's answer. Raises UsageError, WalletError, InvalidNetwork and ChainUnreachable."""
    if settings.netuid is None:
        raise UsageError("no netuid: give --netuid, or set CRUCIBLE_NETUID")
    wallet = open_wallet(settings.wallet_name, settings.wallet_hotkey, settings.wallet_path)
    return Actors(NetUid(settings.netuid), wallet, open_chain(settings), open_hub(settings))


def open_chain(settings: Settings) -> SubtensorChain:
    """The chain of the settings, connected. Raises InvalidNetwork and ChainUnreachable."""
    return connect(settings.network, settings.archive, Patience(read_s=settings.chain_timeout_s))


def open_hub(settings: Settings) -> Hub:
    """The Hub of the settings, with the token of the environment or of the Hub's own login."""
    return HuggingFaceHub(
        settings.hub_endpoint,
        settings.token() or stored_token(settings.hub_endpoint),
        unfinished=settings.downloads(),
        bandwidth=Bandwidth(settings.hub_mb_per_s * 1e6) if settings.hub_mb_per_s else None,
    )
