"""A study axis that is registered here is met wherever axes are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from visit import page

from lcc_core.cli import main
from lcc_core.data.catalog import import_tiles
from lcc_core.files import Home
from lcc_core.studies import folder
from lcc_core.studies.axis import AXES, PLAN, Axis, Contents
from lcc_core.studies.graph import TRAIN, expand
from lcc_core.studies.runner import run_study
from lcc_core.studies.spec import Study
from lcc_core.studies.status import rows


def write_batch(contents: Contents, value: int, *_: object) -> None:
    contents.train["recipe"]["batch"] = value


def scales(study: Study, point: Mapping[str, Any]) -> tuple[str | None, ...]:
    """A float model has no scale."""
    return (None,) if point["quantizer"] == "none" else study["scales"]


def write_scale(contents: Contents, value: str | None, *_: object) -> None:
    if value is not None:
        contents.plan["scale"] = value


BATCHES = Axis(
    name="batches",
    one="batch",
    label="Batches",
    summary="Tiles of one step of training",
    default=(16,),
    kind=int,
    write=write_batch,
    low=2,
    high=512,
    quiet=(16,),
    title=lambda value: f"batches of {value}",
)
SCALES = Axis(
    name="scales",
    one="scale",
    label="Scales",
    summary="How a layer's scale is found",
    default=("lse",),
    of=PLAN,
    values=scales,
    depends=("quantizer",),
    write=write_scale,
    choices=lambda: ("lse", "absmax"),
    quiet=(None, "lse"),
    title=str,
)
TOML = (
    'data = "mine"\nbits = 3\nbatches = [8, 16]\nscales = ["lse", "absmax"]\n[recipe]\nepochs = 1\n'
)


SILENT = Axis("shades", "shade", "Shades", "Decides nothing", ("light", "dark"))


@pytest.fixture(autouse=True)
def _axes() -> Iterator[None]:
    for axis in (BATCHES, SCALES):
        AXES.register(axis)
    yield
    for axis in (BATCHES, SCALES):
        AXES.forget(axis.name)


def test_a_studys_file_multiplies_its_graph() -> None:
    study = Study.from_toml(TOML)
    graph = expand(study)
    assert study.size == len(graph.points) == 4
    batches = [s.content["recipe"]["batch"] for s in graph.steps.values() if s.kind == TRAIN]
    assert batches == [8, 16]
    assert Study.from_toml(study.to_toml()) == study
    with pytest.raises(ValueError, match=r"batches=1 .* 2…512"):
        Study.from_toml(TOML.replace("[8, 16]", "[1]"))


def test_studies_that_do_not_name_it_keep_their_ids() -> None:
    plain = Study("mine", bits=(3,))
    AXES.forget(SCALES.name)
    assert Study("mine", bits=(3,)).id == plain.id


def test_the_command_line_lists_and_takes_it(
    capsys: pytest.CaptureFixture[str], home: Home, tile_folder: Path
) -> None:
    with pytest.raises(SystemExit):
        main(["study", "run", "--help"])
    help_ = " ".join(capsys.readouterr().out.split())
    assert "--batches" in help_ and "Tiles of one step of training (default: 16)" in help_
    import_tiles("mine", tile_folder, home)
    words = ["--json", "study", "run", "first-look", "--data", "mine", "--batches", "8,16"]
    assert main([*words, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["points"] == 2 * 15


def test_a_row_tells_it(home: Home, tile_folder: Path) -> None:
    import_tiles("mine", tile_folder, home)
    study = Study.from_toml(TOML)
    assert run_study(study, home).failed == 0
    found = rows(home, folder.find(home, study.id))
    assert [(row.flat().get("batch"), row.flat().get("scale")) for row in found] == [
        (8, None), (8, "absmax"), (None, None), (None, "absmax"),
    ]  # fmt: skip
    scales = {s["scale"] for row in found for s in row.row.settings["layers"].values()}
    assert scales == {"lse", "absmax"}
    assert found[1].point.title.endswith("batches of 8, seed 0: 3 bits, absmax")


def test_an_axis_that_decides_nothing_is_told() -> None:
    """Its points would be one: none of them is dropped in silence."""
    AXES.register(SILENT)
    try:
        with pytest.raises(ValueError, match=r"shades=.*something that decides a result"):
            expand(Study("mine", bits=(3,)))
    finally:
        AXES.forget(SILENT.name)


def test_the_page_has_its_controls(home: Home) -> None:
    test = page("studies")
    assert not test.exception
    by_label = {one.label: one for one in [*test.multiselect, *test.text_input]}
    assert by_label["Batches"].help == BATCHES.summary
    by_label["Batches"].set_value("8, 16").run()
    by_label = {one.label: one for one in test.multiselect}
    by_label["Scales"].set_value(["lse", "absmax"]).run()
    assert not test.exception
    assert any("58 points" in one.value for one in test.markdown)
