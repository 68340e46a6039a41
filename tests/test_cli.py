from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Shell

from lcc_core.checkpoints.packed import read_header
from lcc_core.checkpoints.store import find_checkpoint
from lcc_core.cli import main
from lcc_core.commands.app import FIRST_PORT, free_port
from lcc_core.commands.context import Context
from lcc_core.commands.text import bar, duration, size, table
from lcc_core.files import Home
from lcc_core.hooks import Progress


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tile_folder: Path) -> tuple[Path, str]:
    """A home with the tiny data set and one checkpoint of one epoch."""
    root = tmp_path_factory.mktemp("trained")
    home = Home.find(root)
    from lcc_core.data.catalog import import_tiles
    from lcc_core.data.splits import make_split
    from lcc_core.training import make_recipe, train

    tiles = import_tiles("mine", tile_folder, home)
    recipe = make_recipe("compact", epochs=1, batch=16)
    return root, train(recipe, tiles, make_split(tiles), home).id


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], trained: tuple[Path, str]) -> Shell:
    return Shell(capsys, trained[0])


@pytest.fixture
def checkpoint(trained: tuple[Path, str]) -> str:
    return trained[1]


def test_import_info_list(
    capsys: pytest.CaptureFixture[str], home: Home, tile_folder: Path
) -> None:
    shell = Shell(capsys, home.root)
    done = shell.json("data", "import", "mine", tile_folder)
    assert (done["tiles"], done["size"]) == (48, [16, 16])
    assert {"stage", "done", "total"} <= set(json.loads(shell.err.splitlines()[0]))
    about = shell.json("data", "info", "mine")
    assert about["class_counts"] == {"forest": 12, "river": 12, "road": 12, "wheat": 12}
    assert about["fingerprint"] == done["fingerprint"]
    sets = {one["name"]: one for one in shell.json("data", "list")["data"]}
    assert sets["mine"]["stored"] and not sets["eurosat"]["stored"]
    assert "eurosat" in shell("data", "list") and "forest" in shell("data", "info", "mine")


def test_train_and_list(capsys: pytest.CaptureFixture[str], home: Home, tile_folder: Path) -> None:
    shell = Shell(capsys, home.root)
    assert "no checkpoints yet" in shell("checkpoints")
    shell("data", "import", "mine", tile_folder)
    words = ["train", "--data", "mine", "--arch", "compact", "--epochs", 1, "--seed", 3]
    words += ["--batch", 16, "--split", "80/20", "--device", "cpu"]
    first = shell.json(*words)
    assert first["recipe"]["seed"] == first["split"]["seed"] == 3
    assert first["split"]["protocol"] == "80/20" and len(first["log"]) == 1
    reports = [json.loads(line) for line in shell.err.splitlines()]
    assert {"epoch", "loss"} <= set(reports[-1]["figures"]) and reports[-1]["stage"] == "train"
    again = shell.json(*words, "--resume")
    assert (again["id"], again["created"]) == (first["id"], first["created"])
    assert [c["id"] for c in shell.json("checkpoints")["checkpoints"]] == [first["id"]]
    assert first["id"] in shell("checkpoints")


def test_importance(shell: Shell, checkpoint: str) -> None:
    layers = shell.json("importance", checkpoint[:6])["layers"]
    assert sum(layer["share"] for layer in layers) == pytest.approx(1)
    assert layers[0]["name"] in shell("importance", checkpoint)
    more = shell.json("importance", checkpoint, "--w-entropy", 0.5, "--w-share", 1)["layers"]
    for one, other in zip(layers, more, strict=True):
        assert other["importance"] == pytest.approx(one["share"] + 0.5 * one["entropy"])


