"""`crucible producer`: make, sign and publish samples for as long as it runs."""

import dataclasses
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from chain.reader import ChainError
from chain.types import BlockCount
from competitions.toml_records import TableError
from console.options import AsJson, Netuid, Network, WalletHotkey, WalletName, WalletPath, app_for, say
from hub.port import HubError
from neurons import logs
from neurons.actors import open_actors
from neurons.endpoint import Bounds
from neurons.errors import NeuronError
from neurons.options import HubEndpoint
from neurons.pool_cli import pool
from neurons.producer import INTERVAL, Producer, Published
from neurons.progress import in_lines, stop_on_signals
from neurons.recipe import Recipe, asked, part_of
from neurons.secret import kept_secret
from neurons.settings import read_settings

app = app_for("Produce samples for validators.", ChainError, HubError, NeuronError, TableError)
app.command()(pool)

_TEMPLATES = (
    "File of templates for prompts: UTF-8 text, one or more with a line of --- between them. $passage stands for a "
    "passage of local text, $name for what it documents, $$ for a dollar."
)
Url = Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint that answers, as http://…/v1.")]
AnswerTokens = Annotated[int | None, typer.Option(help="Sent as max_tokens; answers it cuts are not used.", min=1)]
KeyEnv = Annotated[str | None, typer.Option(help="Environment variable that holds the endpoint's key.")]
Part = Annotated[str, typer.Option("--slice", help="Share of the local text, such as 1/2, disjoint from 2/2.")]


@app.command()
def run(
    repo: Annotated[str, typer.Option("--repo", "-r", help="Public dataset repository, namespace/name.")],
    interval_blocks: Annotated[int, typer.Option(help="Blocks between two batches.", min=1)] = INTERVAL,
    pairs: Annotated[int, typer.Option(help="Question/answer pairs a batch, from local text.", min=0)] = 150,
    texts: Annotated[int, typer.Option(help="Texts a batch, from local text.", min=0)] = 60,
    exercises: Annotated[int, typer.Option(help="Generated exercises (pairs) a batch.", min=0)] = 0,
    choices: Annotated[int, typer.Option(help="Multiple-choice questions a batch.", min=0)] = 0,
    instructions: Annotated[int, typer.Option(help="Instructions with rules a batch.", min=0)] = 0,
    base_url: Url = None,
    model: Annotated[str | None, typer.Option(help="The endpoint's model.")] = None,
    prompts: Annotated[Path | None, typer.Option(help=_TEMPLATES)] = None,
    answers: Annotated[int, typer.Option(help="Prompts a batch; each answer becomes a pair.", min=1)] = 50,
    answer_tokens: AnswerTokens = None,
    answer_timeout_s: Annotated[float, typer.Option(help="Longest silence of the endpoint.", min=0.1)] = 60.0,
    batch_timeout_s: Annotated[float, typer.Option(help="Time for all answers of a batch.", min=0.1)] = 300.0,
    at_once: Annotated[int, typer.Option(help="Requests to the endpoint at the same time.", min=1)] = 4,
    api_key_env: KeyEnv = None,
    part: Part = "1/1",
    seed: Annotated[
        str | None,
        typer.Option(help="For tests: who knows it has the samples before they are made. Without it, nobody does."),
    ] = None,
    keep: Annotated[int, typer.Option(help="Batches left in the dataset; older ones go.", min=1)] = 200,
    batches: Annotated[int | None, typer.Option(help="Stop after so many batches.", min=1)] = None,
    network: Network = None,
    netuid: Netuid = None,
    wallet: WalletName = None,
    wallet_hotkey: WalletHotkey = None,
    wallet_path: WalletPath = None,
    hub_endpoint: HubEndpoint = None,
    as_json: AsJson = False,
) -> None:
    """Publish a batch of signed samples every few blocks, until SIGTERM or Ctrl-C."""
    logs.configure()
    settings = read_settings(
        network=network,
        netuid=netuid,
        wallet_name=wallet,
        wallet_hotkey=wallet_hotkey,
        wallet_path=wallet_path,
        hub_endpoint=hub_endpoint,
    )
    bounds = Bounds(answer_timeout_s, batch_timeout_s, at_once=at_once, answer_tokens=answer_tokens)
    endpoint = asked(base_url, model, prompts, api_key_env, bounds, answers)
    generated = {"exercises": exercises, "choices": choices, "instructions": instructions}
    recipe = Recipe(pairs, texts, generated, endpoint, part_of(part))
    actors = open_actors(settings)
    stop = stop_on_signals()
    order = seed or kept_secret(settings.folder() / f"producer-{actors.wallet.hotkey}.secret")
    portion = recipe.portion(order, stop)
    net = actors.chain, actors.chain, actors.hub, actors.wallet, actors.netuid
    producer = Producer(*net, repo, portion, BlockCount(interval_blocks), keep)
    told = _produce(producer, stop, batches)
    say(told, as_json, lambda: in_lines(told))


def _produce(producer: Producer, stop: threading.Event, batches: int | None) -> dict[str, Any]:
    """Run until told to stop or enough was published; what was published last, and how much."""
    published: list[Published] = []
    producer.check()

    def count(batch: Published) -> None:
        published.append(batch)
        if len(published) == batches:
            stop.set()

    producer.run(stop, count)
    newest = dataclasses.asdict(published[-1].pointer) if published else {}
    return {"batches": len(published), "samples": sum(batch.samples for batch in published)} | newest
