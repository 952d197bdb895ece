"""Runtime API methods answered from storage: the whole metagraph of a subnet in one call, and its next epoch."""

from collections.abc import Callable
from typing import Any

from chain.embedded.derived import View
from chain.embedded.epochs import next_epoch_block
from chain.embedded.pallet_registration import exists
from chain.embedded.pallet_staking import stakes
from chain.embedded.state import SUBTENSOR

_SCALARS = {
    "network_registered_at": "NetworkRegisteredAt",
    "owner_hotkey": "SubnetOwnerHotkey",
    "owner_coldkey": "SubnetOwner",
    "tempo": "Tempo",
    "last_step": "LastMechansimStepBlock",
    "blocks_since_last_step": "BlocksSinceLastStep",
    "subnet_emission": "SubnetTaoInEmission",
    "alpha_in": "SubnetAlphaIn",
    "alpha_out": "SubnetAlphaOut",
    "tao_in": "SubnetTAO",
    "alpha_out_emission": "SubnetAlphaOutEmission",
    "alpha_in_emission": "SubnetAlphaInEmission",
    "tao_in_emission": "SubnetTaoInEmission",
    "pending_alpha_emission": "PendingServerEmission",
    "pending_root_emission": "PendingRootAlphaDivs",
    "subnet_volume": "SubnetVolume",
    "moving_price": "SubnetMovingPrice",
    "rho": "Rho",
    "kappa": "Kappa",
    "min_allowed_weights": "MinAllowedWeights",
    "max_weights_limit": "MaxWeightsLimit",
    "weights_version": "WeightsVersionKey",
    "weights_rate_limit": "WeightsSetRateLimit",
    "activity_cutoff": "ActivityCutoff",
    "max_validators": "MaxAllowedValidators",
    "num_uids": "SubnetworkN",
    "max_uids": "MaxAllowedUids",
    "burn": "Burn",
    "difficulty": "Difficulty",
    "registration_allowed": "NetworkRegistrationAllowed",
    "pow_registration_allowed": "NetworkPowRegistrationAllowed",
    "immunity_period": "ImmunityPeriod",
    "min_difficulty": "MinDifficulty",
    "max_difficulty": "MaxDifficulty",
    "min_burn": "MinBurn",
    "max_burn": "MaxBurn",
    "adjustment_alpha": "AdjustmentAlpha",
    "adjustment_interval": "AdjustmentInterval",
    "target_regs_per_interval": "TargetRegistrationsPerInterval",
    "max_regs_per_block": "MaxRegistrationsPerBlock",
    "serving_rate_limit": "ServingRateLimit",
    "commit_reveal_weights_enabled": "CommitRevealWeightsEnabled",
    "commit_reveal_period": "RevealPeriodEpochs",
    "liquid_alpha_enabled": "LiquidAlphaOn",
    "bonds_moving_avg": "BondsMovingAverage",
}
"""Scalar fields of the metagraph and the storage item of the subnet that each one is."""

_COLUMNS = {
    "active": "Active",
    "validator_permit": "ValidatorPermit",
    "last_update": "LastUpdate",
    "emission": "Emission",
    "dividends": "Dividends",
    "incentives": "Incentive",
    "consensus": "Consensus",
}
"""Per-uid fields that are stored as one list."""

_ABSENT_COLUMNS = ("pruning_score", "trust", "rank", "collateral_locked", "collateral_min", "collateral_earned")
"""Per-uid fields for which this runtime stores nothing on a subnet without emission."""

_NO_AXON = dict.fromkeys(("block", "version", "ip", "port", "ip_type", "protocol", "placeholder1", "placeholder2"), 0)
"""What a node reports for a hotkey that serves nothing; axons cannot be served here."""


def metagraph(view: View, netuid: int) -> dict[str, Any] | None:
    """Everything SubnetInfoRuntimeApi.get_metagraph returns, to be encoded; None for a subnet that does not exist."""
    state = view.state
    if not exists(state, netuid):
        return None
    count = int(view.get(SUBTENSOR, "SubnetworkN", netuid))
    hotkeys = [str(key) for key in state.get_many(SUBTENSOR, "Keys", [(netuid, uid) for uid in range(count)])]
    identity = view.get(SUBTENSOR, "SubnetIdentitiesV3", netuid) or {}
    alpha_low, alpha_high = view.get(SUBTENSOR, "AlphaValues", netuid)
    head: dict[str, Any] = {
        "netuid": netuid,
        "name": list(str(identity.get("subnet_name", "")).encode()),
        "symbol": list(str(view.get(SUBTENSOR, "TokenSymbol", netuid)).encode()),
        "identity": identity or None,
        "block": state.number,
        "alpha_high": alpha_high,
        "alpha_low": alpha_low,
    }
    scalars = {field: view.get(SUBTENSOR, name, netuid) for field, name in _SCALARS.items()}
    columns = {field: view.get(SUBTENSOR, name, netuid) for field, name in _COLUMNS.items()}
    absent = {field: [0] * count for field in _ABSENT_COLUMNS}
    return head | scalars | columns | absent | _neurons(view, netuid, hotkeys)


def _neurons(view: View, netuid: int, hotkeys: list[str]) -> dict[str, Any]:
    """Per-uid fields that are stored under the hotkey or the uid."""
    state, count = view.state, len(hotkeys)
    alpha, tao, total = stakes(state, netuid, hotkeys)
    return {
        "hotkeys": hotkeys,
        "coldkeys": state.get_many(SUBTENSOR, "Owner", [(key,) for key in hotkeys]),
        "identities": [None] * count,
        "axons": [_NO_AXON] * count,
        "block_at_registration": state.get_many(
            SUBTENSOR, "BlockAtRegistration", [(netuid, uid) for uid in range(count)]
        ),
        "alpha_stake": alpha,
        "tao_stake": tao,
        "total_stake": total,
        "tao_dividends_per_hotkey": [],
        "alpha_dividends_per_hotkey": [],
    }


def _next_epoch(view: View, netuid: int) -> int | None:
    last, tempo, pending = (
        int(view.get(SUBTENSOR, name, netuid)) for name in ("LastEpochBlock", "Tempo", "PendingEpochAt")
    )
    return next_epoch_block(last, tempo, pending) if tempo else None


METHODS: dict[tuple[str, str], Callable[[View, int], Any]] = {
    ("SubnetInfoRuntimeApi", "get_metagraph"): metagraph,
    ("SubnetInfoRuntimeApi", "get_next_epoch_start_block"): _next_epoch,
}
"""Every runtime API method this chain answers; each takes a netuid."""


def call(view: View, api: str, method: str, netuid: int) -> Any:
    """The plain value of a method of METHODS, after it has gone through its SCALE output type."""
    metadata = view.state.metadata
    output = metadata.runtime_api_output(api, method)
    return metadata.decode(output, metadata.encode(output, METHODS[api, method](view, netuid)))
