"""What a worker does with a request: load the model, judge it, let it go; whatever happens on the way is a verdict.

From one model to the next it keeps nothing but what their tokenizer made of texts.
"""

import gc

import torch

from evaluation.encodings import Encodings
from evaluation.executor import Request
from evaluation.fitting import shortage
from evaluation.judge import judge
from evaluation.sources.bundle import read_bundle
from evaluation.verdicts import Abandoned, Verdict
from models.loading import Unloadable, load
from models.rejections import Reason, Rejection


class Judging:
    """Judges on one device, in one dtype, with a fixed number of threads and deterministic algorithms only."""

    def __init__(self, device: str, dtype: str, threads: int, encodings: Encodings | None = None) -> None:
        self._device = device
        self._dtype = dtype
        self._encodings = Encodings() if encodings is None else encodings
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)

    def __call__(self, request: Request) -> Verdict:
        """The verdict on one request; never raises."""
        try:
            return self._judged(request)
        except Unloadable as error:
            return Rejection(Reason.UNLOADABLE, str(error))
        except Exception as error:  # noqa: BLE001 - any failure but the model's own is ours, and ours is a verdict too
            return Abandoned(" ".join(f"{type(error).__name__}: {error}".split())[:300])
        finally:
            self._let_go()

    def _judged(self, request: Request) -> Verdict:
        if lacking := shortage(request.model, request.tasks, request.max_length, self._device, self._dtype):
            return Abandoned(lacking, is_ours_alone=True)
        bundle = read_bundle(request.bundle)
        loaded = load(request.model, device=self._device, dtype=self._dtype)
        asked = bundle, request.tasks, request.max_length, self._encodings
        return judge(loaded, *asked, device=self._device, dtype=self._dtype, race=request.race)

    def _let_go(self) -> None:
        """Free the model before the next request comes, so that two never share the memory."""
        gc.collect()
        if torch.device(self._device).type == "cuda":
            torch.cuda.empty_cache()
