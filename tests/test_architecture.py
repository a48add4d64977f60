"""Who may know of whom: the rules of docs/design.md, held against the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path for room in ("bot", "model") for path in (ROOT / room).rglob("*.py"))
LONGEST_FILE = 350


def module_of(path: Path) -> str:
    name = path.relative_to(ROOT).as_posix()[:-3].replace("/", ".")
    return name.removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


def named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide who is known"
            for name in node.names:
                yield f"{node.module}.{name.name}"


@cache
def imported(module: str) -> frozenset[str]:
    """What a module imports, anywhere in it: modules of ours by name, of others by package."""
    found = set()
    for name in named(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        ours = name if name in MODULES else name.rpartition(".")[0]
        found.add(ours if ours in MODULES else name.partition(".")[0])
    return frozenset(found - {module})


@cache
def reached(module: str) -> frozenset[str]:
    """All that comes along when a module is imported, and when its functions are called."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imported(waiting.pop()):
            if name not in found:
                found.add(name)
                if name in MODULES:
                    waiting.append(name)
    return frozenset(found)


def inside(room: str) -> list[str]:
    return [name for name in MODULES if name == room or name.startswith(f"{room}.")]


def of(names: frozenset[str], package: str) -> set[str]:
    return {name for name in names if name == package or name.startswith(f"{package}.")}


NEVER_REACHED = {
    "model": ("bot", "discord"),
    "bot.domain": ("bot.policy", "bot.store", "discord", "asyncio", "sqlite3"),
    "bot.policy": (
        "bot.store",
        "bot.judging",
        "discord",
        "asyncio",
        "time",
        "sqlite3",
        "aiosqlite",
    ),
    "bot.judging": ("discord", "sqlite3", "aiosqlite", "bot.platform", "bot.enforcement", "bot.ui"),
    "bot.intake": ("discord", "sqlite3", "aiosqlite", "bot.platform", "bot.judging", "bot.ui"),
    "bot.enforcement": ("discord", "sqlite3", "aiosqlite", "bot.platform", "bot.judging", "bot.ui"),
    "bot.desk": ("discord", "sqlite3", "aiosqlite", "bot.platform", "bot.ui"),
    "bot.store": ("discord", "bot.judging", "bot.enforcement", "bot.platform", "bot.ui"),
    "bot.store.ports": ("sqlite3", "aiosqlite"),
    "bot.platform": ("sqlite3", "aiosqlite", "bot.ui"),
    "bot.ui.discord": ("sqlite3", "aiosqlite"),
    "bot.ui.web": ("discord", "sqlite3", "aiosqlite"),
    "bot.app.scoring": ("discord", "sqlite3", "aiosqlite"),
}


@pytest.mark.parametrize(
    ("module", "package"),
    [(m, p) for room, packages in NEVER_REACHED.items() for m in inside(room) for p in packages],
)
def test_no_room_reaches_what_it_must_not_know(module: str, package: str) -> None:
    assert not of(reached(module), package)


ONLY_IN = {
    "discord": ("bot.platform", "bot.ui.discord", "bot.demo"),
    "sqlite3": ("bot.store.sqlite",),
    "aiosqlite": ("bot.store.sqlite",),
    "fastapi": ("bot.ui.web",),
}


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_library_is_named_only_in_its_room(package: str) -> None:
    users = {name for name in MODULES if package in imported(name)}
    allowed = {name for room in ONLY_IN[package] for name in inside(room)}
    assert users
    assert users <= allowed


def test_no_two_modules_import_each_other_by_whatever_way() -> None:
    circles = [name for name in MODULES if name in reached(name)]
    assert circles == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_file_needs_headings_inside(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_serving_scores_needs_no_discord() -> None:
    code = (
        "import sys, bot.cli.main, bot.app.scoring, bot.ui.web.predict, bot.ui.web.server;"
        "print([n for n in sys.modules if n.split('.')[0] in {'discord', 'aiosqlite'}])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    assert found.stdout.decode().strip() == "[]"
