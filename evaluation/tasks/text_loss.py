"""Bits per byte of whole texts, in windows cut by bytes so that every tokenizer sees the same ones."""

from collections.abc import Sequence

from evaluation.encodings import Encodings
from evaluation.likelihood import Measured, Passage, bits_per_byte
from evaluation.sources.content import Text
from evaluation.sources.sample import Sample
from evaluation.tasks.spec import TaskSpec
from evaluation.windows import Piece, byte_windows
from models.loading import LoadedModel
from models.rejections import Rejection


def score(
    loaded: LoadedModel, samples: Sequence[Sample], spec: TaskSpec, max_length: int, encodings: Encodings
) -> Measured | Rejection:
    """−log2 p of each window of at most spec.window_bytes after BOS, summed, over the text's UTF-8 bytes.

    A window too long for max_length tokens is scored in pieces (see `tokens.spans`).
    """
    passages = [_passage(sample, spec.window_bytes) for sample in samples]
    return bits_per_byte(loaded, passages, spec, max_length, encodings)


def _passage(sample: Sample, window_bytes: int) -> Passage:
    if not isinstance(sample.content, Text):
        raise TypeError(f"sample {sample.id} is a {sample.kind}; text_loss scores texts")
    return Passage(sample.id, tuple(Piece((), window) for window in byte_windows(sample.content.text, window_bytes)))
