"""Run mutation tests: change one thing in the code and check that a test fails.

`make mutants` runs all mutants. SAMPLE=40 runs 40 of each target, and SEED=2 picks different ones.
`python -m bench.mutants store` runs one target.

Mutants exist in memory only: the working tree is never changed. Each one runs its target's quick
tests, up to the first failure, in a fork of a process that has already loaded the libraries. The
survivors are printed, and all results are written to runs/mutants.jsonl.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from bench.mutant_targets import TARGETS

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "runs" / "mutants.jsonl"

MIN_KILLED: Final = 75
"""The run fails if a smaller percentage of a target's mutants is killed."""

LIBRARIES: Final = (
    *("aiohttp", "aiosqlite", "cryptography.fernet", "discord.ext.commands", "discord.ext.tasks"),
    *("fastapi", "hypothesis", "joblib", "matplotlib.figure", "numpy", "pydantic_settings"),
    *("pytest_asyncio.plugin", "pytest_timeout", "rich", "scipy.sparse", "simcord"),
    *("sklearn.feature_extraction.text", "sklearn.linear_model", "structlog", "typer", "uvicorn"),
)
"""Loaded once, before forking. None of them may belong to this project."""

PAIRS: Final[tuple[tuple[type[ast.AST], type[ast.AST]], ...]] = (
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot)),
    *((ast.In, ast.NotIn), (ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.Div)),
    *((ast.BitAnd, ast.BitOr), (ast.LShift, ast.RShift), (ast.FloorDiv, ast.Mod)),
)
FLIPS: Final = {**dict(PAIRS), **{second: first for first, second in PAIRS}}
OTHERS: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}

SQL: Final = (
    *((" AND ", " OR "), (" OR ", " AND "), (" >= ", " > "), (" < ", " <= "), (" > ", " >= ")),
    *((" DESC", ""), ("max(", "min("), ("min(", "max("), ("IS NOT NULL", "IS NULL")),
    *(("NOT EXISTS", "EXISTS"), ("DO NOTHING", "DO UPDATE SET rowid = rowid"), ("DISTINCT ", "")),
    *(("synchronous=FULL", "synchronous=OFF"), ("=ON", "=OFF"), (" = ?", " != ?")),
)
"""Replacements in strings that contain SQL."""

# Whether a dataclass shows, compares or accepts a field, and whether zip checks its lengths.
UNCHANGED_KEYWORDS: Final = {"strict", "repr", "compare", "init"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to the code, and whether its tests noticed."""

    target: str
    file: str
    number: int
    """The position among the changes of this file."""
    line: int
    change: str
    ended: str = ""


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every replacement for a node."""
    match node:
        case ast.Compare() | ast.BoolOp() | ast.BinOp() | ast.UnaryOp():
            yield from _operators(node)
        case ast.Constant():
            yield from _constants(node)
        case ast.Call(func=ast.Name(id=name)) if name in OTHERS:
            yield ast.Call(ast.Name(OTHERS[name], ast.Load()), node.args, node.keywords)
        case ast.Call(func=ast.Name(id="sorted"), args=[first, *_]):
            yield ast.Call(ast.Name("list", ast.Load()), [first], [])
        case ast.IfExp() | ast.comprehension() | ast.If() | ast.While():
            yield from _negated(node)
        case ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()) | ast.Set():
            for at in range(len(node.elts)):
                fewer = copy.deepcopy(node)
                del fewer.elts[at]
                if fewer.elts or not isinstance(fewer, ast.Set):
                    yield fewer
        case ast.stmt():
            yield from _statements(node)


def _operators(node: ast.Compare | ast.BoolOp | ast.BinOp | ast.UnaryOp) -> Iterator[ast.AST]:
    new: Any = copy.deepcopy(node)
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not | ast.USub):
            yield node.operand
    elif not isinstance(node, ast.Compare):
        if type(node.op) in FLIPS:
            new.op = FLIPS[type(node.op)]()
            yield new
    else:
        for at, op in enumerate(node.ops):
            if type(op) in FLIPS:
                new = copy.deepcopy(node)
                new.ops[at] = FLIPS[type(op)]()
                yield new


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, str):
        for old, other in SQL:
            if old in value:
                yield ast.Constant(value.replace(old, other, 1))


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Delete():
            yield ast.Pass()
        case ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.Return(value=ast.AST()) if not _is_none(node.value):
            yield ast.Return(ast.Constant(None))


