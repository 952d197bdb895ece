"""A sample with its producer's signature over the sample's own canonical bytes, and its JSON line."""

import msgspec

from chain.signing import Wallet, verify
from evaluation.sources.columns import SignedColumns
from evaluation.sources.sample import NOT_CANONICAL, Malformed, Sample, from_columns

PURPOSE = "sample"

_DECODER = msgspec.json.Decoder(SignedColumns)
_AFTER_SIGNATURE = b',"source":"'
"""Where the signature stands in a sorted line; a quotation mark within a text is escaped, so it stands there once."""


class SignedSample(msgspec.Struct, frozen=True, gc=False):
    """A sample and what is said to be its producer's signature, in hex; `is_authentic` tells."""

    sample: Sample
    signature: str


def sign(sample: Sample, wallet: Wallet) -> SignedSample:
    """Sign with the producer's own hotkey. Raises ValueError where the wallet is another's."""
    if wallet.hotkey != sample.producer:
        raise ValueError(
            f"the sample names producer {sample.producer}, the wallet is {wallet.hotkey}: sign with its own"
        )
    return SignedSample(sample, wallet.sign(PURPOSE, sample.canonical_bytes).hex())


def is_authentic(signed: SignedSample) -> bool:
    """Whether the producer signed exactly this sample."""
    producer = signed.sample.producer
    if producer is None:
        return False
    try:
        signature = bytes.fromhex(signed.signature)
    except ValueError:
        return False
    # one spelling only: no capitals, no spaces
    one_spelling = signature.hex() == signed.signature
    return one_spelling and verify(producer, PURPOSE, signed.sample.canonical_bytes, signature)


def to_line(signed: SignedSample) -> bytes:
    """The sample's columns and `signature`, as one canonical JSON line without its end."""
    before, mark, after = signed.sample.canonical_bytes.partition(_AFTER_SIGNATURE)
    return b'%b,"signature":%b%b%b' % (before, msgspec.json.encode(signed.signature), mark, after)


def from_line(line: bytes) -> SignedSample | Malformed:
    """Read one canonical line; whatever a stranger wrote there, the answer is a value. The signature is not checked
    here."""
    try:
        columns = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Malformed(str(error)[:160])
    sample = from_columns(columns)
    if isinstance(sample, Malformed):
        return sample
    signed = SignedSample(sample, columns.signature)
    return signed if to_line(signed) == line else Malformed(NOT_CANONICAL)
