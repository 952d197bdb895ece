"""What a miner and a reader do with the vendors' own libraries, unmodified, against the Hub at HF_ENDPOINT.

Run as a process of its own by test_unmodified_clients.py: the libraries read their environment when imported. Writes
one JSON object of what was seen, with every address connected to outside this machine.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import torch
from datasets import load_dataset
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

outside: list[str] = []


def note_connections(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: remembers every address connected to that is not of this machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not str(arguments[1][0]).startswith("127."):
        outside.append(str(arguments[1]))


ALICE, BOB = os.environ["ALICE"], os.environ["BOB"]
WORK, REPORT = Path(sys.argv[1]), Path(sys.argv[2])


def tiny_llama(seed: int) -> LlamaForCausalLM:
    """A randomly initialised Llama of about 50,000 parameters."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=256,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=False,
    )
    return LlamaForCausalLM(config)


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of four words."""
    words = models.WordLevel({"[UNK]": 0, "never": 1, "gonna": 2, "give": 3}, unk_token="[UNK]")
    tokenizer = Tokenizer(words)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")


def same(one: LlamaForCausalLM, other: LlamaForCausalLM) -> bool:
    """Whether two models hold equal tensors."""
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def refusal(token: str | bool, revision: str, file: str) -> str:
    """The error a download raises for this token, fetched into a cache of its own."""
    try:
        cache = tempfile.mkdtemp(dir=WORK)
        hf_hub_download("alice/llama", file, revision=revision, token=token, cache_dir=cache)
    except HfHubHTTPError as error:
        return f"{type(error).__name__} {error.response.status_code}"
    return "served"


def main() -> None:
    """Push, pull, hide, show and stream."""
    seen: dict[str, object] = {}
    alice = HfApi(token=ALICE)

    first, second = tiny_llama(1), tiny_llama(2)
    seen["parameters"] = first.num_parameters()
    old = first.push_to_hub("alice/llama", private=True, token=ALICE).oid
    second.push_to_hub("alice/llama", token=ALICE)
    tiny_tokenizer().push_to_hub("alice/llama", token=ALICE)
    head = alice.model_info("alice/llama").sha
    seen["private"] = alice.model_info("alice/llama").private
    seen["while private"] = [refusal(False, old, "config.json"), refusal(BOB, old, "config.json")]
    seen["owner reads"] = refusal(ALICE, old, "model.safetensors")

    alice.update_repo_settings("alice/llama", private=False)
    seen["once public"] = [refusal(False, old, "config.json"), refusal(BOB, old, "config.json")]
    seen["wrong revision"] = refusal(False, "0" * 40, "config.json")
    seen["wrong file"] = refusal(False, old, "absent.bin")

    pulled = {name: AutoModelForCausalLM.from_pretrained("alice/llama", revision=name) for name in (old, head, "main")}
    seen["pulled"] = [same(pulled[old], first), same(pulled[head], second), same(pulled["main"], second)]
    tokenizer = AutoTokenizer.from_pretrained("alice/llama", revision=head)
    seen["tokenizer"] = tokenizer("never gonna give")["input_ids"]

    rows = "".join(json.dumps({"prompt": f"p{i}", "response": f"r{i}"}) + "\n" for i in range(1000))
    (WORK / "train.jsonl").write_text(rows)
    alice.create_repo("alice/samples", repo_type="dataset")
    alice.upload_folder(repo_id="alice/samples", repo_type="dataset", folder_path=WORK, allow_patterns="*.jsonl")
    load_dataset("json", data_files=str(WORK / "train.jsonl"), split="train").push_to_hub("alice/table", token=ALICE)
    for name in ("alice/samples", "alice/table"):
        stream = load_dataset(name, split="train", streaming=True)
        seen[name] = [row["response"] for row in stream.skip(997)]

    commits = alice.list_repo_commits("alice/llama")
    seen["commits"] = [commits[0].commit_id == head, old in [commit.commit_id for commit in commits], len(commits)]
    seen["refs"] = [branch.target_commit == head for branch in alice.list_repo_refs("alice/llama").branches]
    seen["verified"] = len(alice.verify_repo_checksums("alice/llama", revision=head, cache_dir=None).mismatches)
    alice.delete_repo("alice/llama")
    seen["deleted"] = refusal(BOB, old, "config.json")
    seen["outside"] = outside
    REPORT.write_text(json.dumps(seen))


sys.addaudithook(note_connections)
main()
