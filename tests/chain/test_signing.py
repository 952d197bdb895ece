"""Signatures for a purpose, and wallets opened by hotkey alone, with every fault of their files named."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bittensor as bt
import bittensor_core
import pytest
from bittensor.keyfiles import Keypair
from hypothesis import given
from hypothesis import strategies as st

from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.keyfiles import password_variable
from chain.networks import connect
from chain.reader import WalletError
from chain.signing import Wallet, create_wallet, open_wallet, verify
from chain.types import Block, Coldkey, Hotkey, Included, NetUid, Uid

ALICE = Hotkey("5HB7kpn92RS7uF9uWn8bXSvPVKFPg8kPUFDd5sbveGjX6Dbi")
"""The hotkey whose seed is the bytes 0 to 31."""
GOLDEN = bytes.fromhex(
    "6a4d52fea32733aa2f778cdb37f632e1ae3eb3a8e5f4dc6878737ae99c48ff5887c08b8bde6e4c9ac3835c0a2082b36938b2b98c74c4fb8403acc264e8502a88"
)
"""Made once by that seed over b"data" for the purpose "golden"; sr25519 makes another one each time."""
PASSWORD = "open, sesame 42"

PURPOSES = st.text(st.characters(min_codepoint=1, max_codepoint=127), min_size=1, max_size=20)


def signer(seed: bytes = bytes(range(32))) -> Wallet:
    """A wallet in memory."""
    sdk = bt.Wallet("none", "none", "/nowhere")
    sdk._hotkey = Keypair.create_from_seed(seed)
    return Wallet("none", "none", Hotkey(sdk.hotkey.ss58_address), Coldkey(""), sdk)


SIGNER = signer()


def test_a_signature_of_an_earlier_version_verifies() -> None:
    assert (SIGNER.hotkey, verify(ALICE, "golden", b"data", GOLDEN)) == (ALICE, True)


@given(PURPOSES, st.binary(max_size=50))
def test_what_is_signed_verifies_for_its_purpose(purpose: str, data: bytes) -> None:
    assert verify(ALICE, purpose, data, SIGNER.sign(purpose, data))


@given(st.lists(st.tuples(PURPOSES, st.binary(max_size=20)), min_size=2, max_size=2, unique=True))
def test_a_signature_over_one_thing_is_none_over_another(pairs: list[tuple[str, bytes]]) -> None:
    (purpose, data), (other_purpose, other_data) = pairs
    assert not verify(ALICE, other_purpose, other_data, SIGNER.sign(purpose, data))


@given(PURPOSES, st.binary(max_size=20), st.integers(0, 20))
def test_bytes_cannot_move_from_the_data_into_the_purpose(purpose: str, data: bytes, cut: int) -> None:
    """Purpose and data written one after the other are the same; what is signed is not."""
    whole = purpose.encode() + data
    moved, rest = whole[: cut + 1], whole[cut + 1 :]
    if moved.isascii() and b"\0" not in moved and moved != purpose.encode():
        assert not verify(ALICE, moved.decode(), rest, SIGNER.sign(purpose, data))


@given(st.binary(max_size=80))
def test_no_bytes_are_a_signature_by_chance_and_none_raise(signature: bytes) -> None:
    assert not verify(ALICE, "golden", b"data", signature)


@given(st.text(max_size=60))
def test_no_text_is_an_address_by_chance_and_none_raises(address: str) -> None:
    assert not verify(Hotkey(address), "golden", b"data", GOLDEN)


def test_a_key_spelt_as_on_another_network_has_signed_nothing() -> None:
    elsewhere = bittensor_core.ss58_encode(bittensor_core.ss58_decode(ALICE), 0)
    assert not verify(Hotkey(elsewhere), "golden", b"data", GOLDEN)


def test_another_key_has_signed_nothing() -> None:
    assert not verify(signer(bytes(32)).hotkey, "golden", b"data", GOLDEN)


@pytest.mark.parametrize("purpose", ["", "a\0b", "é", "\0"])
def test_a_purpose_that_could_be_mistaken_is_refused_on_both_sides(purpose: str) -> None:
    with pytest.raises(ValueError, match="cannot be the purpose of a signature: name it in ASCII"):
        SIGNER.sign(purpose, b"data")
    with pytest.raises(ValueError, match="cannot be the purpose of a signature: name it in ASCII"):
        verify(ALICE, purpose, b"data", GOLDEN)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wallet whose hotkey is encrypted and whose coldkey is not there."""
    folder = tmp_path_factory.mktemp("wallets")
    create_wallet("vali", "plain", folder)
    bt.Wallet("vali", "locked", str(folder)).create_new_hotkey(hotkey_password=PASSWORD, suppress=True)
    (folder / "vali" / "coldkey").unlink()
    return folder


