"""Multiple choice over facts of Python's standard library: which module has which function. The facts are a table that
`scripts/facts` made and a test holds against the running library; no exercise reads the library itself.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from evaluation.sources.content import Choice
from evaluation.sources.procedures.draws import Draws

TABLE = "facts.tsv"
_FEWEST, _MOST = 3, 8
"""How many answers there are to choose from."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A module of the standard library, and a function that it has and no other module of the table."""

    module: str
    function: str


@cache
def table() -> tuple[Fact, ...]:
    """All facts, in the order of the table."""
    text = files("evaluation.sources.procedures").joinpath(TABLE).read_text(encoding="ascii")
    return tuple(Fact(*line.split("\t")) for line in text.splitlines())


def facts(draws: Draws) -> Choice:
    """A question in one of three forms with 3 to 8 answers, of which one is right."""
    number = draws.between(_FEWEST, _MOST)
    prompt, right, wrong = draws.one_of((_module_of, _function_of, _stranger_to))(draws, number)
    answer = draws.below(number)
    choices = draws.some_of(wrong, number - 1)
    return Choice(prompt, (*choices[:answer], right, *choices[answer:]), answer)


Question = tuple[str, str, list[str]]
"""A prompt, the right answer, and enough wrong ones to choose from."""


def _module_of(draws: Draws, _: int) -> Question:
    fact = draws.one_of(table())
    wrong = [module for module in _functions() if module != fact.module]
    return f"Which module of Python's standard library has the function {fact.function}?\n", fact.module, wrong


def _function_of(draws: Draws, _: int) -> Question:
    fact = draws.one_of(table())
    prompt = f"Which of these functions does Python's standard library have in the module {fact.module}?\n"
    return prompt, fact.function, _elsewhere(fact.module)


def _stranger_to(draws: Draws, number: int) -> Question:
    modules = [module for module, functions in _functions().items() if len(functions) >= number - 1]
    module = draws.one_of(modules)
    prompt = f"Which of these functions does Python's standard library not have in the module {module}?\n"
    return prompt, draws.one_of(_elsewhere(module)), list(_functions()[module])


def _elsewhere(module: str) -> list[str]:
    return [fact.function for fact in table() if fact.module != module]


@cache
def _functions() -> dict[str, tuple[str, ...]]:
    """Every module with its functions, in the order of the table."""
    modules = dict.fromkeys(fact.module for fact in table())
    return {module: tuple(fact.function for fact in table() if fact.module == module) for module in modules}
