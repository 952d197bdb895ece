"""Models in the making: a byte-level tokenizer, a tiny Llama from scratch, and fine-tunes of a given base.

Needs torch and transformers, so only the miner's own commands load it. Knows neither Hub nor chain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    set_seed,
)

from evaluation.sources.content import Pair
from neurons import corpus
from neurons.budget import Budget
from neurons.errors import MinerError
from neurons.examples import Encode, Example, from_pairs, from_texts
from neurons.model_source import require_empty
from neurons.trainer import Hyperparameters, Report, Run, fit

PresetName = Literal["demo", "pocket"]

_LEARNT_TOKENS = 512
"""Longest pair that is learnt whole; texts are learnt in windows of half as many tokens."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Shape of a base and how it is trained; `window` and `max_length` in tokens, `steps` unless asked otherwise."""

    vocabulary: int
    hidden: int
    inner: int
    layers: int
    heads: int
    max_length: int
    window: int
    batch: int
    learning_rate: float
    steps: int


PRESETS: dict[PresetName, Preset] = {
    "demo": Preset(4096, 192, 512, 4, 4, 512, window=256, batch=2, learning_rate=2e-3, steps=600),
    "pocket": Preset(512, 32, 96, 2, 4, 256, window=64, batch=8, learning_rate=1e-2, steps=60),
}
"""demo: 2.6M parameters, a minute on two cores; pocket: 43k parameters, seconds."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model on disk (safetensors, config and tokenizer files) and the run that made it."""

    folder: Path
    parameters: int
    run: Run


def train_tokenizer(texts: Iterable[str], vocabulary: int, max_length: int) -> Any:
    """A byte-level BPE tokenizer without normaliser, with BOS `<s>` (id 0) and EOS `</s>` (id 1) that it never adds."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<s>", "</s>"]
    learn = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, learn)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", model_max_length=max_length
    )


def train_base(
    out: Path, preset: PresetName, budget: Budget | None = None, *, seed: int = 0, report: Report | None = None
) -> Trained:
    """Train tokenizer and model from scratch on the language reference and save them to `out`.

    Without a budget the preset's own is used. Raises MinerError where `out` already holds files.
    """
    require_empty(out)
    _quiet()
    shape = PRESETS[preset]
    tokenizer = train_tokenizer(corpus.topics(), shape.vocabulary, shape.max_length)
    set_seed(seed)
    model = LlamaForCausalLM(_config(shape, tokenizer))
    special = (tokenizer.bos_token_id, tokenizer.eos_token_id)
    examples = list(from_texts(corpus.topics(), _encoder(tokenizer), *special, shape.window))
    budget = budget or Budget(shape.steps)
    run = fit(model, examples, budget, Hyperparameters(shape.batch, shape.learning_rate, seed), out, report)
    return _saved(model, tokenizer, out, run)


def fine_tune(
    base: Path,
    out: Path,
    material: Sequence[Pair | str],
    budget: Budget,
    tuning: Hyperparameters,
    report: Report | None = None,
) -> Trained:
    """Fine-tune all parameters of a base (a folder) on texts and on the answers of pairs, and save to `out`.

    Raises MinerError where there is nothing to learn from, `base` is no model, or `out` already holds files.
    """
    require_empty(out)
    _quiet()
    if not material:
        raise MinerError("there is nothing to train on: name a --dataset that holds samples of the competition's kind")
    model, tokenizer = _loaded(base)
    set_seed(tuning.seed)
    run = fit(model, _examples(material, model, tokenizer), budget, tuning, out, report)
    return _saved(model, tokenizer, out, run)


def _quiet() -> None:
    """No bars of transformers' own for files that are read in a blink."""
    transformers.utils.logging.disable_progress_bar()


def _examples(material: Sequence[Pair | str], model: Any, tokenizer: Any) -> list[Example]:
    eos = tokenizer.eos_token_id or 0
    bos = eos if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    longest = min(model.config.max_position_embeddings, _LEARNT_TOKENS)
    pairs = from_pairs((item for item in material if isinstance(item, Pair)), _encoder(tokenizer), bos, eos, longest)
    texts = from_texts(
        (item for item in material if isinstance(item, str)), _encoder(tokenizer), bos, eos, longest // 2
    )
    return [*pairs, *texts]


def _loaded(base: Path) -> tuple[Any, Any]:
    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base, use_safetensors=True, dtype="float32", attn_implementation="sdpa", **safe
        )
        # as it stands in the base: AutoTokenizer may build another by the model's type, which validators would not know
        return model, PreTrainedTokenizerFast.from_pretrained(base, fix_mistral_regex=False, **safe)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise MinerError(f"{base} holds no model to start from ({reason}): name a folder with --base") from error


def _saved(model: Any, tokenizer: Any, out: Path, run: Run) -> Trained:
    model.config.use_cache = True  # the Trainer switched it off
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return Trained(out, sum(parameter.numel() for parameter in model.parameters()), run)


def _encoder(tokenizer: Any) -> Encode:
    backend = tokenizer.backend_tokenizer  # the wrapper would warn of every text longer than one window
    return lambda text: list(backend.encode(text, add_special_tokens=False).ids)


def _config(shape: Preset, tokenizer: Any) -> Any:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.max_length,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
