"""Judges models one by one, each in a fresh process, and prints each one's peak of resident memory in bytes.

Takes as JSON a list of [clean directory, dtype, tokens of a batch, tokens of a sequence].
"""

import json
import os
import sys
from pathlib import Path

import torch

import evaluation.judging  # noqa: F401 - a worker has it all imported
from evaluation import causality, memory
from evaluation.likelihood import nats
from evaluation.tokens import Span
from models.loading import load


def judge(folder: str, dtype: str, batch: int, length: int) -> int:
    """Two full batches, every token of them scored, after the probe that every model meets."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    loaded = load(Path(folder), device="cpu", dtype=dtype)
    assert causality.refusal(loaded, length) is None
    vocabulary = loaded.model.get_input_embeddings().num_embeddings
    ids = tuple(number % vocabulary for number in range(length))
    number = 2 * max(1, batch // length)
    nats(loaded, [Span(ids, ids)] * number, [f"{key:06d}" for key in range(number)], batch)
    return memory.peak_bytes("cpu")


for case in json.loads(sys.argv[1]):
    if (child := os.fork()) == 0:
        sys.stdout.write(f"{judge(*case)}\n")
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
