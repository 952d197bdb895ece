"""The two commands of `crucible miner` that train: a base from scratch, and a fine-tune of one."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from competitions.spec import Competition
from console.options import AsJson, Network, say
from hub.port import Hub
from models import publishing
from models.rejections import Rejection
from models.vetting import vet
from neurons import tables
from neurons.actors import open_chain, open_hub
from neurons.budget import Budget
from neurons.errors import MinerError
from neurons.material import gather, kinds_of, published_datasets
from neurons.miner import rules_of
from neurons.model_source import local_folder, require_empty
from neurons.options import HubEndpoint, TableName
from neurons.progress import Advance, bar, in_lines
from neurons.settings import read_settings

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the model; it must be new or empty.")]
Steps = Annotated[int | None, typer.Option("--steps", help="Optimizer steps.", min=1)]
Seconds = Annotated[float | None, typer.Option("--seconds", help="Stop after this long, whatever --steps says.", min=1)]
Seed = Annotated[int, typer.Option("--seed", help="Seed of initial weights and order.")]

_STEPS = 150


def base(
    out: Out,
    preset: Annotated[Literal["demo", "pocket"], typer.Option(help="2.6 million or 43 thousand parameters.")] = "demo",
    steps: Steps = None,
    seconds: Seconds = None,
    seed: Seed = 0,
    publish: Annotated[str | None, typer.Option(help="Publish it at once in this public repository.")] = None,
    hub_endpoint: HubEndpoint = None,
    as_json: AsJson = False,
) -> None:
    """Train a tiny base model and its tokenizer from scratch, on the Python language reference."""
    require_empty(out)
    settings = read_settings(hub_endpoint=hub_endpoint)
    if publish:
        open_hub(settings).whoami()
    from neurons import training  # loads torch: seconds that other commands need not pay

    budget = Budget(steps, seconds) if steps or seconds else None
    with bar("training a base") as advance:
        trained = training.train_base(out, preset, budget, seed=seed, report=_with_loss(advance))
    told = _told(trained)
    if publish:
        told |= _published_base(open_hub(settings), publish, out)
    say(told, as_json, lambda: in_lines(told))


def train(
    out: Out,
    competition: Annotated[str, typer.Option("--competition", "-c", help="Name of the competition.")],
    base: Annotated[str, typer.Option("--base", "-b", help="Where to start: a folder, or namespace/name(@revision).")],
    steps: Steps = None,
    seconds: Seconds = None,
    learning_rate: Annotated[float, typer.Option("--lr", help="Peak learning rate.", min=0)] = 1e-3,
    batch: Annotated[int, typer.Option(help="Samples per step.", min=1)] = 8,
    seed: Seed = 0,
    dataset: Annotated[
        list[str] | None,
        typer.Option(help="Dataset of samples, repeatable; otherwise what the producers committed."),
    ] = None,
    network: Network = None,
    hub_endpoint: HubEndpoint = None,
    table: TableName = None,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a base on what the competition's producers have published so far."""
    settings = read_settings(network=network, hub_endpoint=hub_endpoint, table=table)
    require_empty(out)
    rules, hub = rules_of(tables.load(settings.table), competition), open_hub(settings)
    datasets = tuple(dataset or ()) or published_datasets(open_chain(settings), rules)
    with bar("reading samples") as advance:
        material = gather(hub, datasets, kinds_of(rules), lambda done, of: advance(done / of, f"batch {done} of {of}"))
    with ExitStack() as stack:
        start = _start(hub, base, rules, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        from neurons.trainer import Hyperparameters  # with torch: seconds that other commands need not pay
        from neurons.training import fine_tune

        tuning = Hyperparameters(batch, learning_rate, seed)
        budget = Budget(steps or (None if seconds else _STEPS), seconds)
        report = _with_loss(stack.enter_context(bar("fine-tuning")))
        trained = fine_tune(start, out, material, budget, tuning, report)
    told = _told(trained) | {"base": base, "samples": len(material), "datasets": list(datasets)}
    say(told, as_json, lambda: in_lines(told))


def _start(hub: Hub, base: str, rules: Competition, scratch: Path) -> Path:
    """A folder to start from: the miner's own as it is, a stranger's repository only in its vetted form."""
    folder = local_folder(hub, base, rules.limits, scratch / "fetched")
    if folder != scratch / "fetched":
        return folder
    vetted = vet(folder, scratch / "clean", rules.limits)
    if isinstance(vetted, Rejection):
        raise MinerError(f"base {base} is refused as {vetted.reason}: {vetted.detail}")
    return scratch / "clean"


def _published_base(hub: Hub, repo: str, folder: Path) -> dict[str, Any]:
    published = publishing.publish(hub, repo, folder)
    if isinstance(published, Rejection):
        raise MinerError(f"the base is refused as {published.reason}: {published.detail}")
    hub.set_visibility(repo, "model", private=False)
    return {"repo": repo, "revision": published.revision, "digest": published.digest}


def _told(trained: Any) -> dict[str, Any]:
    run = trained.run
    return {
        "folder": str(trained.folder),
        "parameters": trained.parameters,
        "steps": run.steps,
        "seconds": round(run.seconds, 1),
        "first_loss": round(run.first_loss, 4),
        "last_loss": round(run.last_loss, 4),
    }


def _with_loss(advance: Advance) -> Any:
    return lambda share, loss: advance(share, f"loss {loss:.3f}")
