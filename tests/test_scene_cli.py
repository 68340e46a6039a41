"""Every command on a scene."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_scene as scenes
from shell import Shell

from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with a scene and one checkpoint on it."""
    home = Home.find(tmp_path_factory.mktemp("trained"))
    scene = scenes.store(home, height=60, width=60)
    recipe = make_recipe("cnn2d", epochs=2)
    return home.root, train(recipe, scene, make_split(scene, "blocks-30/10/60"), home).id


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], trained: tuple[Path, str]) -> Shell:
    return Shell(capsys, trained[0])


@pytest.fixture
def checkpoint(trained: tuple[Path, str]) -> str:
    return trained[1]


def test_import_and_info(shell: Shell, tmp_path: Path) -> None:
    cube, labels = scenes.files(tmp_path)
    words = ("data", "import", "mine", cube, labels, "--patch", 3, "--classes")
    done = shell.json(*words, ",".join(scenes.NAMES), "--without", "soil", "--rgb", "9,5,1")
    assert done["class_names"] == ["grass", "roof", "water"] and done["size"] == [3, 3]
    about = shell.json("data", "info", "mine")
    assert about["extent"] == [40, 40] and "soil" not in about["class_counts"]
    assert about["splits"]["30/10/60"]["distance"] == 1
    blocks = about["splits"]["blocks-30/10/60"]
    assert "error" in blocks or (blocks["distance"] >= 3 and blocks["touching"] == 0)
    assert "40×40 pixels" in shell("data", "info", "mine")
    assert "lcc data import pavia_university CUBE.mat LABELS.mat" in shell("data", "list")


def test_names_that_hold_commas(shell: Shell, tmp_path: Path) -> None:
    cube, labels = scenes.files(tmp_path)
    words = ("data", "import", "commas", cube, labels, "--patch", 3)
    asked = ["trees, tall", "roof", "soil", "water"]
    given = ("--classes", json.dumps(asked), "--without", '["trees, tall"]')
    assert shell.json(*words, *given, "--limit", "1MB")["class_names"] == asked[1:]
    (tmp_path / "names.json").write_text(json.dumps(asked))
    done = shell.json(*words, "--classes", tmp_path / "names.json")
    assert done["class_names"] == asked


def test_surrogate(shell: Shell, tmp_path: Path) -> None:
    cube, labels = scenes.draw()
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "spectra.npy", cube[labels > 0])
    np.save(tmp_path / "of.npy", labels[labels > 0][:, None])
    paths = [tmp_path / f"{name}.npy" for name in ("labels", "spectra", "of")]
    done = shell.json("data", "surrogate", "drawn", *paths, "--patch", 5, "--seed", 3)
    assert done["tiles"] == (labels > 0).sum()
    assert shell.json("data", "info", "drawn")["synthetic"]


def test_train_coreset_search_compress_measure_export(
    shell: Shell, checkpoint: str, tmp_path: Path
) -> None:
    words = ("train", "--data", "ground", "--arch", "cnn1d", "--epochs", 1)
    made = shell.json(*words, "--split", "blocks-30/10/60", "--seed", 1)
    assert made["split"]["spatial"]["distance"]["train-test"] >= 5
    assert shell.json("importance", checkpoint)["layers"]
    chosen = shell.json("coreset", checkpoint, "--fraction", 0.5, "--out", "half")
    assert chosen["tiles"] > 0
    assert shell.json("train", "--coreset", "half", "--arch", "cnn3d", "--epochs", 1)["id"]
    plan, packed = tmp_path / "plan.json", tmp_path / "x.lcc"
    shell("search", checkpoint, "--t-margin", 20, "--tiles", 20, "--out", plan)
    row = shell.json("compress", checkpoint, "--plan", plan, "--out", packed)
    assert row["real_ratio"] > 4
    same = shell.json("measure", packed)
    assert same["confusion"] == row["confusion"] and same["bytes"] == row["bytes"]
    pytest.importorskip("onnxruntime")
    out = shell.json("export", packed, "--out", tmp_path / "x.onnx")
    assert out["agreement"] == 1 and out["checked_on"] == "test tiles of ground"


