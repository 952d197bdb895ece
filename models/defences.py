"""Every defence against a hostile repository: one function each, by its name, with the reason codes it refuses by.

A mapping to read, not a switchboard: vetting calls the functions themselves, and nothing here turns one off. Each is
held to its word by an attack that it alone stops.
"""

from collections.abc import Callable
from dataclasses import dataclass

from models import (
    adapter_config,
    adapters,
    bpe,
    configs,
    manifest,
    merging,
    norms,
    rope,
    strict_json,
    tensors,
    tokenizers,
    weights,
)
from models.rejections import Reason


@dataclass(frozen=True, slots=True)
class Defence:
    """A function, the reason codes of what is refused by it (none where it disarms), and what it stops."""

    function: Callable[..., object]
    reasons: frozenset[Reason]
    stops: str

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.function.__name__


def _defence(function: Callable[..., object], stops: str, *reasons: Reason) -> Defence:
    return Defence(function, frozenset(reasons), stops)


_LISTING = (
    _defence(manifest.file_count, "a listing too long to look at", Reason.LIMITS),
    _defence(manifest.known_names, "code, pickles, adapters, look-alike names and paths", Reason.PATH),
    _defence(manifest.config_there, "a config left to a library's guess", Reason.CONFIG),
    _defence(manifest.tokenizer_there, "a tokenizer left to a library's guess", Reason.TOKENIZER),
    _defence(manifest.one_set_of_weights, "two models in one repository, or half of one", Reason.WEIGHTS),
    _defence(manifest.one_adapter, "an adapter beside a model, or half of one", Reason.WEIGHTS),
    _defence(manifest.document_bytes, "documents too long to parse", Reason.LIMITS),
    _defence(manifest.repository_bytes, "downloads that fill the disk", Reason.LIMITS),
    _defence(manifest.plain_file, "links to another's files, and pipes that never end", Reason.PATH),
)
_CONFIG = (
    _defence(
        strict_json.parse_object,
        "JSON nested without end, of millions of parts, or that two parsers read differently",
        Reason.CONFIG,
        Reason.TOKENIZER,
        Reason.WEIGHTS,
    ),
    _defence(configs.known_architecture, "classes whose keys and tensors nobody has read", Reason.CONFIG),
    _defence(rope.read_rope, "positions that change with the text that follows", Reason.CONFIG),
    _defence(configs.known_keys, "keys that run code, fetch repositories or see the future", Reason.CONFIG),
    _defence(configs.kept_rules, "values of known keys that are no sizes, or mean something else", Reason.CONFIG),
    _defence(configs.own_config, "whatever a config says beyond that: the clean one is written anew"),
    _defence(configs.possible_shapes, "sizes of which no attention can be made", Reason.CONFIG),
    _defence(configs.allowed_layers, "layers without end, of next to nothing each", Reason.LIMITS),
    _defence(configs.allowed_parameters, "tensors that no device holds", Reason.LIMITS),
    _defence(configs.allowed_width, "a layer so wide that one batch fills the device", Reason.LIMITS),
    _defence(configs.allowed_proportions, "matrices of short rows, which take minutes to read", Reason.LIMITS),
    _defence(configs.allowed_vocabulary, "logits so many that one batch fills the device", Reason.LIMITS),
    _defence(configs.allowed_window, "a text in as many passes as it has tokens", Reason.LIMITS),
)
_ADAPTER = (
    _defence(adapter_config.known_adapter_keys, "what a later peft adds to an adapter", Reason.CONFIG),
    _defence(adapter_config.kept_adapter_rules, "adapters that are more than two factors a matrix", Reason.CONFIG),
    _defence(adapter_config.named_base, "adapters of another repository or revision", Reason.PATH),
    _defence(adapter_config.allowed_rank, "a rank so high that merging takes hours", Reason.LIMITS),
    _defence(adapters.known_factors, "heads, biases and layers beside the factors", Reason.WEIGHTS),
    _defence(adapters.whole_pairs, "half of an update, or none", Reason.WEIGHTS),
    _defence(adapters.fitting_factors, "factors of another rank, transposed, or of another base", Reason.WEIGHTS),
    _defence(adapters.finite_factors, "factors of NaN or infinity", Reason.WEIGHTS),
    _defence(merging.changes_a_number, "the base itself under other digests", Reason.WEIGHTS),
)
_TOKENIZER = (
    _defence(tokenizers.known_parts, "parts that no reader of ours knows, such as templates", Reason.TOKENIZER),
    _defence(tokenizers.no_normaliser, "text moved out of what is scored, and crashes", Reason.TOKENIZER),
    _defence(tokenizers.byte_level_before, "text dropped, or patterns that take minutes", Reason.TOKENIZER),
    _defence(tokenizers.byte_level_after, "losses that decoding hides", Reason.TOKENIZER),
    _defence(bpe.read_added, "added tokens that swallow their surroundings, or that fill the memory", Reason.TOKENIZER),
    _defence(tokenizers.inside_embedding, "ids beyond the embedding", Reason.TOKENIZER),
    _defence(tokenizers.distinct_merges, "merges written twice, or by the million", Reason.TOKENIZER),
    _defence(bpe.read_bpe, "bytes without a token, random encodings, ids with gaps", Reason.TOKENIZER),
    _defence(tokenizers.special_ids, "ordinary text fed before every sample", Reason.TOKENIZER),
    _defence(tokenizers.fixed_tokenizer, "another tokenizer than the one a competition fixes", Reason.TOKENIZER),
)
_WEIGHTS = (
    _defence(
        tensors.read_header,
        "headers of 99 MB, a million empty tensors, bytes used twice or not at all, other dtypes",
        Reason.LIMITS,
        Reason.WEIGHTS,
    ),
    _defence(
        weights.find_tensors,
        "an index that names files outside the repository, or lies about tensors",
        Reason.PATH,
        Reason.WEIGHTS,
    ),
    _defence(weights.match, "tensors left to random numbers, left over or misshapen", Reason.WEIGHTS),
    _defence(weights.rewrite, "NaN, infinity, and numbers whose squares are", Reason.WEIGHTS),
    _defence(norms.norm_fault, "matrices whose numbers exploded, which no benchmark shows", Reason.WEIGHTS),
)


def _by_name(*defences: Defence) -> dict[str, Defence]:
    named = {defence.name: defence for defence in defences}
    if len(named) < len(defences):
        raise ValueError("two defences have one name; rename one of the functions")
    return named


DEFENCES: dict[str, Defence] = _by_name(*_LISTING, *_CONFIG, *_ADAPTER, *_TOKENIZER, *_WEIGHTS)
"""Name → defence, in the order in which a repository meets them."""
