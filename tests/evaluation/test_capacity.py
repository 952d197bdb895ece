"""What a device has in all, and the largest ordinary model that limits allow."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from evaluation.capacity import NoDevice, capacity
from evaluation.largest import largest
from models.limits import ModelLimits

ROOT = Path(__file__).parents[2]


def test_a_cpu_has_the_machines_memory_at_most() -> None:
    assert 0 < capacity("cpu") <= psutil.virtual_memory().total


def test_a_process_with_a_limit_of_its_own_has_no_more_than_that() -> None:
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (500_000_000, 500_000_000))\n"
        "from evaluation.capacity import capacity; print(capacity('cpu'))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("500000000\n", "")


def test_a_gpu_that_is_not_there_says_so() -> None:
    with pytest.raises(NoDevice, match=r"\w+Error: \w+"):
        capacity("cuda:99")


@pytest.mark.parametrize("parameters", [5_000_000, 1_300_000_000, 8_100_000_000, 71_000_000_000])
def test_the_largest_ordinary_model_nearly_reaches_the_limit(parameters: int) -> None:
    limits = ModelLimits(("LlamaForCausalLM",), 1, parameters, 10**12, 4096)
    assert 0.8 * parameters <= largest(limits).parameters() <= parameters


def test_the_largest_ordinary_model_keeps_the_other_limits_too() -> None:
    limits = ModelLimits(("L",), 1, 10**11, 10**12, 4096, max_layers=4, max_width=7_000, max_vocabulary=32_000)
    made = largest(limits)
    assert (made.layers, made.width, made.vocab) == (4, 6_944, 32_000)
