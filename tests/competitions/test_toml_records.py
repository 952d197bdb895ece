"""Records from TOML: each fault in a line, with its place, its value and what is known instead."""

from dataclasses import dataclass
from typing import Any

import pytest

from competitions.toml_records import TableError, built


@dataclass(frozen=True)
class Leaf:
    size: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tree:
    name: str
    leaf: Leaf
    leaves: tuple[Leaf, ...] = ()
    spare: Leaf | None = None


WHOLE = {"name": "oak", "leaf": {"size": 1}, "leaves": ({"size": 2}, {"size": 3, "names": ("a", "b")})}


def test_values_become_records_at_every_depth() -> None:
    assert built(WHOLE | {"spare": {"size": 4}}, Tree, ("tree",)) == Tree(
        "oak", Leaf(1), (Leaf(2), Leaf(3, ("a", "b"))), Leaf(4)
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"age": 3}, "tree.age: unknown field; known are leaf, leaves, spare"),
        ({"leaf": {"size": 1, "sise": 1}}, "tree.leaf.sise: unknown field; known are names, size"),
        ({"leaves": ({"size": 1}, {"sise": 1})}, "tree.leaves[1].sise: unknown field; known are names, size"),
        ({"spare": {"sise": 1}}, "tree.spare.sise: unknown field; known are names, size"),
        (
            {"age": 3, "leaf": {"sise": 1}},
            "tree.age: unknown field; known are leaf, leaves, spare\n"
            "tree.leaf.sise: unknown field; known are names, size",
        ),
        ({"leaf": {}}, "tree.leaf.size: field required"),
        (
            {"leaf": {"size": "big"}},
            "tree.leaf.size: input should be a valid integer, unable to parse string as an integer (it is 'big')",
        ),
        (
            {"name": 3, "leaf": {}},
            "tree.name: input should be a valid string (it is 3)\ntree.leaf.size: field required",
        ),
    ],
    ids=["unknown", "inside", "in a list", "optional", "two depths", "missing", "no number", "two faults"],
)
def test_every_fault_has_a_line_with_its_place(change: dict[str, Any], told: str) -> None:
    with pytest.raises(TableError) as refused:
        built(WHOLE | change, Tree, ("tree",))
    assert str(refused.value) == told


def test_places_of_the_table_itself_begin_with_their_field_and_what_is_no_record_with_its_own() -> None:
    with pytest.raises(TableError) as inside:
        built(WHOLE | {"leaf": {}}, Tree, ())
    with pytest.raises(TableError) as whole:
        built(3, Leaf, ("tree", "leaf"))
    assert str(inside.value) == "leaf.size: field required"
    assert str(whole.value) == "tree.leaf: input should be a dictionary or an instance of leaf (it is 3)"