def test_search_then_compress(shell: Shell, checkpoint: str, tmp_path: Path) -> None:
    plan, packed = tmp_path / "plan.json", tmp_path / "model.lcc"
    words = ("search", checkpoint, "--t-margin", 20, "--method", "laq+lap", "--tiles", 6)
    found = shell.json(*words, "--out", plan)
    assert found["tiles"] == 6 and found["plan"]["recalibrate"] > 0 and not found["stopped"]
    assert {one["layer"] for one in found["trace"]} == set(found["plan"]["layers"])
    assert found["measurement"]["recalibrated"] == 32 and found["fixed"]
    made = shell.json("compress", checkpoint, "--plan", plan, "--out", packed)
    assert made["plan"] == found["measurement"]["plan"]
    assert made["oa"] == found["measurement"]["oa"]
    again = shell.json(*words)
    assert again["seconds"] == found["seconds"]  # remembered, not searched again
    text = shell(*words)
    assert "candidates on 6 validation tiles" in text and "Fixed settings around" in text
    papers = ("--quantizer", "papers", "--select-on", "test", "--w-share", 1)
    paper = shell.json("search", checkpoint, *papers)
    settings = next(iter(paper["plan"]["layers"].values()))
    assert (settings["granularity"], settings["scale"]) == ("tensor", "absmax")
    assert paper["plan"]["recalibrate"] == 0 and paper["plan"]["facts"]["part"] == "test"


def test_a_split_without_a_validation_part_is_the_papers_way(
    shell: Shell, checkpoint: str, tmp_path: Path
) -> None:
    train = ("train", "--data", "mine", "--arch", "compact", "--epochs", 1, "--split", "70/30")
    cut = shell.json(*train, "--resume")
    papers = shell.json(*train, "--select-on", "test", "--resume")
    assert cut["split"] == {"protocol": "70/30", "seed": 0, "validation": 0.2}
    assert papers["split"] == {"protocol": "70/30", "seed": 0}
    assert set(cut["accuracy"]) == {"validation", "test"} and set(papers["accuracy"]) == {"test"}
    search = ("--tiles", 4, "--t-margin", 50, "--no-recalibrate", "--method", "laq+lap")
    assert shell.json("search", cut["id"], *search)["plan"]["facts"]["part"] == "validation"
    assert shell.json("search", papers["id"], *search)["plan"]["facts"]["part"] == "test"
    assert "Chosen on the test tiles, there are no others" in shell("search", papers["id"], *search)
    rows = shell.json("results")["results"]
    marked = {(row["checkpoint"], row["chosen on"]) for row in rows}
    assert (papers["id"], "test") in marked and (cut["id"], "validation") in marked
    kept = shell.json("results", "--front")["results"]
    assert not any(row["chosen on"] == "test" for row in kept)
    text = shell("results", "--best", "--out", tmp_path / "best.csv")
    assert (
        "Each set of test tiles has a front of its own." in text
        and "tested on" in (tmp_path / "best.csv").read_text()
    )
    best = shell.json("results", "--best", "--chosen-on-test")["results"]
    assert len(best) == len({row["tested on"] for row in rows})


def test_choose_a_coreset_and_train_on_it(shell: Shell, checkpoint: str) -> None:
    words = ("coreset", checkpoint, "--method", "ccs", "--fraction", 0.5, "--balanced")
    made = shell.json(*words, "--out", "half")
    assert (made["tiles"], made["of"], made["balanced"]) == (16, 32, True)
    assert made["class_counts"] == {"forest": 4, "river": 4, "road": 4, "wheat": 4}
    assert "lcc train --coreset half" in shell(*words, "--out", "half")
    train = ("train", "--coreset", "half", "--arch", "compact", "--epochs", 1, "--class-weights")
    model = shell.json(*train, "--resume")
    assert model["split"]["coreset"]["name"] == "half" and model["recipe"]["class_weights"]
    assert model["cost"]["steps"] == 1 and model["cost"]["scoring_s"] == made["scoring_seconds"]
    equal = shell.json(*train, "--equal-steps", "--batch", 4)
    assert equal["epochs"] == 2 and equal["cost"]["steps"] == 8  # as 32 tiles once
    shutil.rmtree(equal["path"])
    shell("train", "--data", "mine", "--arch", "compact", "--equal-steps", code=2)
    assert "--coreset" in shell.err
    assert "50 % (balanced ccs) of mine" in shell("checkpoints")
    row = shell.json("measure", model["id"])
    assert row["oa"] == model["accuracy"]["test"]["oa"]
    shell(*train, "--data", "other", code=2)
    assert "chosen with --data mine, not other" in shell.err
    shell("coreset", model["id"], code=2)
    assert "knows only its tiles" in shell.err
    assert "half" in shell("coresets")
    assert shell.json("coresets", "--delete", "half")["coresets"] == []
    shutil.rmtree(model["path"])


