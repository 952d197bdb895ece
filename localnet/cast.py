"""The actors of an embedded network: which public command each one is, and what its environment adds."""

from dataclasses import dataclass

from localnet.actors import Actor
from localnet.place import Place
from localnet.scenario import OWNER, SUBNET, VALIDATOR, Person, Scenario


@dataclass(frozen=True, slots=True)
class Cast:
    """Makes actors; the Hub's address is known once it listens."""

    place: Place
    scenario: Scenario
    hub_endpoint: str = ""

    def chain(self) -> Actor:
        """Makes blocks."""
        return Actor("chain", ("localnet", "chain", "run", "--home", str(self.place.root)), {})

    def hub(self, port: int) -> Actor:
        """Serves the Hub."""
        return Actor("hub", ("localnet", "hub", "run", "--home", str(self.place.root), "--port", str(port)), {})

    def producer(self, person: Person, number: int, of: int) -> Actor:
        """Makes signed samples."""
        arguments = (
            *("producer", "run", "--repo", f"{person.name}/samples"),
            *("--interval-blocks", str(self.scenario.batch_interval_blocks)),
            *("--pairs", str(self.scenario.batch_pairs), "--texts", str(self.scenario.batch_texts)),
            *("--slice", f"{number}/{of}"),
        )
        return Actor(person.name, arguments, self.neuron(person))

    def validator(self) -> Actor:
        """Judges and sets weights."""
        return Actor(VALIDATOR.name, ("validator", "run"), self.neuron(VALIDATOR))

    def leaderboard(self, port: int) -> Actor:
        """Shows the ledger."""
        arguments = ("leaderboard", "serve", "--ledger", str(self.place.ledger), "--port", str(port))
        return Actor("leaderboard", arguments, {})

    def once(self, person: Person, *arguments: str, threads: int = 1) -> Actor:
        """One command of a person; trainings side by side get a core each."""
        return Actor(person.name, arguments, self.neuron(person) | {"OMP_NUM_THREADS": str(threads)})

    def neuron(self, person: Person) -> dict[str, str]:
        """What any neuron is told: network, subnet, wallet, Hub and table."""
        return {
            "CRUCIBLE_NETWORK": str(self.place.chain),
            "CRUCIBLE_NETUID": str(person.netuid if person is not OWNER else SUBNET),
            "CRUCIBLE_WALLET_PATH": str(self.place.wallets),
            "CRUCIBLE_WALLET_NAME": person.name,
            "CRUCIBLE_WALLET_HOTKEY": person.hotkey,
            "CRUCIBLE_TABLE": self.scenario.table,
            "HF_ENDPOINT": self.hub_endpoint,
            "HF_TOKEN": self.place.token(person.name),
        }
