"""What every test module keeps to: it knows no other one, and no private name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.rglob("*.py"))

TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

ALLOWED = {
    "_replace": "a method of every NamedTuple, which is not private",
    "_connection": "discord.py makes its objects of no frame without its client's state",
    "_state": "the same state, of an object that was made",
}
"""Names that look private, and why a test may use them."""

STILL_REACHED = {
    "test_normalise.py": {"_by_length"},
    "test_phrases.py": {"_Automaton", "_longer"},
    "test_text_cost.py": {
        "_by_length",
        "_having",
        "_by_skeleton",
        "_LEET_WORD",
        "_WILD_WORD",
        "_tokens",
        "_pairs",
    },
}
"""Where what a text costs is counted from inside, and by which names."""


def imported(tree: ast.AST) -> Iterator[str]:
    """Give the full name of everything that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide who is known"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in ALLOWED


def reached(tree: ast.AST) -> Iterator[str]:
    """Give the private names that a module reaches in what is not its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}):
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and _names_attributes(node.func):
            # monkeypatch.setattr(thing, "_name"), or ("package.module._name").
            for argument in node.args[:2]:
                value = argument.value if isinstance(argument, ast.Constant) else None
                if isinstance(value, str) and any(map(private, value.split("."))):
                    yield f"line {node.lineno}: {value}"
    for name in imported(tree):
        if any(map(private, name.split("."))):
            yield f"import of {name}"


def _names_attributes(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)
    return name in {"getattr", "setattr", "delattr"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_module_imports_a_test_module(path: Path) -> None:
    modules = {".".join(name.split(".")[:2]) for name in imported(TREES[path])}
    found = {name for name in modules if name.startswith("tests.test_")}
    assert found == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_test_reaches_a_private_name(path: Path) -> None:
    known = STILL_REACHED.get(path.name, set())
    assert [each for each in reached(TREES[path]) if each.rpartition(".")[2] not in known] == []


@pytest.mark.parametrize(
    "source",
    [
        "store._database.rows('')",
        "store()._database = 1",
        "monkeypatch.setattr(store, '_database', None)",
        "monkeypatch.setattr('bot.store._database', None)",
        "getattr(store, '_database')",
        "from bot.store import _database",
        "import bot._store",
    ],
)
def test_a_private_name_is_seen(source: str) -> None:
    assert len(list(reached(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "self._database = cls._name",
        "thing.__class__.__name__",
        "case._replace(revision='')",
        "getattr(error, 'original', None)",
        "settings(_env_file=None)",
    ],
)
def test_what_is_not_private_is_not_seen(source: str) -> None:
    assert list(reached(ast.parse(source))) == []
