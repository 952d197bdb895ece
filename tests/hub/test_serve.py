"""The local Hub as a process: it says when it answers, takes new users meanwhile, and stops cleanly."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.huggingface import HuggingFaceHub
from localnet.hub_server.accounts import InvalidUserName
from localnet.hub_server.server import HubServer, PortInUse
from localnet.hub_server.store import HubStore

PROGRAM = """
import sys
from pathlib import Path
from localnet.hub_server.server import serve
serve(Path(sys.argv[1]), ready=lambda endpoint: print(endpoint, flush=True))
"""


@pytest.fixture
def process(tmp_path: Path):
    server = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    yield server
    server.kill()
    server.wait(timeout=60)
    server.stdout.close()


def test_a_user_added_by_another_process_can_publish_at_once_and_sigterm_ends_the_server(process, tmp_path):
    endpoint = process.stdout.readline().strip()
    hub = HuggingFaceHub(endpoint, HubStore(tmp_path).add_user("alice"))
    hub.create("alice/x", "model", private=True)
    revision = hub.upload_files("alice/x", "model", {"a.bin": b"1"}, message="first")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    kept = HubStore(tmp_path).archive
    assert kept.revision(kept.find("alice/x", "model")).oid == revision


def test_a_user_may_have_several_tokens(tmp_path):
    store = HubStore(tmp_path)
    tokens = [store.add_user("alice"), store.add_user("alice")]
    assert [store.accounts.user_of(token) for token in [*tokens, "hf_other"]] == ["alice", "alice", None]


def test_tokens_are_not_kept_in_clear(tmp_path):
    token = HubStore(tmp_path).add_user("alice")
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and token.encode() in file.read_bytes()]


@pytest.mark.parametrize("name", ["", "a/b", "..", "datasets", "API", "a b"])
def test_names_that_cannot_be_namespaces_are_refused(tmp_path, name):
    with pytest.raises(InvalidUserName, match="cannot be a user"):
        HubStore(tmp_path).add_user(name)


def test_a_port_in_use_is_named_with_the_remedy(tmp_path):
    store = HubStore(tmp_path)
    first = HubServer(store)
    port = int(first.endpoint.rpartition(":")[2])
    with pytest.raises(PortInUse, match=f"port {port} of 127.0.0.1 is in use; stop the program"):
        HubServer(store, port=port)
