"""Block 0 and everybody's accounts: wallets, two subnets, registrations, stakes, and users of the Hub."""

from chain.embedded.genesis import genesis
from chain.embedded.hyperparameters import Hyperparameters
from chain.embedded.root import Root
from chain.signing import Wallet, create_wallet
from chain.types import NetUid
from localnet.hub_server.store import HubStore
from localnet.place import Place
from localnet.scenario import DATA_SUBNET, OWNER, PEOPLE, SUBNET, Scenario

_GIFT = 1_000.0
"""TAO that everybody's coldkey begins with."""


def found(place: Place, scenario: Scenario) -> None:
    """Make a network in a place that has none."""
    place.root.mkdir(parents=True, exist_ok=True)
    store = HubStore(place.hub)
    place.remember(scenario, {person.name: store.add_user(person.name) for person in (OWNER, *PEOPLE)})
    node = genesis(place.chain, block_time_s=scenario.block_time_s)
    try:
        root = Root(node)
        owner = create_wallet(OWNER.name, OWNER.hotkey, place.wallets)
        for netuid, name in ((SUBNET, "crucible"), (DATA_SUBNET, "samples")):
            _create_subnet(root, netuid, name, owner, scenario)
        for person in PEOPLE:
            wallet = create_wallet(person.name, person.hotkey, place.wallets)
            root.fund(wallet.coldkey, _GIFT)
            root.register(person.netuid, wallet.hotkey, wallet.coldkey)
            if person.stake:
                root.stake(person.netuid, wallet.hotkey, person.stake)
    finally:
        node.close()


def _create_subnet(root: Root, netuid: NetUid, name: str, owner: Wallet, scenario: Scenario) -> None:
    rules = Hyperparameters(tempo=scenario.tempo, weights_rate_limit=scenario.weights_rate_limit)
    root.create_subnet(netuid, owner.coldkey, owner.hotkey, rules, name)
