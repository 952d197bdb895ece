"""Real text that every machine has: the documentation strings of the running Python's standard library.

Question/answer pairs come from functions and methods, passages from modules and classes, and the language reference of
`pydoc` is kept apart for training a base. Knows nothing of signatures, models or chains.
"""

import importlib
import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pydoc_data import topics as _pydoc
from types import ModuleType

from evaluation.sources.content import Pair

PASSAGE_BYTES = 1_500
"""A passage is at most this long in UTF-8, unless one paragraph of it is longer: then its lines are split."""
_SHORTEST = 40
"""Bytes below which an answer or passage teaches nothing ("Return self+value.")."""

SKIPPED = (
    "__main__ antigravity ensurepip idlelib lib2to3 msilib pip readline rlcompleter setuptools test this tkinter "
    "turtle turtledemo venv"
)
"""Modules that open a browser or a window, print, touch the terminal, or are no part of the library proper."""

_SUBMODULES = (
    "collections.abc concurrent.futures ctypes.util curses.ascii curses.textpad email.charset email.generator "
    "email.header email.headerregistry email.message email.parser email.policy email.utils http.client "
    "http.cookiejar http.cookies http.server importlib.abc importlib.machinery importlib.metadata "
    "importlib.resources importlib.util json.decoder json.encoder json.scanner logging.config logging.handlers "
    "multiprocessing.connection multiprocessing.managers multiprocessing.pool multiprocessing.shared_memory "
    "os.path unittest.mock urllib.error urllib.parse urllib.request urllib.robotparser wsgiref.handlers "
    "wsgiref.headers wsgiref.simple_server wsgiref.util wsgiref.validate xml.dom.minidom xml.dom.pulldom "
    "xml.etree.ElementTree xml.sax.expatreader xml.sax.handler xml.sax.saxutils xml.sax.xmlreader xmlrpc.client "
    "xmlrpc.server"
)


@cache
def pairs() -> tuple[Pair, ...]:
    """Distinct pairs, one per documentation string (its beginning, where long): what a callable of this name and
    signature does, and what its documentation says. Sorted by the callable's name."""
    found: dict[str, Pair] = {}
    with _quietly():
        for name, item in _callables():
            text = None if inspect.isclass(item) else _documentation(item)
            answer = split(text, PASSAGE_BYTES)[0] if text else ""
            if answer and answer not in found:
                found[answer] = Pair(f"What does {name}{_signature(item)} do?\n", answer)
    return tuple(sorted(found.values(), key=lambda pair: pair.prompt))


@dataclass(frozen=True, slots=True)
class Passage:
    """A text, and the dotted name of the module or class that it documents."""

    name: str
    text: str


def passages() -> tuple[str, ...]:
    """The texts of `named_passages`."""
    return tuple(passage.text for passage in named_passages())


@cache
def named_passages() -> tuple[Passage, ...]:
    """Distinct texts of at most `PASSAGE_BYTES`, from modules and classes, in the order of their names."""
    with _quietly():
        documented: list[tuple[str, object]] = [(module.__name__, module) for module in _modules()]
        documented.extend((name, item) for name, item in _callables() if inspect.isclass(item))
        texts = [(name, text) for name, item in documented if (text := _documentation(item))]
    found: dict[str, Passage] = {}
    for name, text in texts:
        for piece in split(text, PASSAGE_BYTES):
            if len(piece.encode()) >= _SHORTEST:
                found.setdefault(piece, Passage(name, piece))
    return tuple(found.values())


@cache
def topics() -> tuple[str, ...]:
    """The language reference as `pydoc` ships it, a text per topic; neither pairs nor passages hold any of it."""
    return tuple(text for _, text in sorted(_pydoc.topics.items()))


def split(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` UTF-8 bytes: between paragraphs, or else lines, or else anywhere."""
    pieces = [""]
    for part in _parts(text, limit):
        if len((pieces[-1] + part).encode()) > limit:
            pieces.append("")
        pieces[-1] += part
    return [stripped for piece in pieces if (stripped := piece.strip("\n"))]


def _parts(text: str, limit: int) -> Iterator[str]:
    """Paragraphs with the blank line after them; one that exceeds the limit as its lines, a long line in cuts."""
    for paragraph in text.split("\n\n"):
        if len(paragraph.encode()) + 2 <= limit:
            yield paragraph + "\n\n"
            continue
        for line in paragraph.splitlines(keepends=True):
            yield from (line[start : start + limit // 4] for start in range(0, len(line), limit // 4))
        yield "\n\n"


@contextmanager
def _quietly() -> Iterator[None]:
    """Importing and reading the whole library meets deprecated parts; what they print or warn of is dropped."""
    with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        yield


def _modules() -> Iterator[ModuleType]:
    """The library's public modules that this platform has, by name."""
    names = {name for name in sys.stdlib_module_names if not name.startswith("_") and name not in SKIPPED.split()}
    for name in sorted(names | set(_SUBMODULES.split())):
        try:
            module = importlib.import_module(name)
        except ImportError:  # a module of another platform
            continue
        yield module


def _callables() -> Iterator[tuple[str, Callable[..., object]]]:
    """Public functions, classes and methods with dotted names, each module's in alphabetical order."""
    for module in _modules():
        for name, item in _public(module):
            yield f"{module.__name__}.{name}", item
            if inspect.isclass(item):
                yield from ((f"{module.__name__}.{name}.{method}", found) for method, found in _public(item))


def _public(holder: object) -> Iterable[tuple[str, Callable[..., object]]]:
    names = sorted(name for name in vars(holder) if not name.startswith("_"))
    found = ((name, getattr(holder, name, None)) for name in names)
    return [(name, item) for name, item in found if callable(item)]


def _documentation(item: object) -> str | None:
    """The item's own documentation without indentation; None where it has none worth the name, or only its type's."""
    text = inspect.getdoc(item)
    own = text if text != inspect.getdoc(type(item)) else None
    return own.strip("\n") if own and len(own.encode()) >= _SHORTEST else None


def _signature(item: Callable[..., object]) -> str:
    """Parameter names with plain defaults only: the repr of another default may hold paths, or the whole environment
    (that of `cgi.parse` does), and these questions are published."""
    try:
        signature = inspect.signature(item)
    except Exception:  # noqa: BLE001 - built-in functions publish none, or one whose defaults cannot be evaluated
        return "(...)"
    plain = [_plain(parameter) for parameter in signature.parameters.values()]
    return str(inspect.Signature(plain)).replace("=Ellipsis", "=...")


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    has_none = parameter.default is inspect.Parameter.empty
    is_plain = has_none or parameter.default is None or type(parameter.default) in (bool, int, float)
    default = parameter.default if is_plain else ...
    return parameter.replace(annotation=inspect.Parameter.empty, default=default)
