"""Every procedure by the name a table calls it."""

from collections.abc import Callable, Mapping

from evaluation.sources.content import Content
from evaluation.sources.procedures.arithmetic import arithmetic
from evaluation.sources.procedures.brackets import brackets
from evaluation.sources.procedures.draws import Draws
from evaluation.sources.procedures.facts import facts
from evaluation.sources.procedures.rules import rules
from evaluation.sources.procedures.word_sorting import word_sorting
from evaluation.sources.spec import Procedure

PROCEDURES: Mapping[Procedure, Callable[[Draws], Content]] = {
    "word_sorting": word_sorting,
    "brackets": brackets,
    "arithmetic": arithmetic,
    "rules": rules,
    "facts": facts,
}
