"""Every page over names that mean something to Markdown, HTML, figures and spreadsheets."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import hostile_names as hostile
import numpy as np
import pandas as pd
import pytest
import tiny_scene as scenes
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest
from visit import page

from lcc_core.data.scenes import SceneChoice, keep_scene
from lcc_core.data.splits import make_split
from lcc_core.data.stored import About
from lcc_core.errors import DataError
from lcc_core.files import Home
from lcc_core.logs import LOG, LOGS, fault_line
from lcc_core.plaintext import figure_text, visible
from lcc_core.reports import study as report
from lcc_core.studies import folder
from lcc_core.studies.spec import Study
from lcc_core.studies.status import MISSING, PointRow, rows
from lcc_core.training import make_recipe, train
from pages.ui import (
    channel_charts,
    charts,
    coreset_charts,
    disagreements,
    guard,
    scene_charts,
    tradeoff_chart,
)
from pages.ui.plain import JOINER, cells, plain

# Fields that are shown as text whatever they hold, or that nobody sees.
TEXT = {"options", "id", "alt", "code_text", "url", "default", "raw_values", "element_id", "key"}
TEXT |= {"spec", "element_hash", "form_id", "file_name", "language", "script_hash", "page"}
PAGES = "tradeoffs data train coresets channels compress compare studies jobs".split()
MARKED = tuple(name for name in hostile.SEEN if name not in plain(f"a {name} b"))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Hostile classes, title and source, a model of them, a study, and jobs that ended."""
    home = hostile.train_and_measure(hostile.fill(Home.find(tmp_path_factory.mktemp("hostile"))))
    about = About("ground", hostile.SEEN[4:8], hostile.SEEN[1], hostile.SEEN[0])
    kept = keep_scene(home, about, *scenes.draw(), SceneChoice(5))
    train(make_recipe("cnn1d", epochs=2), kept, make_split(kept, "30/10/60"), home)
    place = folder.save(home, Study(("tiny",), name="small", bits=(32,), k=(0.0,)))
    assert place.path.is_dir()
    for number, name in enumerate(hostile.NAMES):
        failure = {"error": f"No {name} here.", "fix": name, "code": 2}
        mark = "orphaned" if number % 2 else ""
        hostile.end_job(home, f"{number:04}", name, None if mark else failure, mark)
    return home


@pytest.fixture
def home(prepared: Home, home: Home) -> Home:
    shutil.copytree(prepared.root, home.root, dirs_exist_ok=True)
    return home


