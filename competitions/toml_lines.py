"""On which line of a TOML text each key stands. Knows no grammar: the text is cut where `tomllib` takes what it has."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from competitions.toml_records import Place

_ENDS = ("]", "}", '"""', "'''")
"""The last of a statement's several lines holds one of these; the many lines of a long list need not be tried."""


@dataclass(slots=True)
class Lines:
    """Line numbers (from 1) of all keys and sections of a valid TOML text; `[[lists]]` by number, and by `name`."""

    _lines: dict[Place, int] = field(default_factory=dict)
    _named: dict[Place, Place] = field(default_factory=dict)
    _items: dict[Place, int] = field(default_factory=dict)

    def at(self, place: Place) -> int:
        """The line of a place, or of the nearest section around it that the text has; line 1 is around everything."""
        way: Place = ()
        line = 1
        for part in place:
            way = self._named.get((*way, part), (*way, part))
            line = self._lines.get(way, line)
        return line

    def _open(self, data: Mapping[str, Any], line: int) -> Place:
        """Note a header, read as the empty section it stands for; the section that it opens."""
        section: Place = ()
        value: Any = data
        while value:
            if isinstance(value, list):
                self._items[section] = self._items.get(section, -1) + 1
                section, value = (*section, self._items[section]), value[0]
            else:
                if section in self._items:
                    section = (*section, self._items[section])
                ((key, value),) = value.items()
                section = (*section, key)
            self._lines.setdefault(section, line)
        return section

    def _note(self, data: Mapping[str, Any], section: Place, line: int) -> None:
        """Note a statement's keys, those of inline sections too."""
        for key, value in data.items():
            self._lines.setdefault((*section, key), line)
            if isinstance(value, Mapping):
                self._note(value, (*section, key), line)
            elif key == "name" and section and isinstance(section[-1], int) and isinstance(value, str):
                self._named.setdefault((*section[:-1], value), section)


def lines_of(text: str) -> Lines:
    """The lines of a valid TOML text."""
    lines = Lines()
    section: Place = ()
    for line, statement, data in _statements(text):
        if statement.lstrip().startswith("["):  # no key begins so
            section = lines._open(data, line)
        else:
            lines._note(data, section, line)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each statement with its first line and what it says by itself: what ends before a line's end is not complete."""
    pending, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        pending = f"{pending}{line}\n"
        if number > first and not any(end in line for end in _ENDS):
            continue
        try:
            data = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        yield first, pending, data
        pending, first = "", number + 1
