"""The Channels page and the Distil tab, without a browser."""

from __future__ import annotations

from visit import WAIT_S, page, words

from lcc_core import jobs
from lcc_core.checkpoints.split import checkpoint_split
from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.coresets import CoresetSettings, choose_coreset
from lcc_core.coresets.coreset import save_coreset
from lcc_core.data.catalog import import_tiles, load_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train
from pages.ui import words as spell


def test_channels_need_a_model(home: Home) -> None:
    test = page("channels")
    assert not test.exception
    assert "no checkpoint to prune yet" in test.info[0].value


def test_channels_are_ranked_pruned_tuned_and_compared(trained: Home) -> None:
    test = page("channels")
    assert not test.exception and not test.error
    assert "Attention has to be trained" in test.info[0].value
    assert "Nothing was pruned" in test.info[1].value
    for criterion in ("norm", "l1", "random"):
        test.selectbox(key="criterion").set_value(criterion).run()
        assert "**224 of 448** channels stay" in words(test)
        assert test.number_input(key="longer").value == 0
    test.slider(key="ratio").set_value(0.75).run()
    test.number_input(key="floor").set_value(1).run()
    assert "**112 of 448** channels stay" in words(test)
    test.selectbox(key="scope").set_value("global").run()
    assert not test.exception and not test.error
    test.slider(key="ratio").set_value(0.5).run()
    test.selectbox(key="criterion").set_value("attention").run()
    test.number_input(key="epochs").set_value(2).run()
    test.number_input(key="gates").set_value(1).run()
    test.selectbox(key="schedule").set_value("multi-pass").run()
    next(b for b in test.button if b.label == "Prune and fine-tune").click().run()
    assert not test.exception and not test.error
    job = jobs.wait(trained, jobs.jobs(trained)[0].id, WAIT_S)
    assert job.state == "done", job.error
    assert len(job.result["steps"]) == 2
    source = job.result["source"]
    test = page("channels")
    test.selectbox(key="checkpoint").set_value(source).run()
    assert not test.exception and not test.error
    assert "Trained with gates" in words(test)  # its attention is known now
    known = job.result["trained"]
    told = f"{known['plain'] + 1} epochs before (1 of them with attention), 2 after"
    assert known["gated"] == 1 and told in words(test)
    test.selectbox(key="norm").set_value("blocks.1.first.1").run()
    metrics = {metric.label: metric.value for metric in test.metric}
    assert metrics["Test accuracy"] == spell.percent(job.result["accuracy"]["test"]["oa"])
    assert float(metrics["MACs"].split("×")[0]) > 2
    assert test.dataframe[0].value["times less"].min() > 0
    listed = test.dataframe[1].value
    assert set(listed["epochs before"]) == {known["plain"] + 1}
    assert set(listed["criterion"]) == {"attention"} and sorted(listed["epochs after"]) == [1, 2]
    assert not test.exception and not test.error
    compress = page("compress")
    compress.selectbox(key="checkpoint").set_value(job.result["id"]).run()
    assert not compress.exception and not compress.error
    assert "narrowed" in " ".join(compress.selectbox(key="checkpoint").options)


def test_lost_weights_are_said_on_the_channels_page(home: Home, tile_folder) -> None:
    tiles = import_tiles("tiny", tile_folder, home)
    made = train(make_recipe("compact", epochs=1, batch=8), tiles, make_split(tiles), home)
    (made.path / "model.safetensors").unlink()
    test = page("channels")
    assert not test.exception and not test.error
    assert "1 stored checkpoint cannot be read" in [one.label for one in test.expander]
    assert "model.safetensors (it is missing)" in words(test)


def test_distilling_starts_a_job(trained: Home) -> None:
    source = list_checkpoints(trained)[0]
    tiles = load_tiles(source.data, trained)
    settings = CoresetSettings("random", 0.5)
    split = checkpoint_split(source, tiles)
    save_coreset(trained, choose_coreset(source, tiles, split, settings, "half"))
    test = page("train")
    assert not test.exception
    for mode in ("self", "online", "offline"):
        test.selectbox(key="mode").set_value(mode).run()
        assert not test.exception and not test.error
    for student in ("a checkpoint", "the teacher, narrowed"):
        test.selectbox(key="student").set_value(student).run()
        assert not test.exception and not test.error
    test.selectbox(key="distil-tiles").set_value("half").run()
    test.number_input(key="distil-epochs-compact").set_value(1).run()
    next(b for b in test.button if b.label == "Distil").click().run()
    job = jobs.wait(trained, jobs.jobs(trained)[0].id, WAIT_S)
    assert job.state == "done", job.error
    assert job.result["how"] == "narrowed by norm, distilled"
    assert job.result["split"]["coreset"]["name"] == "half"
    assert "narrowed by norm, distilled" in page("train").dataframe[0].value["architecture"][0]


def test_nobody_to_teach_yet(home: Home) -> None:
    test = page("train")
    assert "Train a teacher first" in test.info[0].value
    test.selectbox(key="mode").set_value("self").run()
    assert "Distil" in [button.label for button in test.button]
    assert not test.exception and not test.error
