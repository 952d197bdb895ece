"""Bringing the embedded network up and down: chain, Hub and producers, then a validator and its leaderboard."""

import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from localnet import actors
from localnet.actors import Actor, Running
from localnet.cast import Cast
from localnet.founding import found
from localnet.place import LocalnetError, Place, Taken
from localnet.scenario import PRODUCERS, Scenario

_PATIENCE_S = 60.0
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Network:
    """A network that is up: where its Hub and its leaderboard answer."""

    place: Place
    cast: Cast
    hub: str
    leaderboard: str


def up(
    place: Place,
    scenario: Scenario,
    say: Callable[[str], None],
    *,
    hub_port: int = 0,
    board_port: int = 0,
    keep_failed: bool = False,
) -> Network:
    """Found a network and start its standing actors; who is interrupted or fails leaves no process behind.

    Raises Taken before anything is begun, LocalnetError with the log's end where an actor fails. A failed network's
    folder is removed, unless `keep_failed`.
    """
    for port, option in ((hub_port, "--hub-port"), (board_port, "--board-port")):
        _require_free(port, option)
    place.claim()
    try:
        found(place, scenario)
        return _started(place, scenario, say, hub_port or free_port(), board_port or free_port())
    except BaseException:
        down(place, purge=not keep_failed)
        raise


def _started(place: Place, scenario: Scenario, say: Callable[[str], None], hub_port: int, board_port: int) -> Network:
    hub, leaderboard = f"http://127.0.0.1:{hub_port}", f"http://127.0.0.1:{board_port}"
    cast = Cast(place, scenario, hub)
    say("starting the chain and the Hub")
    actors.start(place, cast.chain())
    _start(place, cast.hub(hub_port), lambda: listens(hub_port))
    say("starting two producers and the validator")
    for number, person in enumerate(PRODUCERS, start=1):
        actors.start(place, cast.producer(person, number, len(PRODUCERS)))
    _start(place, cast.validator(), place.ledger.is_file)
    say("starting the leaderboard")
    _start(place, cast.leaderboard(board_port), lambda: answers(f"{leaderboard}/healthz"))
    if gone := actors.dead(place):
        raise LocalnetError(f"{gone.name} did not start: {actors.tail(gone.log)}")
    place.publish_addresses(hub, leaderboard)
    return Network(place, cast, hub, leaderboard)


def down(place: Place, say: Callable[[str], None] = lambda _: None, *, purge: bool = False) -> tuple[str, ...]:
    """Stop every actor, the newest first, and return their names; `purge` removes the folder as well."""
    running = sorted(actors.all_running(place), key=lambda one: -one.created)
    for one in running:
        say(f"stopping {one.name}")
        actors.stop(one)
    if purge:
        shutil.rmtree(place.root, ignore_errors=True)
    return tuple(one.name for one in running)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _require_free(port: int, option: str) -> None:
    """Raises Taken where another program listens on a port that was asked for; 0 asks for none."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        cause = os.strerror(error.errno or 0)  # the exception's own text repeats the address
        raise Taken(f"cannot listen on 127.0.0.1:{port} ({cause}): choose another by {option}") from None


def answers(url: str) -> bool:
    """Whether a server answers a request well."""
    try:
        return httpx.get(url, timeout=2.0).is_success
    except httpx.HTTPError:
        return False


def listens(port: int) -> bool:
    """Whether anybody listens on a port of the loopback interface."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _start(place: Place, actor: Actor, ready: Callable[[], bool]) -> Running:
    running = actors.start(place, actor)
    until = time.monotonic() + _PATIENCE_S
    while True:
        found_ready = ready()
        if not actors.is_alive(running) or time.monotonic() > until:
            raise LocalnetError(f"{actor.name} did not start: {actors.tail(running.log)}")
        if found_ready:  # and alive: it is the actor itself that answers
            return running
        time.sleep(_LOOK_S)