def hotkey_file(folder: Path, name: str = "locked") -> Path:
    return folder / "vali" / "hotkeys" / name


def test_a_wallet_without_its_coldkey_opens_and_signs(encrypted: Path) -> None:
    wallet = open_wallet("vali", "plain", encrypted)
    told = json.loads((encrypted / "vali" / "coldkeypub.txt").read_text())["ss58Address"]
    assert (wallet.coldkey, verify(wallet.hotkey, "p", b"d", wallet.sign("p", b"d"))) == (told, True)


def test_a_chain_is_written_to_without_a_coldkey(encrypted: Path, tmp_path: Path) -> None:
    wallet = open_wallet("vali", "plain", encrypted)
    node = genesis(tmp_path / "chain", block_time_s=0.05)
    rules = Hyperparameters(commit_reveal=False, weights_rate_limit=0)
    Root(node).create_subnet(NetUid(1), wallet.coldkey, wallet.hotkey, rules)
    chain = connect(str(tmp_path / "chain"))
    answers = [
        chain.commit(NetUid(1), wallet, raw=b"clear"),
        chain.commit(NetUid(1), wallet, raw=b"clear", sealed=chain.seal("text", Block(20))),
        chain.set_weights(NetUid(1), wallet, {Uid(0): 1.0}),
    ]
    chain.close()
    node.close()
    assert [type(answer) for answer in answers] == [Included] * 3