def test_a_coreset_study(shell: Shell, checkpoint: str) -> None:
    words = ("coreset-study", "--data", "mine", "--arch", "compact", "--source", checkpoint)
    words += ("--methods", "forgetting,balanced-random", "--fractions", "1,0.5", "--seeds", "0,1")
    words += ("--epochs", 1, "--bits", "32,4", "--search", "laq", "--tiles", 4, "--t-margin", 30)
    made = shell.json(*words)
    assert len(made["rows"]) == 2 * (1 + 2) * 3 and len(made["means"]) == 3 * 3
    costs = {(m["method"], m["fraction"]): m for m in made["means"]}
    forgotten, drawn = costs["forgetting", 0.5], costs["balanced random", 0.5]
    assert forgotten["steps"] == drawn["steps"] == 1  # 16 tiles in one batch of 32
    assert forgotten["train_s"] > 0 and forgotten["scoring_s"] > 0 == drawn["scoring_s"]
    whole = costs["all tiles", 1.0]
    assert whole["scoring_s"] == 0
    assert {mean["seeds"] for mean in made["means"]} == {2}
    # All tiles are trained by the study's recipe, whatever the source's was.
    assert {one["cost"]["steps"] for one in made["rows"] if one["coreset"] is None} == {1}
    reports = [json.loads(line) for line in shell.err.splitlines()]
    assert reports[-1]["done"] == reports[-1]["total"] and reports[-1]["stage"] == "study"
    again = shell.json(*words)
    assert again["means"] == made["means"]
    assert [r["row"]["measured"] for r in again["rows"]] == [
        r["row"]["measured"] for r in made["rows"]
    ]
    text = shell(*words)
    assert "balanced random" in text and "scored in" in text
    equal = shell.json(*words, "--equal-steps", "--batch", 8)
    lengths = {m["fraction"]: m["steps"] for m in equal["means"]}
    assert lengths[0.5] == lengths[1.0] == 4
    recipes = [
        one["epochs"]
        for one in shell.json("checkpoints")["checkpoints"]
        if "coreset" in one["split"]
    ]
    assert set(recipes) == {1, 2}
    for one in shell.json("checkpoints")["checkpoints"]:
        if one["id"] != checkpoint:
            shutil.rmtree(one["path"])


def test_where_a_recipe_comes_from(shell: Shell) -> None:
    words = ("train", "--arch", "resnet18", "--preset", "remotetrimmer-paper", "--explain")
    told = shell.json(*words, "--clip", 2)
    values = {row["name"]: row for row in told["values"]}
    assert told["paper"] == "zou2024" and values["epochs"]["value"] == "160"
    assert values["schedule"]["where"].startswith("train.py")
    assert values["clip"] == {
        "name": "clip", "value": "2", "kind": "chosen", "where": "not the preset's",
    }  # fmt: skip
    assert "the authors' code does otherwise" in shell(*words)


def clean(shell: Shell, *keep: str) -> None:
    for one in shell.json("checkpoints")["checkpoints"]:
        if one["id"] not in keep:
            shutil.rmtree(one["path"])


