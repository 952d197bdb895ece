"""Bits per byte of reference answers given their prompts. Prompt and reference are encoded separately."""

from collections.abc import Sequence

from evaluation.likelihood import Measured, Passage, bits_per_byte
from evaluation.sources.content import Pair
from evaluation.sources.sample import Sample
from evaluation.tasks.spec import TaskSpec
from models.loading import LoadedModel
from models.rejections import Rejection


def score(loaded: LoadedModel, samples: Sequence[Sample], spec: TaskSpec, max_length: int) -> Measured | Rejection:
    """−log2 p(reference | BOS, prompt) over the reference's UTF-8 bytes, every one of them scored.

    A prompt too long for max_length tokens loses its beginning; a reference too long is scored in pieces (see
    `tokens.spans`).
    """
    return bits_per_byte(loaded, [_passage(sample) for sample in samples], spec, max_length)


def _passage(sample: Sample) -> Passage:
    if not isinstance(sample.content, Pair):
        raise TypeError(f"sample {sample.id} is a {sample.kind}; reference_loss scores pairs")
    return Passage(sample.id, sample.content.prompt, (sample.content.reference,))
