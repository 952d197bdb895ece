"""What people who share one Hub do with the vendor's own client, unmodified, before and after the Hub was killed.

Run as a process of its own, `hub_clients.py before|after|xet WORK REPORT`, by test_unmodified_clients.py: the client
reads its environment when imported. Writes one JSON object of what was seen.
"""

import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError

PART, WORK, REPORT = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
ALICE, BOB = os.environ["ALICE"], os.environ["BOB"]
WRITERS = 30
WEIGHTS = bytes(range(256)) * 5000
alice, bob, visitor = HfApi(token=ALICE), HfApi(token=BOB), HfApi(token=False)


def told(call: object, *arguments: object, **options: object) -> str:
    """The error a call raises, "done" without one."""
    try:
        call(*arguments, **options)
    except HfHubHTTPError as error:
        return f"{type(error).__name__} {error.response.status_code}"
    except Exception as error:  # noqa: BLE001 (the report says what it was)
        return f"{type(error).__name__} {error}"
    return "done"


def snapshot(token: str | bool, revision: str, **options: object) -> dict[str, int]:
    """Path → size of what a snapshot brings into a cache of its own."""
    cache = tempfile.mkdtemp(dir=WORK)
    folder = Path(snapshot_download("alice/shared", revision=revision, token=token, cache_dir=cache, **options))
    return {str(file.relative_to(folder)): file.stat().st_size for file in sorted(folder.rglob("*")) if file.is_file()}


def download(token: str | bool, repo: str, revision: str, file: str) -> str:
    """What comes of a download into a cache of its own."""
    cache = tempfile.mkdtemp(dir=WORK)
    return told(hf_hub_download, repo, file, revision=revision, token=token, cache_dir=cache)


def concurrent_commits(seen: dict[str, object]) -> None:
    """Thirty clients commit to one repository at the same time, a large and a small file each."""
    alice.create_repo("alice/busy")

    def commit(number: int) -> str:
        folder = Path(tempfile.mkdtemp(dir=WORK))
        (folder / f"{number}.bin").write_bytes(b"%d" % number * 100)
        (folder / f"{number}.txt").write_text(str(number))
        return HfApi(token=ALICE).upload_folder(repo_id="alice/busy", folder_path=folder).oid

    with ThreadPoolExecutor(WRITERS) as pool:
        oids = list(pool.map(commit, range(WRITERS)))
    history = [commit.commit_id for commit in alice.list_repo_commits("alice/busy")]
    files = alice.list_repo_files("alice/busy", revision=history[0])
    seen["concurrent"] = [len(set(oids)), set(oids) == set(history[:-1]), len(history), len(files)]


def gated_and_granted(seen: dict[str, object]) -> str:
    """Private, then public, then gated, then granted; returns the revision."""
    alice.create_repo("alice/shared", private=True)
    revision = alice.upload_file(path_or_fileobj=WEIGHTS, path_in_repo="model.safetensors", repo_id="alice/shared").oid
    seen["private"] = [told(bob.model_info, "alice/shared"), told(visitor.model_info, "alice/shared")]
    alice.update_repo_settings("alice/shared", visibility="public")
    seen["public"] = snapshot(False, revision)
    alice.update_repo_settings("alice/shared", gated="manual")
    seen["gated"] = visitor.model_info("alice/shared").gated
    readers = (False, BOB, ALICE)
    seen["while gated"] = [download(token, "alice/shared", revision, "model.safetensors") for token in readers]
    seen["snapshot while gated"] = told(snapshot, BOB, revision)
    seen["auth check"] = [told(bob.auth_check, "alice/shared"), told(alice.auth_check, "alice/shared")]
    seen["grant by another"] = told(bob.grant_access, "alice/shared", "bob")
    alice.grant_access("alice/shared", "bob")
    seen["accepted"] = [request.username for request in alice.list_accepted_access_requests("alice/shared")]
    seen["once granted"] = [download(token, "alice/shared", revision, "model.safetensors") for token in readers]
    seen["only some"] = snapshot(BOB, revision, allow_patterns=["*.safetensors"])
    return revision


def before() -> dict[str, object]:
    """On a new Hub."""
    seen: dict[str, object] = {}
    concurrent_commits(seen)
    revision = gated_and_granted(seen)
    api = HfApi(token=BOB)
    api.create_repo("bob/notes", repo_type="dataset", private=True)
    notes = [
        api.upload_file(
            path_or_fileobj=text.encode(), path_in_repo="a.txt", repo_id="bob/notes", repo_type="dataset"
        ).oid
        for text in ("one", "two")
    ]
    (WORK / "kept.json").write_text(json.dumps({"shared": revision, "notes": notes}))
    return seen


def after() -> dict[str, object]:
    """On the same Hub, killed and started again."""
    kept = json.loads((WORK / "kept.json").read_text())
    readers = (False, BOB, ALICE)
    notes = [
        Path(hf_hub_download("bob/notes", "a.txt", revision=oid, repo_type="dataset", token=BOB)).read_text()
        for oid in kept["notes"]
    ]
    snapshot_download("alice/shared", token=ALICE)
    alice.cancel_access_request("alice/shared", "bob")
    return {
        "commits": len(alice.list_repo_commits("alice/busy")),
        "head": alice.model_info("alice/shared").sha == kept["shared"],
        "notes": notes,
        "bob's is private": told(alice.dataset_info, "bob/notes"),
        "once cancelled": [download(token, "alice/shared", kept["shared"], "model.safetensors") for token in readers],
        "verified": len(alice.verify_repo_checksums("alice/shared", cache_dir=None).mismatches),
        "goes on": told(
            alice.upload_file, path_or_fileobj=b"more" * 9, path_in_repo="more.bin", repo_id="alice/shared"
        ),
    }


def xet() -> dict[str, object]:
    """With the client's large-file storage left on, a small file goes and a large one says what to do."""
    alice.create_repo("alice/xet", exist_ok=True)
    small = told(alice.upload_file, path_or_fileobj=b"{}", path_in_repo="config.json", repo_id="alice/xet")
    file = WORK / "model.safetensors"
    file.write_bytes(WEIGHTS)
    large = told(alice.upload_file, path_or_fileobj=file, path_in_repo="model.safetensors", repo_id="alice/xet")
    return {"small": small, "large": large}


REPORT.write_text(json.dumps({"before": before, "after": after, "xet": xet}[PART]()))
