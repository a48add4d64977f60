"""What a start of the bot loads, and what it leaves until it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_start_loads_no_web_framework_and_no_drawing_library() -> None:
    late = {"fastapi", "starlette", "uvicorn", "matplotlib", "PIL"}
    code = (
        "import sys, bot.cli.main, bot.app.lifecycle;"
        f"print([name for name in sys.modules if name.split('.')[0] in {late}])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    assert found.stdout.decode().strip() == "[]"
