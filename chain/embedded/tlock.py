"""Timelock encryption to any BLS12-381 key, in the ciphertext format of drand's quicknet that the SDK's core opens.

Boneh-Franklin identity encryption: the identity is the hash of a round number on G1, the beacon's key lies on G2, and
the round's signature is the key that opens. Knows no chain and no clock.
"""

import hashlib
import secrets
import sys
from functools import lru_cache
from typing import NewType

import bittensor_core
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1, compress_G2, decompress_G2
from py_ecc.optimized_bls12_381 import FQ12, G2, curve_order, field_modulus, multiply, pairing

from chain.embedded.scale import compact, read_bytes

# py_ecc sets the recursion limit to 100,000 as it is imported. At that, nested JSON overflows the stack of whoever
# parses it and ends the process; a tenth is more than its powers take, and makes every parser raise instead.
sys.setrecursionlimit(10_000)

PublicKey = NewType("PublicKey", bytes)
"""96 bytes: a compressed G2 point."""
Secret = NewType("Secret", int)
"""A scalar, 1 to the curve's order."""
Signature = NewType("Signature", bytes)
"""48 bytes: a compressed G1 point."""

_DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
_SUITE = b"AES_GCM_"
_POINT_BYTES = 96
_ROUND_BYTES = 8
_MALFORMED = "CiphertextDeserialize"
_PAIRING_POWER = curve_order - 3
"""The core's pairing is py_ecc's to the power -3: its loop takes the sign of the curve's parameter and its final
exponentiation a multiple of the least exponent."""


class CannotOpen(Exception):
    """A ciphertext that this signature does not open; `reason` is the Commitments pallet's name for why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@lru_cache(maxsize=8)
def public_key(secret: Secret) -> PublicKey:
    """The beacon's public key (about 50 ms, once for a secret)."""
    return _g2_bytes(multiply(G2, secret))


@lru_cache(maxsize=256)
def sign(secret: Secret, round_: int) -> Signature:
    """The beacon's signature of a round (about 15 ms, once for a round that is still remembered)."""
    point = multiply(_identity(round_), secret)
    return Signature(compress_G1(point).to_bytes(48, "big"))


def seal(key: PublicKey, round_: int, message: bytes) -> bytes:
    """Encrypt so that only the signature of a round opens it: 244 bytes and the message.

    The first seal to a round takes about 0.35 s in a process, later ones to the same round 0.05 s.
    """
    session, sigma, nonce = secrets.token_bytes(32), secrets.token_bytes(32), secrets.token_bytes(12)
    r = int.from_bytes(_sha256(sigma + session), "big") % curve_order
    mask = _sha256(_gt_bytes(_pairing(key, round_) ** r))
    body = _sized(AESGCM(session).encrypt(nonce, message, None)) + _sized(nonce)
    header = _g2_bytes(multiply(G2, r)) + _sized(_xor(sigma, mask)) + _sized(_xor(session, _sha256(sigma)))
    return header + _sized(body) + _sized(_SUITE)


def envelope(ciphertext: bytes, round_: int) -> bytes:
    """A ciphertext together with its round: the portable form of `bittensor.timelock`."""
    return compact(len(ciphertext)) + ciphertext + round_.to_bytes(8, "little")


def open_sealed(sealed: bytes, signature: bytes) -> bytes:
    """The message of a ciphertext, bare or in its envelope. Raises CannotOpen."""
    try:
        message = bytes(bittensor_core.decrypt_with_signature(envelope(_bare(sealed), 0), signature.hex()))
    except ValueError as error:
        reason = _MALFORMED if "deserializ" in str(error) else "Decrypt"
        raise CannotOpen(reason, str(error)) from error
    if not message:
        raise CannotOpen("EmptyPlaintext", "the ciphertext holds an empty message")
    return message


def _bare(sealed: bytes) -> bytes:
    """The ciphertext without its envelope. Raises CannotOpen for anything that is not exactly one."""
    if _is_ciphertext(sealed):
        return sealed
    try:
        ciphertext, end = read_bytes(sealed)
    except ValueError as error:
        raise CannotOpen(_MALFORMED, f"no timelock ciphertext: {error}") from error
    if end + _ROUND_BYTES != len(sealed) or not _is_ciphertext(ciphertext):
        raise CannotOpen(_MALFORMED, f"no timelock ciphertext in these {len(sealed)} bytes, bare or in an envelope")
    return ciphertext


def _is_ciphertext(data: bytes) -> bool:
    """Whether data has the parts of a ciphertext: a point, two masks of 32 bytes, a body, a suite, and nothing else.

    The core indexes both masks without looking, and tolerates trailing bytes that the chain does not.
    """
    offset = _POINT_BYTES
    for expected in (32, 32, None, None):
        length = int.from_bytes(data[offset : offset + 8], "little")
        if expected is not None and length != expected:
            return False
        offset += 8 + length
    return offset == len(data)


@lru_cache(maxsize=64)
def _pairing(key: PublicKey, round_: int) -> FQ12:
    point = decompress_G2((int.from_bytes(key[:48], "big"), int.from_bytes(key[48:], "big")))
    return pairing(point, _identity(round_)) ** _PAIRING_POWER


def _identity(round_: int) -> object:
    return hash_to_G1(_sha256(round_.to_bytes(8, "big")), _DST, hashlib.sha256)


def _g2_bytes(point: object) -> PublicKey:
    high, low = compress_G2(point)
    return PublicKey(high.to_bytes(48, "big") + low.to_bytes(48, "big"))


def _gt_bytes(element: FQ12) -> bytes:
    """Little-endian coefficients in the order of the tower Fp12 over Fp6 over Fp2.

    py_ecc writes an element as a polynomial in w with w^6 = 1 + u: x + y·u stands at w^j as x - y and at w^(j+6) as y.
    """
    coefficients = [int(c) for c in element.coeffs]
    powers = (0, 2, 4, 1, 3, 5)
    parts = [((coefficients[j] + coefficients[j + 6]) % field_modulus, coefficients[j + 6]) for j in powers]
    return b"".join(x.to_bytes(48, "little") + y.to_bytes(48, "little") for x, y in parts)


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(8, "little") + data


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
