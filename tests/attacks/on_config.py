"""Hostile config.json files: switches that run code or look ahead, bombs of sizes, and JSON that is none."""

from pathlib import Path

from tests.attacks.attack import Bait, attack
from tests.attacks.honest import LAYERS, edit_config, edit_tokenizer, tensors, write_tensors


@attack("known_keys", "sets 'is_causal' to False", "vetted")
def attention_to_the_future(folder: Path, _: Bait) -> None:
    """A stock Llama then reads the answer before it predicts it."""
    edit_config(folder, is_causal=False)


@attack("own_config", "sets 'is_causal' to False", 'vetted .*"is_causal": false', also=("known_keys",), way="folder")
def attention_to_the_future_past_the_list(folder: Path, _: Bait) -> None:
    """Were the key on the list by mistake, it would still not be copied."""
    edit_config(folder, is_causal=False)


@attack("known_keys", "sets 'use_bidirectional_attention' to True", "vetted")
def attention_both_ways(folder: Path, _: Bait) -> None:
    edit_config(folder, use_bidirectional_attention=True)


@attack("known_keys", "sets 'auto_map' to an object of 1", "vetted")
def code_by_auto_map(folder: Path, _: Bait) -> None:
    edit_config(folder, auto_map={"AutoModelForCausalLM": "someone/code--modeling.Model"})


@attack("known_keys", "sets 'transformers_weights' to 'adapter_model.bin'", "vetted")
def weights_by_another_name(folder: Path, _: Bait) -> None:
    """Loads a pickle although only safetensors are asked for."""
    edit_config(folder, transformers_weights="adapter_model.bin")


@attack("known_keys", "sets 'transformers_weights' to '/", "vetted")
def weights_of_another_miner(folder: Path, bait: Bait) -> None:
    edit_config(folder, transformers_weights=str(bait.outside / "model.safetensors"))


@attack("known_keys", "sets 'attn_implementation' to 'http", "vetted")
def kernels_from_a_repository(folder: Path, bait: Bait) -> None:
    """Fetches and runs compiled code."""
    edit_config(folder, attn_implementation=f"{bait.url}/someone/kernel")


@attack("known_keys", "sets '_attn_implementation' to 'someone/kernel'", "vetted")
def kernels_by_the_inner_name(folder: Path, _: Bait) -> None:
    edit_config(folder, _attn_implementation="someone/kernel")


@attack("known_keys", "sets 'quantization_config' to an object of 2", "vetted")
def quantisation(folder: Path, _: Bait) -> None:
    """Loads a vendor's code and other numbers than were vetted."""
    edit_config(folder, quantization_config={"quant_method": "gptq", "bits": 4})


@attack("known_keys", "sets 'num_labels' to 200000000", "vetted")
def two_hundred_million_labels(folder: Path, _: Bait) -> None:
    """Takes 9.5 GB while the config is read."""
    edit_config(folder, num_labels=200_000_000)


@attack("known_keys", "sets 'text_config' to an object of 1", "vetted")
def config_within_the_config(folder: Path, _: Bait) -> None:
    """Libraries prefer the inner one."""
    edit_config(folder, text_config={"is_causal": False})


@attack("known_keys", "sets 'per_layer_config'", "vetted")
def config_per_layer(folder: Path, _: Bait) -> None:
    edit_config(folder, per_layer_config={"0": {"head_dim": 2}})


@attack("known_architecture", "architectures of config.json is 'GemmaForCausalLM'", "KeyError: 'GemmaForCausalLM'")
def unknown_architecture(folder: Path, _: Bait) -> None:
    edit_config(folder, architectures=["GemmaForCausalLM"], model_type="gemma")


@attack("known_architecture", "model_type of config.json is 'bert'", "vetted")
def model_type_of_another_class(folder: Path, _: Bait) -> None:
    """Libraries build by model_type, whatever architectures says."""
    edit_config(folder, model_type="bert")


@attack("read_rope", "rope_type of config.json is 'dynamic'", "vetted")
def positions_that_follow_the_text(folder: Path, _: Bait) -> None:
    """Later text turns the angles of what stands before it."""
    edit_config(folder, rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0})


@attack("kept_rules", "num_attention_heads of config.json is 0", "ZeroDivisionError")
def no_heads(folder: Path, _: Bait) -> None:
    edit_config(folder, num_attention_heads=0)


@attack("kept_rules", "num_hidden_layers of config.json is -1", "weights: .* 9 tensors too many")
def less_than_no_layers(folder: Path, _: Bait) -> None:
    edit_config(folder, num_hidden_layers=-1)


