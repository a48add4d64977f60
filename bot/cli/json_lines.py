"""JSON Lines in, scores out: the pipe behind `bellwether score --stdin`."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from model.scorer import Scorer

FORM: Final = '{"id": 1, "text": "..."}'
CHUNK: Final = 1 << 16
MAX_LINE: Final = 16_000_000


def score_lines(scorer: Scorer, source: BinaryIO, sink: BinaryIO) -> int:
    """Answer each line of ``source`` with one line in ``sink``, in order; return the failures.

    A line is ``{"id": …, "text": "…"}``, its answer ``{"id": …, "hate": p, …}``. The answer to a
    line that cannot be scored is ``{"id": …, "line": n, "error": "…"}``. Lines are answered as
    they arrive, so the pipe may stay open. Memory does not grow with its length. A byte-order mark
    before the first line is skipped.
    """
    number = failed = 0
    for lines in _batches(source):
        requests = []
        for line in lines:
            number += 1
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)  # noqa: PLW2901
            if line.strip():
                requests.append(_parse(line, number))
        texts = [request["text"] for request in requests if "error" not in request]
        scored = iter(scorer.score(texts))
        for request in requests:
            if "error" in request:
                failed += 1
                answer = request
            else:
                answer = {"id": request["id"], **next(scored)}
            sink.write(json.dumps(answer).encode() + b"\n")
        sink.flush()
    return failed


def _parse(line: bytes, number: int) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        return {"id": None, "line": number, "error": f"longer than {MAX_LINE:,} bytes"}
    try:
        request = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return {"id": None, "line": number, "error": _not_json(error)}
    if not isinstance(request, dict):
        return {"id": None, "line": number, "error": f"not an object like {FORM}"}
    if not isinstance(request.get("text"), str):
        return {"id": request.get("id"), "line": number, "error": '"text" is not a string'}
    return {"id": request.get("id"), "text": request["text"]}


def _not_json(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8, at byte {error.start}"
    if isinstance(error, json.JSONDecodeError | RecursionError):
        return f"not JSON; write a line like {FORM}"
    return f"not JSON: {error}"


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the complete lines of each piece that arrives."""
    read = source.read1 if isinstance(source, io.BufferedReader) else source.read
    rest: list[bytes] = []
    size = 0
    while chunk := read(CHUNK):
        *lines, last = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join([*rest, lines[0]])
            rest, size = [], 0
            yield lines
        if size <= MAX_LINE:  # enough of a longer line to know that it is one
            rest.append(last)
            size += len(last)
    if any(rest):
        yield [b"".join(rest)]