def test_an_encrypted_hotkey_opens_by_the_environment(encrypted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(password_variable(hotkey_file(encrypted)), PASSWORD)
    wallet = open_wallet("vali", "locked", encrypted)
    assert verify(wallet.hotkey, "p", b"d", wallet.sign("p", b"d"))


def test_a_wrong_password_of_the_environment_names_its_variable_and_not_itself(
    encrypted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = hotkey_file(encrypted)
    monkeypatch.setenv(password_variable(file), "opensesame!!")
    with pytest.raises(WalletError) as caught:
        open_wallet("vali", "locked", encrypted)
    assert str(caught.value) == (
        f"the password in {password_variable(file)} does not open key file {file}: give the one it was encrypted with"
    )


def test_the_variable_is_the_sdks_own() -> None:
    assert password_variable(Path("/home/me/.bittensor/wallets/vali/hotkeys/default")) == (
        "BT_PW__HOME_ME__BITTENSOR_WALLETS_VALI_HOTKEYS_DEFAULT"
    )


def test_without_a_terminal_nothing_is_asked(encrypted: Path) -> None:
    file = hotkey_file(encrypted)
    with pytest.raises(WalletError) as caught:
        open_wallet("vali", "locked", encrypted)
    assert str(caught.value) == (
        f"key file {file} is encrypted and there is no terminal to ask for its password: put it into "
        f"{password_variable(file)}, or start from a terminal"
    )


def test_at_a_terminal_a_password_may_be_mistyped_and_is_never_shown(encrypted: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from chain.signing import open_wallet; "
        "print(open_wallet('vali', 'locked', Path(sys.argv[1])).hotkey)"
    )
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(encrypted)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )
    os.close(theirs)
    shown = b""
    for typed in ("mistyped", PASSWORD):
        while not shown.endswith(b": "):
            shown += os.read(ours, 1024)
        os.write(ours, typed.encode() + b"\n")
        shown += b"|"
    stdout, _ = child.communicate(timeout=60)
    while more := _rest(ours):
        shown += more
    os.close(ours)
    assert (child.returncode, stdout.decode().strip()[:1], shown.count(b"Password of key file")) == (0, "5", 2)
    assert (b"mistyped" in shown, PASSWORD.encode() in shown) == (False, False)


def _rest(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1024)
    except OSError:  # how a terminal that nobody writes to any more ends
        return b""


def _swapped(folder: Path) -> None:
    (folder / "vali" / "hotkeys" / "plainpub.txt").write_text(json.dumps({"ss58Address": ALICE}))


def _ed25519(folder: Path) -> None:
    bt.Wallet("vali", "other", str(folder)).create_new_hotkey(suppress=True, crypto_type=0)
    (folder / "vali" / "hotkeys" / "other").rename(hotkey_file(folder, "plain"))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no hotkey": (
        lambda folder: hotkey_file(folder, "plain").unlink(),
        r"wallet vali/plain has no key file .*/hotkeys/plain: create it with `btcli wallet create`",
    ),
    "no coldkeypub": (
        lambda folder: (folder / "vali" / "coldkeypub.txt").unlink(),
        r"wallet vali/plain has no key file .*/coldkeypub\.txt: create it with `btcli wallet create`",
    ),
    "empty": (
        lambda folder: hotkey_file(folder, "plain").write_bytes(b""),
        r"key file .*/plain is malformed \(.*not keyfile JSON.*\): restore it",
    ),
    "binary": (
        lambda folder: hotkey_file(folder, "plain").write_bytes(b"\0\xff"),
        r"key file .*/plain is malformed \(.*not utf-8.*\): restore it",
    ),
    "cut short": (
        lambda folder: hotkey_file(folder, "plain").write_bytes(hotkey_file(folder, "plain").read_bytes()[:99]),
        r"key file .*/plain is malformed \(.*\): restore it",
    ),
    "of another address": (
        lambda folder: hotkey_file(folder, "plain").write_text(
            json.dumps(json.loads(hotkey_file(folder, "plain").read_text()) | {"ss58Address": ALICE})
        ),
        r"key file .*/plain is malformed \(ss58Address in keyfile does not match .*\): restore it",
    ),
    "public only": (
        lambda folder: hotkey_file(folder, "plain").write_text(json.dumps({"ss58Address": ALICE})),
        r"key file .*/plain cannot sign \(.*\): it holds a public half",
    ),
    "coldkeypub malformed": (
        lambda folder: (folder / "vali" / "coldkeypub.txt").write_text('{"ss58Address": "5x"}'),
        r"key file .*/coldkeypub\.txt is malformed \(invalid ss58 address.*\): restore it",
    ),
    "another key's public half beside it": (_swapped, r".*plainpub\.txt is of another key than .*/plain beside it"),
    "ed25519": (_ed25519, r"key file .*/plain is no sr25519 key, with which hotkeys sign"),
    "a folder": (
        lambda folder: (hotkey_file(folder, "plain").unlink(), hotkey_file(folder, "plain").mkdir()),
        r"key file .*/plain cannot be read \(Is a directory\): check its owner and its rights",
    ),
}


@pytest.mark.parametrize(("spoil", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_key_file_is_named_with_its_remedy(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    create_wallet("vali", "plain", tmp_path)
    spoil(tmp_path)
    with pytest.raises(WalletError, match=message):
        open_wallet("vali", "plain", tmp_path)


def test_a_name_that_no_wallet_can_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(WalletError, match=r"wallet 'a/b/c' with hotkey 'default' cannot be named so: "):
        open_wallet("a/b/c", "default", tmp_path)
