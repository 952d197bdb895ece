"""What a chain file holds, row by row, to compare two of them."""

from typing import Any

from chain.embedded.node import Node


def contents(node: Node) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a chain file that a reader can see."""
    tables = ("blocks", "storage", "events", "extrinsics", "pool")
    return {table: node.file._rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}
