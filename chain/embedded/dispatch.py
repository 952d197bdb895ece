"""Which call runs which function of which pallet, and what an extrinsic leaves behind in its block."""

from collections.abc import Callable

from chain.embedded import accounts, pallet_commitments, pallet_registration, pallet_staking, pallet_weights
from chain.embedded.errors import DispatchFailed
from chain.embedded.extrinsics import Call, Extrinsic
from chain.embedded.state import SUBTENSOR, State

_INFO_OFFSET = 2 + 2
"""Bytes of a set_commitment call before its info: pallet, function and netuid."""
_DISPATCH_INFO = {"weight": {"ref_time": 0, "proof_size": 0}, "class": "Normal", "pays_fee": "No"}

Handler = Callable[[State, str, Call], None]


def _set_commitment(state: State, signer: str, call: Call) -> None:
    pallet_commitments.set_commitment(state, signer, call.args, call.data[_INFO_OFFSET:])


CALLS: dict[tuple[str, str], Handler] = {
    ("Commitments", "set_commitment"): _set_commitment,
    (SUBTENSOR, "burned_register"): lambda s, who, call: pallet_registration.burned_register(s, who, call.args),
    (SUBTENSOR, "add_stake"): lambda s, who, call: pallet_staking.add_stake(s, who, call.args),
    (SUBTENSOR, "set_weights"): lambda s, who, call: pallet_weights.set_weights(s, who, call.args),
    (SUBTENSOR, "set_mechanism_weights"): lambda s, who, call: pallet_weights.set_weights(s, who, call.args),
    (SUBTENSOR, "commit_timelocked_weights"): lambda s, who, call: pallet_weights.commit_weights(s, who, call.args),
    (SUBTENSOR, "commit_timelocked_mechanism_weights"): lambda s, who, call: pallet_weights.commit_weights(
        s, who, call.args
    ),
}
"""Every call this chain runs; all others fail with System.CallFiltered, as calls a runtime forbids do."""


def run(extrinsic: Extrinsic, state: State, position: int) -> None:
    """Run a checked extrinsic in its block. A failing call is undone, but its nonce is spent and an event tells."""
    state.extrinsic = position
    accounts.spend_nonce(state, extrinsic.signer)
    events = state.mark_events()
    try:
        with state.file.undo_on_error():
            handler = CALLS.get((extrinsic.call.pallet, extrinsic.call.function))
            if handler is None:
                raise DispatchFailed("System", "CallFiltered")
            handler(state, extrinsic.signer, extrinsic.call)
    except DispatchFailed as failure:
        state.drop_events(events)
        pallet, error = state.metadata.error_code(failure.pallet, failure.name)
        reason = {"Module": {"index": pallet, "error": bytes([error, 0, 0, 0])}}
        state.deposit("System", "ExtrinsicFailed", {"dispatch_error": reason, "dispatch_info": _DISPATCH_INFO})
    else:
        state.deposit("System", "ExtrinsicSuccess", {"dispatch_info": _DISPATCH_INFO})
    state.extrinsic = None
