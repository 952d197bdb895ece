"""`crucible producer`: make, sign and publish samples from real text for as long as it runs."""

import dataclasses
import re
from typing import Annotated, Any

import typer

from chain.reader import ChainError
from chain.types import BlockCount
from console.options import AsJson, Netuid, Network, WalletHotkey, WalletName, WalletPath, app_for, say
from hub.port import HubError
from neurons import corpus, logs
from neurons.actors import Actors, open_actors
from neurons.deck import Deck, shared_out
from neurons.errors import NeuronError, ProducerError
from neurons.options import HubEndpoint
from neurons.producer import Portion, Producer, Published
from neurons.progress import in_lines, stop_on_signals
from neurons.settings import read_settings

app = app_for("Produce samples for validators.", ChainError, HubError, NeuronError)


@app.command()
def run(
    repo: Annotated[str, typer.Option("--repo", "-r", help="Public dataset repository, namespace/name.")],
    interval_blocks: Annotated[int, typer.Option(help="Blocks between two batches.", min=1)] = 50,
    pairs: Annotated[int, typer.Option(help="Question/answer pairs a batch.", min=0)] = 150,
    texts: Annotated[int, typer.Option(help="Texts a batch.", min=0)] = 60,
    part: Annotated[str, typer.Option("--slice", help="Share of the corpus, such as 1/2, disjoint from 2/2.")] = "1/1",
    seed: Annotated[str | None, typer.Option(help="Seed of the order; without it, the hotkey.")] = None,
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
    number, of = _part(part)
    actors = open_actors(settings)
    order = seed or actors.wallet.hotkey
    stock = (shared_out(corpus.pairs(), number, of), shared_out(corpus.passages(), number, of))
    portion = Portion(Deck(stock[0], f"{order}/pairs"), Deck(stock[1], f"{order}/texts"), pairs, texts)
    told = _produce(actors, repo, portion, BlockCount(interval_blocks), batches)
    say(told, as_json, lambda: in_lines(told))


def _produce(actors: Actors, repo: str, portion: Portion, interval: BlockCount, batches: int | None) -> dict[str, Any]:
    """Run until told to stop or enough was published; what was published last, and how much."""
    stop, published = stop_on_signals(), list[Published]()
    producer = Producer(actors.chain, actors.chain, actors.hub, actors.wallet, actors.netuid, repo, portion)
    producer.check()

    def count(batch: Published) -> None:
        published.append(batch)
        if len(published) == batches:
            stop.set()

    producer.run(stop, interval, count)
    newest = dataclasses.asdict(published[-1].pointer) if published else {}
    return {"batches": len(published), "samples": sum(batch.samples for batch in published)} | newest


def _part(text: str) -> tuple[int, int]:
    """`2/3` as (1, 3). Raises ProducerError."""
    match = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise ProducerError(f"slice {text!r} is no share of the corpus: give --slice like 1/2, the first of two")
    return number - 1, of
