"""Who may know of whom: the rules of CONTRIBUTING.md, held against the imports themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path for room in ("bot", "model") for path in (ROOT / room).rglob("*.py"))
DISCORD_ROOMS = ("bot/platform", "bot/ui/discord", "bot/intake", "bot/enforcement", "bot/demo.py")


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def of(names: set[str], package: str) -> set[str]:
    return {name for name in names if name == package or name.startswith(f"{package}.")}


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=place)
def test_each_file_knows_only_what_it_may(path: Path) -> None:
    where, names = place(path), imported(path)
    if where.startswith("model/"):
        assert not of(names, "bot")
    if not where.startswith(DISCORD_ROOMS):
        assert not of(names, "discord")
    if not where.startswith("bot/store/"):
        assert not of(names, "aiosqlite")
        assert "executemany" not in path.read_text(encoding="utf-8")
    if where == "bot/domain.py":
        assert not of(names, "bot")
    if where.startswith("bot/policy/"):
        assert not of(names, "asyncio") | of(names, "time") | of(names, "bot.store")
    if where.startswith("bot/"):
        assert not {name for name in of(names, "model") if "training" in name} or where == (
            "bot/cli/main.py"
        )


def test_no_two_files_import_each_other() -> None:
    modules = {place(path)[:-3].replace("/", "."): imported(path) for path in FILES}
    for name, names in modules.items():
        for other, others in modules.items():
            if other != name and of(names, other) and not other.endswith("__init__"):
                assert not of(others, name), f"{name} and {other} import each other"