def test_prune_channels_then_compress(shell: Shell, checkpoint: str, tmp_path: Path) -> None:
    words = ("prune-channels", checkpoint, "--ratio", 0.5, "--epochs", 1, "--batch", 16)
    words += ("--attention-epochs", 1, "--loss", "mining")
    made = shell.json(*words)
    assert made["recipe"]["loss"] == "mining" and made["attended"]
    assert made["layers"][0] == {"layer": "stem.0", "kept": 16, "of": 32}
    assert made["against"]["ratios"]["macs"] > 3
    reports = [json.loads(line) for line in shell.err.splitlines()]
    assert {"train"} <= {one["stage"] for one in reports}
    again = shell.json(*words)
    assert (again["id"], again["created"]) == (made["id"], made["created"])
    text = shell(*words)
    assert "Trained with attention first" in text and "float32 file" in text
    assert "compact (narrowed by attention, mining)" in shell("checkpoints")
    packed = tmp_path / "narrow.lcc"
    small = shell.json("compress", made["id"], "--bits", 4, "--out", packed)
    assert shell.json("measure", packed)["oa"] == small["oa"]
    assert shell.json("coreset", made["id"], "--fraction", 0.5)["tiles"] == 16
    found = shell.json("search", made["id"], "--t-margin", 40, "--tiles", 4)
    assert found["measurement"]["checkpoint"] == made["id"]
    steps = shell.json(
        "prune-channels", checkpoint, "--criterion", "l1", "--global", "--epochs", 2,
        "--schedule", "multi-pass", "--passes", 2, "--batch", 16, "--teacher", checkpoint,
    )  # fmt: skip
    assert len(steps["steps"]) == 2 and steps["recipe"]["distil"]["teacher"] == checkpoint
    equal = shell.json(
        "prune-channels", checkpoint, "--criterion", "norm", "--epochs", 1, "--batch", 16,
        "--attention-epochs", 1, "--equal-epochs",
    )  # fmt: skip
    assert equal["continued"] and not equal["attended"]
    before = {name: made["trained"][name] for name in ("plain", "gated", "tuning")}
    assert before["gated"] == 1 and equal["trained"]["gated"] == 0
    assert equal["trained"]["plain"] == before["plain"] + 1
    assert "with attention), 1 after pruning" in text
    weights = shell.json("prune-weights", checkpoint, "--k", 1, "--epochs", 1, "--batch", 16)
    assert weights["against"]["result"]["sparsity"] > 0.4
    clean(shell, checkpoint)


def test_distil(shell: Shell, checkpoint: str) -> None:
    words = ("distil", "--epochs", 1, "--batch", 16)
    made = shell.json(*words, "--teacher", checkpoint, "--arch", "compact", "--tau", 2)
    assert made["recipe"]["distil"] == {
        "mode": "offline", "teacher": checkpoint, "tau": 2.0, "weight": 0.5
    }  # fmt: skip
    assert "start" not in made["recipe"]
    narrow = shell.json(*words, "--teacher", checkpoint, "--ratio", 0.5)
    assert narrow["recipe"]["start"]["cut"]["ratio"] == 0.5 and narrow["bytes"] < made["bytes"]
    text = shell(*words, "--teacher", "compact", "--mode", "online", "--student", checkpoint)
    assert "teacher (compact)" in text and "before" in text
    past = shell.json(*words, "--mode", "self", "--arch", "compact", "--data", "mine")
    assert past["how"] == "distilled" and past["made"] == {}
    shell("coreset", checkpoint, "--method", "random", "--fraction", 0.5, "--out", "taught")
    half = shell.json(*words, "--teacher", checkpoint, "--arch", "compact", "--coreset", "taught")
    assert half["split"]["coreset"]["name"] == "taught"
    assert half["id"] != made["id"] and half["recipe"]["distil"]["teacher"] == checkpoint
    gated = shell.json(
        "train", "--data", "mine", "--arch", "compact", "--epochs", 1, "--batch", 16,
        "--attention", "--loss", "mining-wide",
    )  # fmt: skip
    assert gated["how"] == "attention, mining-wide" and "with attention" in gated["made"]
    clean(shell, checkpoint)