def _negated(node: ast.IfExp | ast.comprehension | ast.If | ast.While) -> Iterator[ast.AST]:
    """Yield the node with a condition negated. Comparisons and the like have their own changes."""
    tests = node.ifs if isinstance(node, ast.comprehension) else [node.test]
    for at, test in enumerate(tests):
        if isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            continue
        new = copy.deepcopy(node)
        turned = ast.UnaryOp(ast.Not(), copy.deepcopy(test))
        if isinstance(new, ast.comprehension):
            new.ifs[at] = turned
        else:
            new.test = turned
        yield new


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_skipped(parent: ast.AST, name: str, node: ast.AST) -> bool:
    """Return whether tests need not notice changes to a node: types, log lines, docstrings."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="log")))):
            return True
        case ast.ClassDef(bases=[*_, ast.Name(id="Protocol")]):
            return True
        case ast.Assign(value=ast.Subscript() | ast.BinOp(op=ast.BitOr())):
            return isinstance(parent, ast.Module)  # a type alias
        case ast.keyword(arg=arg) if arg in UNCHANGED_KEYWORDS:
            return True
    return name in {"annotation", "returns", "decorator_list", "bases"} or (
        isinstance(parent, ast.Subscript) and name == "slice" and isinstance(node, ast.Tuple)
    )


def changes(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, ast.AST]]:
    """Yield each change to a tree: parent, field, index in the field, old node, new node."""
    for name, value in ast.iter_fields(tree):
        listed = isinstance(value, list)
        for at, node in enumerate(value if listed else [value]):
            if not isinstance(node, ast.AST) or _is_skipped(tree, name, node):
                continue
            for new in variants(node):
                yield tree, name, at if listed else None, node, new
            yield from changes(node)


def mutants(target: str) -> list[Mutant]:
    """Return every mutant of a target."""
    where = ROOT / TARGETS[target][0]
    files = sorted(where.rglob("*.py")) if where.is_dir() else [where]
    found = []
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for number, (parent, _, _, node, new) in enumerate(changes(tree)):
            line = getattr(node, "lineno", getattr(parent, "lineno", 0))
            change = f"{_short(node)} -> {_short(new)}"
            found.append(Mutant(target, file.relative_to(ROOT).as_posix(), number, line, change))
    return found


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:90]


def code_of(mutant: Mutant) -> CodeType:
    """Return the compiled code of a module with one change applied."""
    tree = ast.parse((ROOT / mutant.file).read_text(encoding="utf-8"))
    for number, (parent, name, at, node, new) in enumerate(changes(tree)):
        if number != mutant.number:
            continue
        ast.copy_location(new, node if hasattr(node, "lineno") else parent)
        if at is None:
            setattr(parent, name, new)
        else:
            getattr(parent, name)[at] = new
        break
    return compile(ast.fix_missing_locations(tree), str(ROOT / mutant.file), "exec")


class _Loader(SourceFileLoader):
    def __init__(self, name: str, mutant: Mutant) -> None:
        super().__init__(name, str(ROOT / mutant.file))
        self._code = code_of(mutant)

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        return self._code


class _Finder(importlib.abc.MetaPathFinder):
    """Makes Python import one module as its mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = mutant.file.removesuffix(".py").replace("/", ".")
        self._loader = _Loader(self._name, mutant)

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(
            fullname, self._loader.path, loader=self._loader
        )


def _run_tests(target: str, mutant: Mutant | None, reply: str) -> None:
    """Run a target's tests on a mutant, and exit this process with pytest's exit code."""
    with open(reply, "w") as sink:  # noqa: PTH123 - a file descriptor is needed
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant))
    import pytest  # noqa: PLC0415 - after the fork, so that every run starts the same

    files = [ROOT / "tests" / f"test_{name}.py" for name in TARGETS[target][1].split()]
    chosen = [str(file) for file in files]
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "--timeout", "30"]
    quiet += ["-p", "pytest_asyncio.plugin", "-p", "pytest_timeout"]
    quiet += ["-W", "ignore:Module already imported"]  # imported before the fork
    os._exit(int(pytest.main([*quiet, *chosen])))


def ended(target: str, mutant: Mutant | None, limit: float, reply: str = os.devnull) -> str:
    """Return what a target's tests did to a mutant: killed, survived or timeout."""
    process = multiprocessing.get_context("fork").Process(
        target=_run_tests, args=(target, mutant, reply)
    )
    process.start()
    process.join(limit)
    if process.exitcode is None:
        process.kill()
        process.join()
        return "timeout"
    return "survived" if process.exitcode == 0 else "killed"


def run(target: str, sample: int, seed: int) -> list[Mutant]:
    """Run a target's mutants, or a sample of them, and return them with their results."""
    begun = time.monotonic()
    log = ROOT / "runs" / f"mutants-{target}.log"
    if ended(target, None, 600, str(log)) != "survived":
        sys.exit(f"the tests of {target} fail without a mutant, see {log.relative_to(ROOT)}")
    limit = 10 + 4 * (time.monotonic() - begun)
    found = mutants(target)
    if sample:
        chosen = random.Random(seed).sample(range(len(found)), min(sample, len(found)))
        found = [found[at] for at in sorted(chosen)]
    done = []
    for mutant in found:
        done.append(replace(mutant, ended=ended(target, mutant, limit)))
        with RESULTS.open("a", encoding="utf-8") as sink:
            sink.write(json.dumps(asdict(done[-1])) + "\n")
        if done[-1].ended == "survived":
            print(f"{mutant.file}:{mutant.line}: {mutant.change}", flush=True)
    return done


def killed(results: Sequence[Mutant], target: str) -> float:
    """Return the percentage of a target's mutants that did not survive."""
    own = [mutant.ended != "survived" for mutant in results if mutant.target == target]
    return 100 * sum(own) / len(own)


def table(results: Sequence[Mutant]) -> str:
    """Return a Markdown table of how many mutants were killed, by target."""
    rows = ["| target | mutants | killed | survived | killed, % |", "|---|---|---|---|---|"]
    for target in dict.fromkeys(mutant.target for mutant in results):
        ends = [mutant.ended for mutant in results if mutant.target == target]
        left = ends.count("survived")
        share = killed(results, target)
        rows.append(f"| {target} | {len(ends)} | {len(ends) - left} | {left} | {share:.0f} |")
    return "\n".join(rows)


def main() -> None:
    """Run the given targets, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="TARGET")
    parser.add_argument("--sample", type=int, default=0, help="mutants of each target; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads do not survive a fork
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.unlink(missing_ok=True)
    for name in LIBRARIES:
        importlib.import_module(name)
    results: list[Mutant] = []
    for target in asked.targets:
        results += run(target, asked.sample, asked.seed)
    print(f"\nseed {asked.seed}, sample {asked.sample or 'all'}\n\n{table(results)}")
    weak = [target for target in asked.targets if killed(results, target) < MIN_KILLED]
    if weak:
        sys.exit(f"fewer than {MIN_KILLED} % of mutants were killed in: {', '.join(weak)}")


if __name__ == "__main__":
    main()