@attack("kept_rules", "hidden_act of config.json is 'os.system'", "vetted")
def activation_by_name(folder: Path, _: Bait) -> None:
    """Libraries look activations up by name, in mappings that grow."""
    edit_config(folder, hidden_act="os.system")


@attack("kept_rules", "rms_norm_eps of config.json is True", "vetted")
def truth_for_a_number(folder: Path, _: Bait) -> None:
    edit_config(folder, rms_norm_eps=True)


@attack("possible_shapes", "no multiple of num_attention_heads 3", "weights: .* has the shape")
def heads_that_do_not_divide(folder: Path, _: Bait) -> None:
    edit_config(folder, num_attention_heads=3, num_key_value_heads=3)


@attack("allowed_layers", "asks for 20000 layers", "weights: the weights lack 179991 of 180003")
def twenty_thousand_layers(folder: Path, _: Bait) -> None:
    """47 s and 4 GB under transformers, whatever the weights hold."""
    edit_config(folder, num_hidden_layers=20_000, hidden_size=2, intermediate_size=1, head_dim=2, vocab_size=260)
    edit_config(folder, num_attention_heads=1)


@attack("allowed_layers", "asks for 2000000000 layers", "MemoryError|killed", also=("allowed_parameters",))
def two_billion_layers(folder: Path, _: Bait) -> None:
    """The names of their tensors alone fill the memory."""
    edit_config(folder, num_hidden_layers=2_000_000_000)


@attack("allowed_parameters", "asks for 1600", "limits: .*a vocabulary of 100000000")
def huge_vocabulary_without_its_tensor(folder: Path, _: Bait) -> None:
    """Asks for 128 GB at its full size; the tensor that is missing would be made of random numbers."""
    edit_config(folder, vocab_size=100_000_000)
    found = tensors(LAYERS)
    del found["model.embed_tokens.weight"]
    write_tensors(folder, found)


@attack("allowed_width", "asks for 20000 numbers a token and layer", "limits: .* and hidden_size is 8")
def layer_wide_as_a_sea(folder: Path, _: Bait) -> None:
    edit_config(folder, intermediate_size=20_000)


@attack("allowed_proportions", "intermediate_size of config.json is 1024 and hidden_size is 8;", "vetted")
def layers_of_short_rows(folder: Path, _: Bait) -> None:
    """Rows are read by the dozen: 400 MB of such matrices take longer than any deadline, so no verdict would come."""
    edit_config(folder, intermediate_size=1_024)
    write_tensors(folder, tensors(LAYERS, inner=1_024))


@attack("allowed_vocabulary", "a vocabulary of 5000", "vetted")
def vocabulary_of_nothing(folder: Path, _: Bait) -> None:
    """Rows that no text reaches, and logits for each of them."""
    edit_config(folder, vocab_size=5_000)
    write_tensors(folder, tensors(LAYERS, rows=5_000))


@attack("allowed_window", "a window of 2 tokens", "vetted")
def window_of_two_tokens(folder: Path, _: Bait) -> None:
    edit_config(folder, max_position_embeddings=2)


@attack("parse_object", "is nested more than 32 deep", "RecursionError")
def json_nested_without_end(folder: Path, _: Bait) -> None:
    (folder / "config.json").write_text('{"a":' + "[" * 400_000 + "]" * 400_000 + "}")


@attack("parse_object", "the key 'num_hidden_layers' stands there more than once", "vetted")
def json_with_a_key_twice(folder: Path, _: Bait) -> None:
    """One parser takes the first, another the last."""
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text('{"num_hidden_layers": 20000,' + text.removeprefix("{"))


@attack("parse_object", "is not unambiguous JSON", "vetted")
def number_beyond_all_numbers(folder: Path, _: Bait) -> None:
    edit_config(folder, initializer_range=1.0)
    text = (folder / "config.json").read_text().replace('"initializer_range": 1.0', '"initializer_range": 1e999')
    (folder / "config.json").write_text(text)


@attack("parse_object", "is not unambiguous JSON", "vetted")
def json_in_another_encoding(folder: Path, _: Bait) -> None:
    """Some parsers guess it, others find other text in the same bytes."""
    (folder / "config.json").write_bytes((folder / "config.json").read_text().encode("utf-16-le"))


@attack("parse_object", "has more than 1000000 objects and lists", "tokenizer: tokenizer.json has no model")
def json_of_millions_of_parts(folder: Path, _: Bait) -> None:
    """Each takes fifty times its bytes."""
    edit_tokenizer(folder, lambda tokenizer: tokenizer.update(model="PARTS"))
    text = (folder / "tokenizer.json").read_text().replace('"PARTS"', "[" + "{}," * 6_000_000 + "{}]")
    (folder / "tokenizer.json").write_text(text)
