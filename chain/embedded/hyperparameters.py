"""A subnet's hyperparameters as its owner sets them, and the storage item each one is."""

from dataclasses import asdict, dataclass

from chain.embedded.state import SUBTENSOR, State


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Defaults are the live network's for a new subnet."""

    tempo: int = 360
    """Blocks of an epoch; 0 means that no epoch ever runs."""
    commit_reveal: bool = True
    """Weights are committed timelocked and revealed by the chain."""
    reveal_period_epochs: int = 1
    """Epochs between a commit and its reveal."""
    weights_rate_limit: int = 100
    """Blocks a hotkey waits between two weight settings, counted from its registration too."""
    min_allowed_weights: int = 1
    """Fewest uids a setting must weigh, or all there are."""
    max_weight_limit: int = 65_535
    """Largest share of one uid, of 65,535."""
    weights_version: int = 0
    """Smallest version key accepted; 0 accepts all."""
    max_uids: int = 256
    """Registrations beyond it replace old uids."""
    max_validators: int = 64
    """Permits given at an epoch, to the largest stakes above zero."""
    immunity_period: int = 5_000
    """Blocks after its registration in which a uid is not replaced."""
    registration_allowed: bool = True
    burn_rao: int = 1_000_000_000
    """Price of a registration; it does not move here."""


_ITEMS = {
    "tempo": "Tempo",
    "commit_reveal": "CommitRevealWeightsEnabled",
    "reveal_period_epochs": "RevealPeriodEpochs",
    "weights_rate_limit": "WeightsSetRateLimit",
    "min_allowed_weights": "MinAllowedWeights",
    "max_weight_limit": "MaxWeightsLimit",
    "weights_version": "WeightsVersionKey",
    "max_uids": "MaxAllowedUids",
    "max_validators": "MaxAllowedValidators",
    "immunity_period": "ImmunityPeriod",
    "registration_allowed": "NetworkRegistrationAllowed",
    "burn_rao": "Burn",
}


def apply(state: State, netuid: int, hyperparameters: Hyperparameters) -> None:
    """Write all hyperparameters of a subnet."""
    for name, value in asdict(hyperparameters).items():
        state.put(SUBTENSOR, _ITEMS[name], netuid, value=value)
