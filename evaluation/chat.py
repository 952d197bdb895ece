"""How a prompt becomes a turn of a conversation: texts of the table's own around it. Pure; knows no tokens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Markup:
    """A text of the table's own: a special token's name in it is that token, as it never is in a stranger's text."""

    text: str


Part = str | Markup
"""A text that is encoded by itself, and whose it is: a stranger's, or the table's own."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """What stands around every prompt of a task. It is the table's: no model's own template reaches a validator."""

    before: str = ""
    """Opens the asking turn, such as "<|im_start|>user\\n"; what starts every sequence stands before it anyway."""
    after: str = ""
    """Closes it and opens the answering one, such as "<|im_end|>\\n<|im_start|>assistant\\n"."""

    def around(self, prompt: str) -> tuple[Part, ...]:
        """The prompt in its turn, without parts that are empty."""
        parts: tuple[Part, ...] = (Markup(self.before), prompt, Markup(self.after))
        return tuple(part for part in parts if part and part != Markup(""))


PLAIN = ChatFormat()
"""Nothing around a prompt."""