def test_export_without_the_scene(
    shell: Shell, checkpoint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    shell("compress", checkpoint, "--out", tmp_path / "x.lcc")
    elsewhere = Shell(capsys, tmp_path / "empty")
    out = elsewhere.json("export", tmp_path / "x.lcc", "--out", tmp_path / "x.onnx")
    assert out["agreement"] > 0.95 and out["checked_on"] == "noise patches"


def test_map(shell: Shell, checkpoint: str, tmp_path: Path) -> None:
    done = shell.json("map", checkpoint, "--bits", 4, "--out", tmp_path / "x.npy")
    assert done["pixels"] == 3600 and done["pixels_per_s"] > 0
    classes = np.load(tmp_path / "x.npy", allow_pickle=False)
    assert classes.shape == (60, 60) and classes.max() < 4
    row = shell.json("compress", checkpoint, "--bits", 4, "--out", tmp_path / "x.lcc")
    assert done["oa"] == pytest.approx(row["oa"], abs=0.005)
    shell("map", checkpoint, "--bits", 4, "--out", tmp_path / "x.csv")
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 3601
    assert "a second" in shell("map", checkpoint, "--bits", 32, "--k", 0, "--no-recalibrate")


def test_study(shell: Shell) -> None:
    words = ("scene-study", "--data", "ground", "--arch", "cnn1d", "--epochs", 1, "--seeds", "0,1")
    words += ("--bits", 4, "--k", 1, "--both", "3:0.5", "--students", 0.25)
    made = shell.json(*words)
    assert len(made["rows"]) == 2 * 2 * 6 and len(made["means"]) == 2 * 6
    assert len(made["flattery"]) == 6
    text = shell(*words)
    assert "random less disjoint" in text and "±" in text and "3 bits, k = 0.5" in text
    assert "taught, 25 % fewer channels" in text


BAD = [
    (("data", "import", "x", "CUBE", "LABELS", "CUBE"), "3 files are named"),
    (("data", "import", "x", "CUBE", "LABELS", "--classes", "a,b, tall,c,d"), "5 class names"),
    (("data", "import", "x", "CUBE", "LABELS", "--classes", "a,,c,d"), "an empty name"),
    (("data", "import", "x", "CUBE", "LABELS", "--classes", "a,b,c,a"), "'a' twice"),
    (("data", "import", "x", "CUBE", "LABELS", "--classes", "a,b,c,A"), "look the same"),
    (("data", "import", "x", "CUBE", "LABELS", "--classes", '["a"'), "not a JSON list"),
    (("data", "import", "x", "CUBE", "LABELS", "--classes", "none.json"), "none.json"),
    (("data", "import", "x", "CUBE", "LABELS", "--limit", "1kB"), "raise it: --limit"),
    (("data", "import", "x", "CUBE", "LABELS", "--limit", "much"), "'much' is no size"),
    (("data", "import", "x", "CUBE", "LABELS", "--patch", "4"), "patch=4"),
    (("data", "import", "x", "CUBE", "LABELS", "--patch", "65"), "odd, 1…63"),
    (("data", "import", "x", "CUBE", "LABELS", "--size", "32"), "--size is for tiles"),
    (("data", "import", "x", "CUBE", "LABELS", "--rgb", "1,2"), "rgb="),
    (("data", "import", "x", "CUBE", "LABELS", "--rgb", "1,2,99"), "bands 0…11"),
    (("data", "import", "x", "CUBE", "CUBE"), "not a label map"),
    (("data", "import", "x", "LABELS", "LABELS"), "not a cube"),
    (("data", "import", "x", "CUBE", "/none.mat"), "/none.mat"),
    (("data", "import", "x", "CUBE", "--patch", "3"), "--patch is for scenes"),
    (("data", "import", "x", "CUBE", "LABELS", "--without", "sand"), "no class 'sand'"),
    (("data", "import", "indian_pines", "CUBE", "LABELS"), "not the published file"),
    (("data", "surrogate", "x", "LABELS", "CUBE", "LABELS"), "not a label map"),
    (("data", "surrogate", "x", "LABELS", "LABELS", "LABELS", "--like", "y"), "no known scene"),
    (("train", "--data", "ground", "--arch", "resnet18"), "resnet18 reads tiles"),
    (("map", "CKPT", "--out", "/no/such/folder/x.png"), "/no/such/folder"),
    (("map", "CKPT", "--bits", "4", "--out", "OUT.tif"), ".png"),
    (("scene-study", "--data", "ground", "--arch", "compact"), "arch='compact'"),
    (("scene-study", "--data", "ground", "--both", "4"), "4:0.5"),
    (("scene-study", "--data", "ground", "--splits", "9/9/9"), "protocol='9/9/9'"),
]


@pytest.mark.parametrize(("words", "expected"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_input_is_one_line_and_code_2(
    shell: Shell, checkpoint: str, tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    cube, labels = scenes.files(tmp_path)
    names = {"CUBE": cube, "LABELS": labels, "CKPT": checkpoint, "OUT.tif": tmp_path / "x.tif"}
    shell(*(names.get(word, word) for word in words), code=2)
    (line,) = shell.err.splitlines()
    assert line.startswith("lcc: ") and expected in line and shell.out == ""
