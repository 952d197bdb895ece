"""Limits of norms: hard for each matrix, soft for each kind of matrix by itself, and none for the rest."""

import pytest

from models.norms import NormLimits, norm_fault

NORMAL = {
    f"model.layers.{layer}.{part}.weight": 20.0
    for layer in range(20)
    for part in (
        *(f"self_attn.{kind}_proj" for kind in "qkvo"),
        *(f"mlp.{kind}_proj" for kind in ("gate", "up", "down")),
    )
}


def above(kind: str, layers: int, norm: float) -> dict[str, float]:
    return {f"model.layers.{layer}.{kind}_proj.weight": norm for layer in range(layers)}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        (above("self_attn.q", 3, 999.0), None),
        (above("self_attn.q", 3, 999.0) | above("mlp.up", 3, 200.5), None),
        (
            above("self_attn.q", 4, 201.0),
            "q_proj of 4 of 20 layers has a norm above 200, first model.layers.0.self_attn.q_proj.weight; "
            "at most 15% may; train with weight decay",
        ),
        (above("self_attn.k", 20, 200.0), None),
        (
            above("mlp.down", 1, 1000.5),
            "model.layers.0.mlp.down_proj.weight has the norm 1000.5; the limit is 1000; train with weight decay",
        ),
        (
            above("self_attn.o", 1, float("nan")),
            "model.layers.0.self_attn.o_proj.weight has the norm nan; the limit is 1000; train with weight decay",
        ),
        (above("mlp.gate", 20, 5000.0), None),
        ({"model.norm.weight": 5000.0, "lm_head.weight": 5000.0, "model.layers.0.self_attn.q_proj.bias": 5000.0}, None),
    ],
)
def test_matrices_are_held_to_the_limits_kind_by_kind(changed: dict[str, float], fault: str | None):
    assert norm_fault(NORMAL | changed, NormLimits()) == fault
