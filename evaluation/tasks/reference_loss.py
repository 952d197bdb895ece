"""Bits per byte of reference answers given their prompts, cut by bytes. Prompt and reference are encoded separately."""

from collections.abc import Sequence

from evaluation.encodings import Encodings
from evaluation.likelihood import Measured, Passage, bits_per_byte
from evaluation.sources.content import Pair
from evaluation.sources.sample import Sample
from evaluation.tasks.spec import TaskSpec
from evaluation.windows import pieces
from models.loading import LoadedModel
from models.rejections import Rejection


def score(
    loaded: LoadedModel, samples: Sequence[Sample], spec: TaskSpec, max_length: int, encodings: Encodings
) -> Measured | Rejection:
    """−log2 p(reference | BOS, prompt) over the reference's UTF-8 bytes, every one of them scored.

    A prompt loses its beginning beyond spec.context_bytes. A reference is scored in windows of spec.window_bytes, each
    after so much of what precedes it. What even then is too long for max_length tokens is cut by `tokens.spans`.
    """
    return bits_per_byte(loaded, [_passage(sample, spec) for sample in samples], spec, max_length, encodings)


def _passage(sample: Sample, spec: TaskSpec) -> Passage:
    if not isinstance(sample.content, Pair):
        raise TypeError(f"sample {sample.id} is a {sample.kind}; reference_loss scores pairs")
    prompt, reference = sample.content.prompt, sample.content.reference
    bounds = {"context_bytes": spec.context_bytes, "window_bytes": spec.window_bytes}
    return Passage(sample.id, pieces(prompt, reference, **bounds, chat=spec.chat))