def test_a_model_from_elsewhere(shell: Shell, checkpoint: str, tmp_path: Path) -> None:
    import torch

    source = find_checkpoint(Home.find(shell.home), checkpoint)
    torch.save({"state_dict": source.model().net.state_dict()}, tmp_path / "foreign.pt")
    words = ("import-model", tmp_path / "foreign.pt", "--data", "mine", "--norm", "data")
    made = shell.json(*words, "--arch", "compact")
    assert made["accuracy"] == source.accuracy and made["how"] == "imported"
    assert "imported" in shell("checkpoints")
    out = tmp_path / "small.lcc"
    assert shell.json("compress", made["id"], "--bits", 4, "--out", out)["real_ratio"] > 4
    again = shell.json("import-model", out, "--data", "mine")
    assert again["arch"] == "compact" and again["id"] != made["id"]
    assert "not known" in shell.json("coreset", made["id"], "--out", "x", code=2)["error"]
    names = "wheat,river,road,forest"
    other = shell.json(*words, "--arch", "compact", "--classes", names)
    assert other["id"] != made["id"]
    clean(shell, checkpoint)


def test_compress_then_measure_the_file(shell: Shell, checkpoint: str, tmp_path: Path) -> None:
    out = tmp_path / "small.lcc"
    made = shell.json("compress", checkpoint, "--bits", 4, "--k", 0.5, "--out", out)
    assert made["bytes"] == out.stat().st_size
    assert made["real_ratio"] == made["float_bytes"] / made["bytes"] > 4
    assert made["average_bits"] == 4 and made["sparsity"] > 0.2
    read = shell.json("measure", out)
    same = ("oa", "aa", "kappa", "confusion", "tiles", "bytes", "real_ratio", "average_bits")
    same += ("sparsity", "zeros_free_ratio", "float_bytes", "checkpoint", "fingerprint")
    assert {name: read[name] for name in same} == {name: made[name] for name in same}
    assert shell.json("measure", out, "--part", "validation")["part"] == "validation"
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(made["settings"]))
    other = tmp_path / "other.lcc"
    shell("compress", checkpoint, "--plan", plan, "--out", other)
    assert read_header(other) == read_header(out)  # its sha256 covers all the codes
    assert "real" in shell("measure", out) and "zeros-free" in shell.out


