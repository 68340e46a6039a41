"""README.md and docs/ hold what was measured, and commands that there are."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))

import benchmark_tables
import make_tables
import row_tables
from made_rows import row

from lcc_core.cli import make_parser
from lcc_core.data.limits import ALWAYS, LARGEST_SET
from lcc_core.results.table import ResultRow

PROJECT = Path(__file__).parents[1]
PROSE = (PROJECT / "README.md", PROJECT / "docs" / "GUIDE.md")
# Of no model: the level of an interval, the shares of a split, limits, values of options.
NOT_MEASURED = {
    "README.md": {"95 %", "16 %", "20 %", "8 GB", "256 MB", "20GB"},
    "GUIDE.md": {"0.5 points", "2 GB", "20GB"},
}
FIGURE = re.compile(
    r"\d[\d.,]*(?:\s?±\s?[\d.]+)?(?:\s|&nbsp;|-)?"
    r"(?:%|percent\b|[kKMG]i?B\b|bytes\b|points?\b|×|M weights|minutes?\b|seconds?\b|min\b|s\b)"
)
FLOAT = "float"


def made(name: str, size: int, validation: float | None, test: float, **changes) -> ResultRow:
    """``fixed`` bits by the own quantizer, or, named so, the float model."""
    bits = 32 if name == FLOAT else changes.pop("bits", 4)
    changes = {"validation_oa": validation, "oa": test, "bytes": size, **changes}
    one = row(name, bits=bits, **changes)
    facts = {"granularity": "channel", "scale": "lse", "k": 0.0, "bits": bits}
    layer = {"bits": bits, "prune_k": 0.0, "granularity": "channel", "scale": "lse"}
    settings = {"layers": {"head": layer}, "method": "fixed", "facts": facts, "recalibrate": 512}
    return ResultRow(one.measurement, one.model, settings)


def searched(name: str, size: int, validation: float | None, test: float, **changes) -> ResultRow:
    one = row(name, part="validation", validation_oa=validation, oa=test, bytes=size, **changes)
    settings = one.settings | {"method": "size", "facts": {"part": "validation", "t_margin": 1}}
    return ResultRow(one.measurement, one.model, settings)


def told(rows: list[ResultRow]) -> list[tuple[str, str]]:
    return [(one.measurement.plan, why) for one, why in row_tables.picked(rows)]


def test_the_tables_are_those_of_the_rows_and_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LCC_STUDIES", raising=False)
    command = [sys.executable, "docs/make_tables.py", "--check"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_altered_figure_is_found_and_set_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LCC_STUDIES", raising=False)
    text = make_tables.README.read_text()
    for name in ("README", "RESULTS"):
        copy = tmp_path / f"{name}.md"
        copy.write_text(getattr(make_tables, name).read_text())
        monkeypatch.setattr(make_tables, name, copy)
    assert make_tables.main(["--check"]) == 0
    cell = re.search(r"\| (\d\d\.\d\d) \|", text)
    assert cell is not None
    make_tables.README.write_text(text.replace(cell[1], "99.99"))
    assert make_tables.main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("README.md differs")
    assert make_tables.main([]) == 0
    assert make_tables.README.read_text() == text


def test_the_smallest_file_within_each_loss_is_chosen_by_validation_accuracy() -> None:
    rows = [
        made(FLOAT, 1000, 0.980, 0.970),
        made("eight", 400, 0.979, 0.990, bits=8),
        made("four", 300, 0.975, 0.960),  # half a point below: still within
        searched("one", 200, 0.971, 0.900),
        searched("lucky", 100, 0.900, 0.999),  # the best by test accuracy alone
        searched("two", 150, 0.961, 0.950),
    ]
    assert told(rows) == [
        (FLOAT, ""),
        ("eight", ""),
        ("four", "validation, within 0.5 points"),
        ("one", "validation, within 1 points"),
        ("two", "validation, within 2 points"),
    ]


def test_rows_without_a_validation_figure_are_chosen_by_test_accuracy_and_say_so() -> None:
    rows = [made(FLOAT, 1000, None, 0.98), searched("small", 100, None, 0.977)]
    assert told(rows) == [(FLOAT, ""), ("small", "test, within 0.5 and 1 and 2 points")]
    text = row_tables.result(rows)
    assert "chosen by test accuracy, which flatters" in text
    assert "| – | 97.70 | 100 |" in text


def test_of_equal_sizes_the_more_accurate_one_is_taken() -> None:
    rows = [made(FLOAT, 1000, 0.98, 0.98), searched("a", 100, 0.976, 0.9)]
    rows.append(searched("b", 100, 0.979, 0.9))
    assert told(rows)[1][0] == "b"


def test_only_the_own_quantizer_stands_for_fixed_bits() -> None:
    own = made("own", 100, 0.9, 0.9)
    assert row_tables.ours(own)
    for name, value in (("granularity", "tensor"), ("scale", "absmax"), ("k", 1.0)):
        facts = own.settings["facts"] | {name: value}
        assert not row_tables.ours(
            ResultRow(own.measurement, own.model, own.settings | {"facts": facts})
        )
    unmended = own.settings | {"recalibrate": 0}
    assert not row_tables.ours(ResultRow(own.measurement, own.model, unmended))


def test_one_plain_model_of_the_newest_engine_stands_for_its_architecture() -> None:
    old = [made(FLOAT, 1000, None, 0.99, engine=1, checkpoint="a" * 12)]
    old += [searched(f"s{n}", 10, None, 0.99, engine=1, checkpoint="a" * 12) for n in range(5)]
    new = [made(FLOAT, 1000, 0.9, 0.9), searched("small", 500, 0.9, 0.9)]
    fewer = [made(FLOAT, 1000, 0.9, 0.9, checkpoint="z" * 12)]
    no_float = [searched(f"t{n}", 9, 0.9, 0.9, checkpoint="y" * 12) for n in range(4)]
    test_chosen = row("cheat", part="test", bytes=1)
    tenth = {"protocol": "64/16/20", "seed": 0, "coreset": {"method": "ccs", "fraction": 0.1}}
    coreset = row("tenth", split=tenth, bytes=1)
    narrowed = row("narrow", recipe={"start": {"checkpoint": "b" * 12}}, bytes=1)
    seen = row("seen", part="validation", bytes=1)
    rows = [*old, *fewer, *no_float, test_chosen, coreset, narrowed, *new]
    found = row_tables.one_model(rows)
    assert {one.id for one in found} == {one.id for one in new}
    assert seen.id in {one.id for one in row_tables.one_model([*rows, seen])}


def test_an_architecture_without_a_float_row_has_no_table() -> None:
    assert row_tables.one_model([searched("a", 10, 0.9, 0.9)]) == []
    assert row_tables.result([searched("a", 10, 0.9, 0.9)]) == ""


def test_figures_that_a_row_lacks_are_dashes() -> None:
    one = searched("a", 12345, None, 0.5, average_bits=None)
    assert row_tables.figures(one)[1:] == ("–", "–", "50.00", "12,345", "9.0×")


def test_each_test_set_has_a_front_of_its_own_and_says_what_it_leaves_out() -> None:
    other = {"protocol": "70/30", "seed": 0}
    rows = [searched("a", 100, 0.9, 0.9), searched("b", 90, 0.95, 0.9)]
    rows += [row("c", split=other, bytes=5000, tiles=30), row("d", part="test", bytes=1)]
    text = row_tables.fronts(rows)
    assert text.count("### compact") == 2
    assert "of 2 rows, 1 more left out" in text
    assert "-b`" in text and "-c`" in text  # beaten by b, but of other tiles
    assert "-a`" not in text and "-d`" not in text


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(0, 100), st.integers(0, 100)), max_size=12
    ),
    st.integers(0, 100),
)
def test_nothing_smaller_is_within_the_loss(figures: list, whole: int) -> None:
    rows = [made(FLOAT, 10**7, whole / 100, 0.5)]
    rows += [searched(f"p{n}", b, v / 100, t / 100) for n, (b, v, t) in enumerate(figures)]
    for loss in row_tables.LOSSES:
        near = [one for one in rows if one.measurement.validation_oa * 100 >= whole - loss - 1e-9]
        least = min(one.measurement.bytes for one in near)
        named = [
            one.measurement.bytes
            for one, why in row_tables.picked(rows)
            if f"{loss:g}" in re.findall(r"[\d.]+", why)
        ]
        assert named == [least]


def test_benchmarks_that_are_not_recorded_are_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_tables, "BENCHMARKS", tmp_path)
    assert benchmark_tables.quantizers([]) == benchmark_tables.attention([]) == "Not recorded yet."
    assert benchmark_tables.compared([]) == "No benchmark is recorded yet."


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_no_measured_figure_stands_outside_the_tables(path: Path) -> None:
    prose = make_tables.BLOCK.sub("", path.read_text())
    found = {one[0] for one in FIGURE.finditer(prose)}
    assert found == NOT_MEASURED[path.name]


@pytest.mark.parametrize(
    "text",
    ["96.78 % in a file", "60 kB", "86.56 ± 0.11 %", "an 8.5-minute grid", "1.2MB", "0.09 points",
     "12×", "0.31 M weights", "80,386 bytes", "3 seconds"],
)  # fmt: skip
def test_figures_are_recognised(text: str) -> None:
    assert FIGURE.search(text)


def test_the_limits_are_those_of_the_code() -> None:
    assert (f"{LARGEST_SET / 1e9:g} GB", f"{ALWAYS / 1e6:g} MB") == ("8 GB", "256 MB")


def commands() -> list[str]:
    """Every command line of ``lcc`` in the texts, with what goes on in the next line."""
    found = []
    for path in PROSE:
        for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.S):
            lines = block.replace("\\\n", " ").splitlines()
            found += [line for line in lines if line.startswith(".venv/bin/lcc ")]
        inline = re.findall(r"`(?:\.venv/bin/)?(lcc [^`]*)`", path.read_text())
        found += [one.replace("\n", " ") for one in inline if " --" in one or "SIZE" in one]
    return found


def test_commands_are_found() -> None:
    assert len(commands()) > 20


@pytest.mark.parametrize("line", commands())
def test_every_command_told_is_understood(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    words = ["compact" if word == "A" else "default" if word == "P" else word for word in words]
    if words[0] == "COMMAND":
        return
    assert isinstance(make_parser().parse_args(words), argparse.Namespace)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]*)(?:#([\w-]+))?\)", path.read_text()):
        name, anchor = target
        file = path.parent / name if name else path
        assert file.is_file(), name
        if anchor:
            heads = re.findall(r"^## (.*)$", file.read_text(), re.M)
            assert anchor in {head.lower().replace(" ", "-") for head in heads}
