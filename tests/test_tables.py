"""README.md and docs/RESULTS.md hold what was measured, and nothing else."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
# Of prose, not of models: the interval's level, shares of a split.
NOT_MEASURED = {"95 %", "16 %", "20 %"}
FIGURE = re.compile(r"\d+(?:\.\d+)?\s?(?:%|kB|MB|points)(?![\w/])")


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("make_tables", PROJECT / "docs/make_tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_rows_and_benchmarks(
    tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LCC_STUDIES", raising=False)
    for path, text in tables.texts().items():
        assert path.read_text() == text, f"{path.name}: run docs/make_tables.py"


def test_a_figure_that_was_altered_is_found(tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LCC_STUDIES", raising=False)
    text = tables.README.read_text()
    cell = re.search(r"\| (\d\d\.\d\d) \|", text)
    assert cell is not None
    altered = text.replace(cell[1], "99.99")
    assert altered != text and tables.filled(altered, tables.shipped_rows()) == text


def test_no_figure_of_a_model_stands_outside_the_tables(tables) -> None:
    prose = tables.BLOCK.sub("", tables.README.read_text())
    result = prose[prose.index("## One result") : prose.index("## Your own tiles")]
    found = set(FIGURE.findall(result))
    assert found <= {"2 points"}, found
    whole = {one for one in FIGURE.findall(prose) if one.endswith("%") and "." in one}
    assert whole <= NOT_MEASURED, whole
