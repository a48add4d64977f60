"""The mutation tests themselves: which changes are tried, and that one really is made."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bench.mutant_targets import TARGETS
from bench.mutants import ROOT, Mutant, changes, code_of, killed, mutants, table


def tried(source: str) -> set[str]:
    """What a source could have been instead, part by part."""
    found = changes(ast.parse(source))
    return {f"{ast.unparse(node)} -> {ast.unparse(new)}" for _, _, _, node, new in found}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", {"a < b -> a <= b"}),
        ("x = a is not b", {"a is not b -> a is b"}),
        ("x = a and b", {"a and b -> a or b"}),
        ("x = not a", {"not a -> a"}),
        ("x = a - b", {"a - b -> a + b"}),
        ("x = 5", {"5 -> 6", "5 -> 4"}),
        ("x = True", {"True -> False"}),
        ("x = max(a)", {"max(a) -> min(a)"}),
        ("x = sorted(a, key=b)", {"sorted(a, key=b) -> list(a)"}),
        ("x = [a, b]", {"[a, b] -> [b]", "[a, b] -> [a]"}),
        ("f(a)", {"f(a) -> pass"}),
        ("raise E", {"raise E -> pass"}),
        ("if a:\n    x = b", {"if a:\n    x = b -> if not a:\n    x = b"}),
        ("def f():\n    return a", {"return a -> return None"}),
        ("x = 'a < ? AND b'", {"'a < ? AND b' -> 'a <= ? AND b'", "'a < ? AND b' -> 'a < ? OR b'"}),
    ],
)
def test_what_is_tried(source: str, expected: set[str]) -> None:
    assert tried(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "'a docstring'",
        "log.info('a', b=5)",
        "x: int | None = y",
        "def f(a: int | str) -> tuple[int, str]:\n    pass",
        "@dataclass(frozen=True)\nclass A:\n    pass",
        "class A(Protocol):\n    def f(self):\n        return 5",
        "x = zip(a, b, strict=True)",
        "x = y['a text']",
    ],
)
def test_what_is_none_of_the_tests_business(source: str) -> None:
    assert tried(source) == set()


def test_exactly_one_change_is_made_and_not_on_disk() -> None:
    file = "bot/enforcement/breaker.py"
    before = (ROOT / file).read_bytes()
    mutant = next(each for each in mutants("enforcement") if each.change == "5 -> 6")
    assert mutant.file == file
    names: dict[str, object] = {}
    exec(code_of(mutant), names)
    assert (names["REFUSALS"], names["PAUSE_SECONDS"]) == (6, 300.0)
    assert (ROOT / file).read_bytes() == before


def test_every_target_has_code_and_quick_tests() -> None:
    for target, (where, tests) in TARGETS.items():
        assert (ROOT / where).exists()
        for name in tests.split():
            assert (Path(__file__).parent / f"test_{name}.py").exists(), f"{target}: {name}"
        assert len({each.number for each in mutants(target)}) > 50


def test_the_table_counts_what_did_not_survive_as_killed() -> None:
    ends = ("killed", "timeout", "survived", "killed")
    results = [Mutant("store", "a.py", n, n, "5 -> 6", end) for n, end in enumerate(ends)]
    assert killed(results, "store") == 75
    assert table(results).endswith("| store | 4 | 3 | 1 | 75 |")