def strings(message: Message) -> Iterator[tuple[str, str]]:
    """Every text in a message, and in those it holds, with its field's name."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING:
            for one in [value] if isinstance(value, str) else value:
                yield field.name, one
        elif field.type == field.TYPE_MESSAGE:
            many = [value] if isinstance(value, Message) else value
            many = list(cast(Any, many).values()) if hasattr(many, "values") else many
            for one in many:
                if isinstance(one, Message):
                    yield from strings(one)


def marked(test: AppTest) -> list[str]:
    """All that is read as Markdown on the page, or might be."""
    found = []
    for node in test._tree:
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message):
            found += [text for name, text in strings(proto) if name not in TEXT]
    return found


def check(test: AppTest) -> str:
    assert not test.exception and "should not have" not in str(test.error)
    found = marked(test)
    assert found
    for text in found:
        for name in MARKED:
            assert name not in text, text
        assert visible(text, keep="\n" + JOINER) == text
    return "\n".join(found)


@pytest.mark.parametrize("name", PAGES)
def test_no_name_is_read_as_markdown(home: Home, name: str) -> None:
    said = check(page(name))
    if name == "jobs":
        assert plain(hostile.NAMES[-1]) in said and plain(f"No {hostile.SEEN[18]} here.") in said
    if name == "coresets":  # in the captions of its tiles
        assert any(f"{plain(one)}, " in said for one in hostile.SEEN[4:8])


def test_nor_on_the_map_of_a_scene(home: Home) -> None:
    test = page("maps")
    assert not test.error
    check(test)
    pixel = scenes.draw()[1].nonzero()
    test.number_input(key="row").set_value(int(pixel[0][0])).run()
    test.number_input(key="column").set_value(int(pixel[1][0])).run()
    said = check(test)
    assert any(f"**{plain(one)}**" in said for one in hostile.SEEN[4:8])


@pytest.mark.parametrize("name", [hostile.SEEN[0], hostile.SEEN[8], hostile.UNSEEN[3]])
def test_nor_from_the_address(home: Home, name: str) -> None:
    test = AppTest.from_file(str(Path(__file__).parents[2] / "app.py"), default_timeout=240)
    test.run()
    test.query_params["checkpoint"] = name
    test.switch_page("pages/compress.py").run()
    assert f"The model {plain(name)} of" in check(test)


@pytest.mark.parametrize("name", hostile.NAMES)
def test_nor_in_an_error(home: Home, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    said: list[str] = []
    monkeypatch.setattr(guard.st, "error", said.append)
    with guard.guard():
        raise DataError(f"{name} is damaged.", f"Remove {name}.")
    with guard.guard():
        raise ValueError(name)
    log = home.folder(LOGS) / LOG
    assert said[0] == f"**{plain(f'{name} is damaged.')}** {plain(f'Remove {name}.')}"
    assert said[1].startswith(
        f"**This is a fault of the program.** {plain(fault_line(ValueError(name)))}  \n"
        f"The details are in {plain(log)}."
    )
    assert "Traceback" in log.read_text()


def vega_strings(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for value in content.values():
            yield from vega_strings(value)
    elif isinstance(content, list):
        for value in content:
            yield from vega_strings(value)
    elif isinstance(content, str):
        yield content


def test_vega_charts_take_names_as_data() -> None:
    names, count = hostile.NAMES, len(hostile.NAMES)
    numbers = np.arange(float(count))
    frame = cells({"layer": names, "weights": numbers, "bits": numbers})
    spectrum = {name: np.array([0.1, 0.5]) for name in names}
    widths: list[Any] = [SimpleNamespace(layer=name, kept=1, of=2) for name in names]
    labels = np.arange(count)
    for chart in (
        charts.class_counts(names, numbers),
        charts.layers(frame, "bits", "bits", charts.BLUE),
        channel_charts.kept(widths),
        channel_charts.attention_ranges(spectrum),
        coreset_charts.balance(names, numbers, numbers),
        coreset_charts.histograms(numbers, labels > 3, labels, names, "score"),
    ):
        spec = chart.to_dict()
        json.dumps(spec).encode()
        shown = set(vega_strings(spec["datasets"]))
        assert {visible(name) for name in names} <= shown


def test_an_expression_holds_names_as_strings_alone() -> None:
    names, count = hostile.NAMES, len(hostile.NAMES)
    chart = coreset_charts.histograms(
        np.arange(float(count)), np.arange(count) > 3, np.arange(count), names, "score"
    )
    expression = chart.to_dict()["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]
    string = r'"(?:[^"\\]|\\.)*"'
    found = re.fullmatch(rf"((?:datum\.value == \d+ \? {string} : )+)''", expression)
    assert found
    read = [json.loads(one) for one in re.findall(string, found[1])]
    assert read == [visible(name) for name in names]


class Drawn(SimpleNamespace):
    """What the figures ask of a scene."""

    def __len__(self) -> int:
        return len(self.positions)


def test_plotly_reads_no_tags() -> None:
    names, count = hostile.NAMES, len(hostile.NAMES)
    matrix = np.eye(count, dtype=int)
    figure: Any = charts.confusion(matrix, names, None)
    spelled = [figure_text(name) for name in names]
    assert list(figure.layout.xaxis.ticktext) == list(figure.layout.yaxis.ticktext) == spelled
    assert list(figure.data[0].x) == list(range(count))
    overlap: Any = coreset_charts.overlap(list(names), matrix)
    assert list(overlap.data[0].x) == spelled
    height, width = 2, count
    positions = np.stack(np.divmod(np.arange(height * width), width), 1)
    scene: Any = Drawn(
        extent=(height, width), picture=np.zeros((height, width, 3), np.uint8), bands=2,
        positions=positions, class_names=names, labels=np.tile(np.arange(count), 2),
        label_map=lambda: np.tile(np.arange(count), (2, 1)), cube=np.zeros((height, width, 2)),
        spectra=lambda ids: np.zeros((len(ids), 2)),
    )  # fmt: skip
    clickable: Any = scene_charts.clickable(scene, (0, 0))
    assert [trace.name for trace in clickable.data if trace.name in spelled] == spelled
    for number, name in enumerate(names):
        spectra: Any = scene_charts.spectra(scene, (0, 0), number, number, name)
        text = str(spectra.to_json())
        assert not re.search(r"<(?!/?b>|br>|extra>)", text.replace("\\u003c", "<"))
        assert spectra.layout.yaxis.title.text == f"value in {figure_text(name)}"


def test_the_cloud_of_results_and_reports(home: Home, tmp_path: Path) -> None:
    from lcc_core.results.table import own_rows

    found = own_rows(home)[0]
    name = hostile.SEEN[18] + hostile.SEEN[11] + hostile.UNSEEN[4] + hostile.UNSEEN[3]
    row = replace(found, measurement=replace(found.measurement, data=name, method=name))
    assert figure_text(name) in tradeoff_chart._about(row)
    place = folder.studies(home)[0]
    every = rows(home, place)
    points = [PointRow("a", every[0].point, row), PointRow("b", every[0].point, None, name)]
    assert every[0].state == MISSING
    html = report.page(place, points)
    html.encode()
    body = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert "<a" not in body and "<script" not in body and "<extra" not in body
    assert html.count("<script") == html.count("</script>")
    assert "default-src 'none'" in html
    for kind in report.FORMATS:
        report.export(place, points, tmp_path / f"study{kind}")
    read = pd.read_parquet(tmp_path / "study.parquet")
    # Else as it is: no spreadsheet.
    assert str(read["error"][1]).replace("\\udc80", "\udc80") == name
    formula = [PointRow("c", every[0].point, None, '=cmd("x")')]
    report.export(place, formula, tmp_path / "formula.csv")
    assert str(pd.read_csv(tmp_path / "formula.csv")["error"].iloc[0]) == '\'=cmd("x")'


def test_the_list_of_disagreements(home: Home) -> None:
    from lcc_core.plaintext import csv_text

    names = hostile.NAMES
    tiles: Any = SimpleNamespace(class_names=names, labels=np.arange(len(names)), name="tiny")
    ids = np.arange(len(names))
    given: Any = SimpleNamespace(ids=ids, answers=ids[::-1], probability=np.full(len(ids), 0.5))
    measurement = SimpleNamespace(checkpoint="c" * 12, plan="p" * 12)
    row = SimpleNamespace(arch=names[3], measurement=measurement)
    one: Any = SimpleNamespace(letter="A", row=row)
    text = csv_text(disagreements.table(ids, [one], {"A": given}, tiles))
    text.encode()
    read = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    assert not any(one.startswith(("=", "+", "-", "@", "\t", "\r")) for one in read["truth"])
