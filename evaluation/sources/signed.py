"""A sample with its producer's signature over the sample's own canonical bytes, and its JSON line."""

from dataclasses import dataclass

from chain.signing import Wallet, verify
from evaluation.sources.sample import Malformed, Sample, canonical_json, fields, from_fields, read_object

PURPOSE = "sample"


@dataclass(frozen=True, slots=True)
class SignedSample:
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
    try:
        signature = bytes.fromhex(signed.signature)
    except ValueError:
        return False
    producer = signed.sample.producer
    return producer is not None and verify(producer, PURPOSE, signed.sample.canonical_bytes, signature)


def to_line(signed: SignedSample) -> bytes:
    """The sample's columns and `signature`, as one canonical JSON line without its end."""
    return canonical_json(fields(signed.sample) | {"signature": signed.signature})


def from_line(line: bytes) -> SignedSample | Malformed:
    """Read one line; whatever a stranger wrote there, the answer is a value. The signature is not checked here."""
    read = read_object(line)
    if isinstance(read, Malformed):
        return read
    signature = read.pop("signature", None)
    if not isinstance(signature, str):
        return Malformed("no signature")
    sample = from_fields(read)
    return sample if isinstance(sample, Malformed) else SignedSample(sample, signature)