def test_results_are_listed_shipped_and_verified(
    shell: Shell, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LCC_STUDIES", str(tmp_path / "studies"))
    for bits in (8, 3):
        shell("compress", checkpoint, "--bits", bits, "--out", tmp_path / "x.lcc")
    out = tmp_path / "rows.csv"
    found = shell.json("results", "--data", "mine", "--out", out)["results"]
    assert {8.0, 3.0} <= {row["average bits"] for row in found}
    assert len(out.read_text().splitlines()) == len(found) + 1
    front = shell.json("results", "--data", "mine", "--front")["results"]
    assert 0 < len(front) <= len(found) and "compact" in shell("results")
    shell("verify", code=2)
    assert "No packed model ships" in shell.err
    made = shell.json("ship", "--data", "mine")
    assert made["rows"] == len(found) and made["models"]
    verified = shell.json("verify")["verified"]
    assert [one["name"] + ".lcc" for one in verified] == sorted(made["models"])
    assert all(one["holds"] for one in verified)
    shell("ship", "--data", "none", code=2)
    assert "Nothing was measured on 'none'" in shell.err


def test_measure_a_checkpoint(shell: Shell, checkpoint: str, tile_folder: Path) -> None:
    row = shell.json("measure", checkpoint)
    assert (row["average_bits"], row["part"], row["checkpoint"]) == (32, "test", checkpoint)
    (stored,) = shell.json("checkpoints")["checkpoints"]
    assert row["oa"] == stored["accuracy"]["test"]["oa"]
    shell("data", "import", "twin", tile_folder)
    assert shell.json("measure", checkpoint, "--data", "twin")["data"] == "twin"


def test_export(shell: Shell, checkpoint: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    packed, out = tmp_path / "small.lcc", tmp_path / "small.onnx"
    shell("compress", checkpoint, "--out", packed)
    made = shell.json("export", packed, "--out", out)
    assert made["bytes"] == out.stat().st_size and made["agreement"] == 1


BAD = [
    ((), "required"),
    (("squash",), "squash"),
    (("data",), "required"),
    (("data", "info", "nowhere"), "lcc data import nowhere"),
    (("data", "info", "../up"), "name="),
    (("data", "import", "x", "/no/such/path"), "/no/such/path"),
    (("data", "download", "mine"), "mine"),
    (("train", "--data", "mine"), "--arch"),
    (("train", "--arch", "compact"), "--coreset"),
    (("train", "--arch", "compact", "--coreset", "none"), "no coreset 'none'"),
    (("coreset", "CKPT", "--method", "best"), "no coreset method 'best'"),
    (("coreset", "CKPT", "--method", "margin", "--beta", "0.1"), "not of margin"),
    (("coreset", "CKPT", "--fraction", "0"), "fraction=0"),
    (("coreset", "CKPT", "--fraction", "0.05"), "fewer than the 4 classes"),
    (("coreset", "CKPT", "--out", "a/b"), "name='a/b'"),
    (("coreset", "CKPT", "--aum", "ranks"), "aum='ranks'"),
    (("coresets", "--delete", "none"), "no coreset 'none'"),
    (("coreset-study", "--data", "mine", "--arch", "alexnet"), "arch='alexnet'"),
    (("coreset-study", "--data", "mine", "--arch", "compact", "--methods", "x"), "method='x'"),
    (("coreset-study", "--data", "mine", "--arch", "compact", "--fractions", "2"), "fraction"),
    (("coreset-study", "--data", "mine", "--arch", "compact", "--seeds", "a"), "--seeds"),
    (("coreset-study", "--data", "mine", "--arch", "compact", "--seeds", ""), "seeds"),
    (("train", "--data", "mine", "--arch", "alexnet"), "alexnet"),
    (("train", "--data", "mine", "--arch", "compact", "--preset", "magic"), "magic"),
    (("train", "--data", "mine", "--arch", "compact", "--epochs", "0"), "epochs=0"),
    (("train", "--data", "mine", "--arch", "compact", "--epochs", "ten"), "ten"),
    (("train", "--data", "mine", "--arch", "compact", "--split", "1/2"), "protocol='1/2'"),
    (("train", "--data", "mine", "--arch", "compact", "--device", "abacus"), "abacus"),
    (("train", "--data", "mine", "--arch", "compact", "--seed", "-1"), "seed=-1"),
    (("train", "--data", "mine", "--arch", "compact", "--clip", "-1"), "clip=-1"),
    (("train", "--data", "mine", "--arch", "compact", "--augmentation", "x"), "augmentation='x'"),
    (("train", "--data", "mine", "--arch", "compact", "--schedule", "x"), "schedule='x'"),
    (("importance", "zzzz"), "lcc train"),
    (("train", "--data", "mine", "--arch", "compact", "--loss", "hinge"), "loss='hinge'"),
    (("prune-channels", "zzzz"), "lcc train"),
    (("prune-channels", "CKPT", "--ratio", "0.95"), "ratio=0.95"),
    (("prune-channels", "CKPT", "--source-epochs", "2"), "--attention-epochs"),
    (("prune-channels", "CKPT", "--criterion", "l1", "--source-epochs", "-1"), "source_epochs=-1"),
    (("prune-channels", "CKPT", "--source-epochs", "2", "--equal-epochs"), "--equal-epochs"),
    (("prune-channels", "CKPT", "--criterion", "best"), "criterion='best'"),
    (("prune-channels", "CKPT", "--floor", "0"), "floor=0"),
    (("prune-channels", "CKPT", "--schedule", "slow"), "schedule='slow'"),
    (("prune-channels", "CKPT", "--schedule", "multi-pass", "--passes", "20"), "epochs=10"),
    (("prune-channels", "CKPT", "--epochs", "0"), "epochs=0"),
    (("prune-channels", "CKPT", "--loss", "hinge"), "loss='hinge'"),
    (("prune-channels", "CKPT", "--teacher", "zzzz"), "no checkpoint 'zzzz'"),
    (("prune-weights", "CKPT", "--k", "0"), "k=0"),
    (("distil", "--teacher", "CKPT"), "--arch"),
    (("distil", "--teacher", "CKPT", "--arch", "compact", "--ratio", "0.5"), "not clear"),
    (("distil", "--arch", "compact", "--data", "mine"), "teacher=''"),
    (("distil", "--mode", "self", "--arch", "compact"), "--data"),
    (("distil", "--mode", "self", "--ratio", "0.5"), "--teacher"),
    (("distil", "--teacher", "CKPT", "--arch", "alexnet"), "alexnet"),
    (("distil", "--teacher", "CKPT", "--arch", "compact", "--data", "x"), "--data mine, not x"),
    (("distil", "--mode", "self", "--arch", "compact", "--coreset", "no"), "no coreset 'no'"),
    (("distil", "--teacher", "CKPT", "--arch", "compact", "--tau", "0"), "tau=0"),
    (("distil", "--teacher", "CKPT", "--ratio", "0.5", "--criterion", "attention"), "trained"),
    (("import-model", "/none.pt", "--data", "mine", "--arch", "compact"), "/none.pt"),
    (("import-model", "FOREIGN", "--data", "mine", "--arch", "compact"), "no file of weights"),
    (("import-model", "FOREIGN", "--data", "mine"), "what network"),
    (("import-model", "FOREIGN", "--data", "mine", "--arch", "alexnet"), "arch='alexnet'"),
    (("import-model", "FOREIGN", "--data", "mine", "--norm", "zero"), "norm='zero'"),
    (("search", "CKPT", "--method", "magic"), "no planner 'magic'"),
    (("search", "CKPT", "--quantizer", "magic"), "no quantizer 'magic'"),
    (("search", "CKPT", "--bits", "4"), "--bits is a setting of the planner uniform, not of laq"),
    (("search", "CKPT", "--granularity", "row"), "granularity='row'"),
    (("search", "CKPT", "--t-margin", "-1"), "t_margin=-1"),
    (("search", "CKPT", "--w-share", "1.5"), "w_share=1.5"),
    (("search", "CKPT", "--w-entropy", "-1"), "w_entropy=-1"),
    (("search", "CKPT", "--select-on", "x"), "select_on='x'"),
    (("search", "CKPT", "--memory", "-1"), "--memory"),
    (("compress", "CKPT", "--bits", "9", "--out", "OUT"), "bits=9"),
    (("compress", "CKPT", "--k", "-1", "--out", "OUT"), "k=-1"),
    (("compress", "CKPT", "--k", "nan", "--out", "OUT"), "k=nan"),
    (("compress", "CKPT", "--scale", "max", "--out", "OUT"), "scale='max'"),
    (("compress", "CKPT", "--part", "all", "--out", "OUT"), "part='all'"),
    (("compress", "CKPT"), "--out"),
    (("compress", "CKPT", "--out", "/no/such/folder/x.lcc"), "/no/such/folder"),
    (("compress", "CKPT", "--plan", "/none.json", "--out", "OUT"), "/none.json"),
    (("compress", "CKPT", "--plan", "FOREIGN", "--out", "OUT"), "not a plan"),
    (("measure", "missing.lcc"), "missing.lcc"),
    (("measure", "FOREIGN"), "FOREIGN"),
    (("measure", "CKPT", "--part", "all"), "part='all'"),
    (("measure", "CKPT", "--data", "demo2"), "demo2"),
    (("export", "FOREIGN", "--format", "onnx", "--out", "OUT"), "FOREIGN"),
    (("export", "CKPT", "--out", "OUT"), "x.lcc has the ending of no export format"),
    (("app", "--port", "99999"), "port=99999"),
]


@pytest.mark.parametrize(("words", "expected"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_bad_input_is_one_line_and_code_2(
    shell: Shell, checkpoint: str, tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    foreign = tmp_path / "FOREIGN"
    foreign.write_text("[]")
    names = {"CKPT": checkpoint, "OUT": str(tmp_path / "x.lcc"), "FOREIGN": str(foreign)}
    words = tuple(names.get(word, word) for word in words)
    shell(*words, code=2)
    (line,) = shell.err.splitlines()
    assert line.startswith("lcc: ") and expected in line
    assert shell.out == ""
    answer = shell.json(*words, code=2)
    assert expected in f"{answer['error']} {answer['fix']}"
    assert not (tmp_path / "x.lcc").exists()


def test_home_before_after_and_from_the_environment(
    capsys: pytest.CaptureFixture[str], trained: tuple[Path, str], home: Home
) -> None:
    for words in (
        ["--home", str(trained[0]), "--json", "checkpoints"],
        ["checkpoints", "--json", "--home", str(trained[0])],
        ["--json", "checkpoints", "--home", str(trained[0])],
    ):
        assert main(words) == 0
        assert len(json.loads(capsys.readouterr().out)["checkpoints"]) == 1
    assert main(["checkpoints", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checkpoints"] == []
    blocked = home.root / "file"
    blocked.write_text("")
    assert main(["checkpoints", "--home", str(blocked)]) == 2
    assert "--home" in capsys.readouterr().err


def test_ctrl_c_cancels_training_with_130(home: Home, tile_folder: Path) -> None:
    assert main(["data", "import", "mine", str(tile_folder)]) == 0
    command = [sys.executable, "-m", "lcc_core.cli", "--json", "train", "--data", "mine"]
    command += ["--arch", "compact", "--epochs", "2000", "--batch", "16"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    assert process.stderr is not None
    json.loads(process.stderr.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out)["code"] == 130
    assert "Traceback" not in err and err.splitlines()[-1].startswith("lcc: Cancelled.")


def test_help_imports_no_torch() -> None:
    script = "import sys, lcc_core.cli as c; c.make_parser(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False"
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0


def test_the_dashboard_finds_a_free_port(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shell("app", "--port", port, code=2)
        assert f"Port {port} is in use." in shell.err
    assert free_port(None) >= FIRST_PORT


def test_time_left_is_worked_out_where_it_is_not_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((100.0, 102.0))
    monkeypatch.setattr("lcc_core.commands.context.time.monotonic", lambda: next(clock))
    context = Context(json=True)
    for done in (0, 25):
        context.progress(Progress("measure", done, 100))
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["eta_s"], second["eta_s"]) == (None, pytest.approx(6))


def test_what_a_terminal_shows() -> None:
    assert [duration(s) for s in (4.21, 187, 7509)] == ["4.2 s", "3:07 min", "2:05:09 h"]
    assert [size(n) for n in (999, 1234, 5_678_000)] == ["999 B", "1.23 kB", "5.68 MB"]
    line = bar(Progress("train", 5, 10, "epoch 1 of 2", 70.0))
    assert line.startswith("train  [############------------]   50 %") or "50 %" in line
    assert line.endswith("1:10 min left") and len(line) < 119
    assert bar(Progress("x", 0, 0)).count("#") == 0
    assert table(("a", "bb"), [("x", 1), ("yy", 22)]) == "a   bb\nx    1\nyy  22"
