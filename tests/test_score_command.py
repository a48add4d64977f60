from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from bot.cli.json_lines import score_lines
from model.classes import CLASSES
from model.scorer import Scorer
from tests.process import environment


def bellwether(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=given,
        capture_output=True,
        check=False,
        env=environment(),
        timeout=60,
    )


def answers(scorer: Scorer, given: bytes) -> tuple[int, list[dict[str, object]]]:
    sink = io.BytesIO()
    failed = score_lines(scorer, io.BufferedReader(io.BytesIO(given)), sink)
    return failed, [json.loads(line) for line in sink.getvalue().splitlines()]


def test_the_table_names_texts_and_classes() -> None:
    done = bellwether("score", "hello there", "second [bold]text")
    assert done.returncode == 0
    for part in ("hello there", "second [bold]text", *CLASSES):
        assert part in done.stdout.decode()


def test_a_pipe_is_answered_line_by_line_in_order() -> None:
    lines = b"".join(b'{"id": %d, "text": "message %d"}\n' % (n, n) for n in range(1_000))
    done = bellwether("score", "--stdin", given=lines)
    assert done.returncode == 0
    scored = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in scored] == list(range(1_000))
    assert tuple(scored[0]) == ("id", *CLASSES)


def test_a_byte_order_mark_is_no_part_of_the_first_line(scorer: Scorer) -> None:
    line = b'{"id": 1, "text": "hello"}\n'
    failed, found = answers(scorer, b"\xef\xbb\xbf" + line + line)
    assert failed == 0
    assert found[0] == found[1]


def test_utf_16_is_answered_with_what_is_wrong(scorer: Scorer) -> None:
    failed, found = answers(scorer, '{"id": 1, "text": "hello"}'.encode("utf-16"))
    assert failed == 1
    assert found == [{"id": None, "line": 1, "error": "not UTF-8, at byte 0"}]


def test_how_many_lines_could_not_be_scored_is_said_at_the_end() -> None:
    done = bellwether("score", "--stdin", given=b"{\n")
    assert done.returncode == 1
    assert done.stderr.decode().strip() == 'bellwether: 1 line could not be scored; see "error".'
    done = bellwether("score", "--stdin", given=b"{\n{\n")
    assert "2 lines could not be scored" in done.stderr.decode()


def test_neither_arguments_nor_a_pipe_is_an_error() -> None:
    done = bellwether("score")
    assert done.returncode == 2
    assert b"give either texts" in done.stderr


def test_an_open_pipe_is_answered_at_once() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "score", "--stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(b'{"id": %d, "text": "hello"}\n' % number)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", 'not JSON; write a line like {"id": 1, "text": "..."}'),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"id": NaN, "text": "x"}', "NaN is not a JSON value"),
        (b"5", "not an object"),
        (b'{"id": 7}', '"text" is not a string'),
        (b'{"id": 7, "text": null}', '"text" is not a string'),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_is_answered_in_its_place(scorer: Scorer, line: bytes, said: str) -> None:
    good = b'{"id": "a", "text": "x"}\n'
    failed, found = answers(scorer, good + line + b"\n" + good)
    assert failed == 1
    assert [entry["id"] for entry in found] == ["a", 7 if b"7" in line else None, "a"]
    assert said in str(found[1]["error"])
    assert found[1]["line"] == 2


def test_blank_lines_and_a_missing_last_newline_are_no_errors(scorer: Scorer) -> None:
    failed, found = answers(scorer, b'\n{"id": 1, "text": "x"}\n\n{"id": 2, "text": "y"}')
    assert failed == 0
    assert [entry["id"] for entry in found] == [1, 2]


def test_a_megabyte_and_lone_surrogates_are_scored(scorer: Scorer) -> None:
    long = json.dumps({"id": 1, "text": "word " * 200_000}).encode()
    failed, found = answers(scorer, long + b'\n{"id": 2, "text": "a \\ud800 b"}\n')
    assert failed == 0
    assert all(0 <= float(str(entry[name])) <= 1 for entry in found for name in CLASSES)
