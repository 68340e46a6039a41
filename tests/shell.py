"""Commands as a person runs them, without a process for each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lcc_core.cli import main


class Shell:
    """Runs commands in this process; keeps what they say."""

    def __init__(self, capsys: pytest.CaptureFixture[str], home: Path) -> None:
        self.capsys, self.home = capsys, home

    def __call__(self, *words: object, code: int = 0) -> str:
        assert main([*map(str, words), "--home", str(self.home)]) == code
        self.out, self.err = self.capsys.readouterr()
        return self.out

    def json(self, *words: object, code: int = 0) -> dict[str, Any]:
        text = self("--json", *words, code=code)
        assert len(text.splitlines()) == 1
        return json.loads(text)
