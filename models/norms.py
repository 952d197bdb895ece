"""Which norms a model's matrices may have: what trained them shows in no benchmark when their numbers explode.

The rule of the fine-tuning subnets: queries, keys, values, outputs, up and down of each layer, each kind by itself.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

_MATRIX = re.compile(r".*\.(?:self_attn\.([qkvo])_proj|mlp\.(up|down)_proj)\.weight", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class NormLimits:
    """Bounds on the Euclidean (Frobenius) norm of a matrix: above `hard` none may be, above `soft` few.

    Of each kind of matrix, at most `soft_share` of the layers may be above `soft`.
    """

    soft: float = 200.0
    soft_share: float = 0.15
    hard: float = 1000.0


def norm_fault(norms: Mapping[str, float], limits: NormLimits) -> str | None:
    """What is wrong with these norms (tensor name → norm), as one line; None where they keep the limits."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in sorted(norms):
        if found := _MATRIX.fullmatch(name):
            kinds[found[1] or found[2]].append(name)
    for names in kinds.values():
        for name in names:
            if not norms[name] <= limits.hard:
                return f"{name} has the norm {norms[name]:.6g}; the limit is {limits.hard:g}; train with weight decay"
    for kind, names in sorted(kinds.items()):
        above = [name for name in names if norms[name] > limits.soft]
        if len(above) > limits.soft_share * len(names):
            return (
                f"{kind}_proj of {len(above)} of {len(names)} layers has a norm above {limits.soft:g}, "
                f"first {above[0]}; at most {limits.soft_share:.0%} may; train with weight decay"
            )
    return None
