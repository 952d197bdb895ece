"""The plain way of judging one model, as a process: `python -m benchmarks.ways.plain_judging MODEL BUNDLE THREADS`.

The model is loaded to see whether it loads, and loaded again to score it: one sample at a time with a KV cache, logits
of all positions, every sample. Prints the values as JSON.
"""

import json
import math
import sys
from pathlib import Path

import torch
import typer
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from benchmarks.ways.plain import plain_nats
from evaluation.sources.bundle import read_bundle
from evaluation.sources.content import Pair
from evaluation.tokens import Span


def value_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, pair: Pair) -> float:
    """Bits per byte of the reference, after BOS and prompt."""
    prompt, answer = (tokenizer(text, add_special_tokens=False).input_ids for text in (pair.prompt, pair.reference))
    (nats,) = plain_nats(model, [Span((tokenizer.bos_token_id, *prompt, *answer[:-1]), tuple(answer))])
    return nats / math.log(2) / len(pair.reference.encode())


def main() -> None:
    """Judge, and print."""
    folder, bundle = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(int(sys.argv[3]))
    AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    pairs = [sample.content for sample in read_bundle(bundle).of("reference_loss")]
    typer.echo(json.dumps([value_of(model, tokenizer, pair) for pair in pairs if isinstance(pair, Pair)]))


if __name__ == "__main__":
    main()
