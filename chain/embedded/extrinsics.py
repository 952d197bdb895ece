"""Signed extrinsics: taking them apart, and checking signature, nonce, era and genesis as a node's pool does."""

import hashlib
from dataclasses import dataclass
from typing import Any

from bittensor_core import Keypair

from chain.embedded import accounts
from chain.embedded.errors import InvalidTransaction
from chain.embedded.metadata import Metadata
from chain.embedded.scale import plain_bytes, read_compact
from chain.embedded.state import State

_LONGEST = {"TimelockEncrypted": 1_024, "BigRaw": 512}
"""Bounds of commitment fields that the codec does not know; a node cannot even decode anything longer."""
_MOST_COMMIT_BYTES = 5_000
_HEADER_BYTES = 1 + 33 + 65
"""Version, address and signature, each with its tag."""


@dataclass(frozen=True, slots=True)
class Call:
    """A decoded call; `data` are its bytes as they were signed."""

    pallet: str
    function: str
    args: dict[str, Any]
    data: bytes


@dataclass(frozen=True, slots=True)
class Extrinsic:
    """A decoded extrinsic; `era` is (period, phase), or None where it never expires."""

    hash: bytes
    signer: str
    signature: bytes
    era: tuple[int, int] | None
    nonce: int
    tip: int
    call: Call


def parse(metadata: Metadata, data: bytes) -> Extrinsic:
    """Decode a signed extrinsic. Raises InvalidTransaction(BadFormat)."""
    try:
        plain = metadata.codec.decode_extrinsic(data)
        signature = bytes.fromhex(plain["signature"]["Sr25519"].removeprefix("0x"))
        if plain["mode"] != {"mode": "Disabled"}:
            raise ValueError("a signed metadata hash is not checked here; sign without one")
        era = None if plain["era"] == "00" else (int(plain["era"][0]), int(plain["era"][1]))
        call = plain["call"]
        args = {arg["name"]: arg["value"] for arg in call["call_args"]}
        bare = _call_bytes(metadata, data, era, int(plain["nonce"]), int(plain["tip"]))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise InvalidTransaction("BadFormat", f"Extrinsic has invalid format: {error}") from error
    _check_bounds(args)
    hash_ = hashlib.blake2b(data, digest_size=32).digest()
    decoded = Call(str(call["call_module"]), str(call["call_function"]), args, bare)
    return Extrinsic(hash_, str(plain["address"]), signature, era, int(plain["nonce"]), int(plain["tip"]), decoded)


def check(extrinsic: Extrinsic, state: State, genesis: bytes, next_nonce: int) -> None:
    """Whether an extrinsic may stand in a block. Raises InvalidTransaction: BadProof, Stale, Future, Payment.

    The signature covers runtime version, genesis and the era's first block, so another chain's extrinsic, an expired
    one and an altered one all fail as BadProof, as on a node.
    """
    payload = state.metadata.codec.signature_payload(
        extrinsic.call.data,
        era=_era(extrinsic.era),
        nonce=extrinsic.nonce,
        tip=extrinsic.tip,
        tip_asset_id=None,
        genesis_hash=genesis,
        era_block_hash=_era_block_hash(extrinsic.era, state, genesis),
    )
    if not Keypair(ss58_address=extrinsic.signer).verify(payload, extrinsic.signature):
        raise InvalidTransaction("BadProof", "Transaction has a bad signature")
    if extrinsic.nonce < next_nonce:
        raise InvalidTransaction("Stale", f"Transaction is outdated: nonce {extrinsic.nonce}, next is {next_nonce}")
    if extrinsic.nonce > next_nonce:
        raise InvalidTransaction("Future", f"Transaction nonce {extrinsic.nonce} is ahead, next is {next_nonce}")
    if extrinsic.tip > accounts.free(state, extrinsic.signer):
        raise InvalidTransaction("Payment", f"Inability to pay some fees: no balance for a tip of {extrinsic.tip} rao")


def _call_bytes(metadata: Metadata, data: bytes, era: tuple[int, int] | None, nonce: int, tip: int) -> bytes:
    """The call as signed. Encoding the decoded call again could differ, so what precedes it is measured instead."""
    _, start = read_compact(data)
    zero = "0x" + bytes(32).hex()
    _, extra, _ = metadata.codec.signature_payload_parts(
        b"", era=_era(era), nonce=nonce, tip=tip, tip_asset_id=None, genesis_hash=zero, era_block_hash=zero
    )
    return data[start + _HEADER_BYTES + len(extra) :]


def _era(era: tuple[int, int] | None) -> dict[str, int] | str:
    return "00" if era is None else {"period": era[0], "phase": era[1]}


def _era_block_hash(era: tuple[int, int] | None, state: State, genesis: bytes) -> bytes:
    """Hash of the era's first block: the latest one at the phase, counted from the block being built."""
    if era is None:
        return genesis
    period, phase = era
    birth = (max(state.number, phase) - phase) // period * period + phase
    header = state.file.block(birth)
    if header is None:
        message = f"Transaction era has ended or not begun: it would begin with block {birth}, which is not sealed"
        raise InvalidTransaction("AncientBirthBlock", message)
    return header.hash


def _check_bounds(args: dict[str, Any]) -> None:
    fields = args["info"]["fields"] if isinstance(args.get("info"), dict) else []
    for kind, value in (item for field in fields if isinstance(field, dict) for item in field.items()):
        if kind not in _LONGEST:
            continue
        size = len(plain_bytes(value["encrypted"] if isinstance(value, dict) else value))
        if size > _LONGEST[kind]:
            message = f"Extrinsic has invalid format: {kind} of {size} bytes, at most {_LONGEST[kind]}"
            raise InvalidTransaction("BadFormat", message)
    if len(plain_bytes(args.get("commit", b""))) > _MOST_COMMIT_BYTES:
        raise InvalidTransaction("BadFormat", f"Extrinsic has invalid format: a commit has {_MOST_COMMIT_BYTES} bytes")
