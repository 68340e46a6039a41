"""What each page shows and does, without a browser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from visit import WAIT_S, page, words

from lcc_core import jobs
from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.compression import Plan, uniform_plan
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home, write_json
from lcc_core.measure.measurement import Measurement
from lcc_core.results.measured import measure_plan
from lcc_core.results.table import own_rows
from lcc_core.training import make_recipe, train
from lcc_core.workspace import Workspace
from pages.ui import words as spell


def named(elements: Any, label: str) -> Any:
    return next(one for one in elements if one.label == label)


def test_tradeoffs_name_the_first_step(home: Home) -> None:
    test = page("tradeoffs")
    assert not test.exception
    assert "No model has been measured yet" in words(test)
    assert "Train the demo model" in [button.label for button in test.button]
    assert "ynthetic" in words(test)


def measure_some(home: Home) -> list[Measurement]:
    tiles, checkpoint = load_tiles("tiny", home), list_checkpoints(home)[0]
    model = checkpoint.model()
    plans = [Plan({}), *(uniform_plan(model, bits) for bits in (8, 4, 2))]
    return [measure_plan(Workspace(home, [tiles]), checkpoint, plan) for plan in plans]


def test_every_measurement_is_listed_and_limits_find_the_best(trained: Home) -> None:
    rows = measure_some(trained)
    test = page("tradeoffs")
    assert not test.exception
    frame = test.dataframe[0].value
    assert sorted(frame["file (B)"]) == sorted(row.bytes for row in rows)
    assert "Front by validation accuracy: **" in words(test)
    middle = sorted(row.bytes for row in rows)[1] / 1e6
    test.number_input(key="most").set_value(middle + 0.001).run()
    assert "**2 of 4 fit.**" in test.success[0].value
    fitting = [row for row in rows if row.bytes / 1e6 <= middle + 0.001]
    finest = max(fitting, key=lambda row: (row.validation_oa, -row.bytes))
    assert "Chosen by validation accuracy" in test.success[0].value
    packed = named(test.metric, "Packed file")
    assert packed.value == spell.size(finest.bytes)
    test.number_input(key="least").set_value(100.0).run()
    least = sum(row.validation_oa >= 1 for row in fitting)
    assert f"**{least} of 4 fit" in words(test) or "Nothing here fits" in test.warning[0].value
    test.number_input(key="least").set_value(0.0).run()
    test.segmented_control(key="axis").set_value("latency").run()
    test.toggle(key="dim").set_value(True).run()
    assert not test.exception and not test.error


def altered(home: Home, plan: str, **changes: Any) -> None:
    """Another row beside that of ``plan``, with another split, other figures or another mark."""
    row = next(row for row in own_rows(home) if row.measurement.plan == plan)
    content = row.to_json()
    content["settings"] = content["settings"] | {"facts": changes.pop("facts", {})}
    content["model"] = content["model"] | {"split": changes.pop("split", content["model"]["split"])}
    write_json(home.results / f"{changes['checkpoint']}.json", content | changes)


def test_rows_chosen_on_test_tiles_are_marked_and_off_the_front(trained: Home) -> None:
    rows = measure_some(trained)
    chosen = {"facts": {"part": "test"}, "bytes": 10, "validation_oa": 1.0, "oa": 1.0}
    altered(trained, rows[-1].plan, checkpoint="flattered", **chosen)
    test = page("tradeoffs")
    frame = test.dataframe[0].value
    assert sorted(frame["chosen on"]) == ["", "", "", "", "test"]
    test.number_input(key="most").set_value(1.0).run()
    assert spell.ON_TEST not in test.success[0].value and "of 4 fit" in test.success[0].value
    test.toggle(key="on-test").set_value(True).run()
    assert spell.ON_TEST in test.success[0].value and "of 5 fit" in test.success[0].value
    assert not test.exception and not test.error


def test_rows_of_other_test_tiles_are_looked_at_apart(trained: Home) -> None:
    rows = measure_some(trained)
    split = {"protocol": "70/30", "seed": 0}
    altered(trained, rows[-1].plan, checkpoint="other", split=split, tiles=12, validation_oa=None)
    test = page("tradeoffs")
    assert len(test.dataframe[0].value) == 4
    field = test.selectbox(key="tested")
    assert [one.rpartition(":")[2] for one in field.options] == [" 4 models", " 1 model"]
    field.set_value("12 test tiles (30 % of tiny, seed 0)").run()
    assert len(test.dataframe[0].value) == 1
    assert "Front by test accuracy" in words(test)
    assert not test.exception and not test.error


def test_the_open_row_stands_in_the_address(trained: Home) -> None:
    measure_some(trained)
    test = page("tradeoffs")
    rows = next(one for one in test.selectbox if one.label == "Result")
    assert "row" not in test.query_params
    last = rows.options[-1]
    rows.select(last).run()
    short = test.query_params["row"]
    assert last.endswith(short)
    again = page(row=short)
    assert next(one for one in again.selectbox if one.label == "Result").value == short
    again.number_input(key="least").set_value(0.1).run()  # the best within the limits opens
    assert not again.exception and "row" not in again.query_params


def test_filters_leave_what_they_say(trained: Home) -> None:
    measure_some(trained)
    test = page("tradeoffs")
    test.multiselect(key="methods").set_value(["float"]).run()
    assert test.dataframe[0].value["average bits"].tolist() == [32]
    assert not test.exception


def test_data_shows_counts_and_a_gallery(trained: Home) -> None:
    test = page("data")
    assert not test.exception
    assert test.dataframe[0].value["tiles"].tolist() == [48]
    assert "48 tiles" in words(test)


def test_import_needs_a_path(home: Home) -> None:
    test = page("data")
    named(test.button, "Import").click().run()
    assert "A path and a name are needed" in test.error[0].value
    assert not jobs.jobs(home)


def test_training_starts_a_job(trained: Home) -> None:
    test = page("train")
    test.selectbox(key="data").set_value("tiny").run()
    next(n for n in test.number_input if n.label == "Epochs").set_value(1).run()
    named(test.button, "Train").click().run()
    assert not test.exception
    job = jobs.wait(trained, jobs.jobs(trained)[0].id, WAIT_S)
    assert job.state == "done", job.error
    assert len(page("train").dataframe[0].value) == 2


def test_compress_without_a_checkpoint_says_so(home: Home) -> None:
    test = page("compress")
    assert "no checkpoint to compress yet" in test.info[0].value


def test_fewer_bits_make_a_smaller_file(trained: Home) -> None:
    test = page("compress")
    assert not test.exception
    ratios = {}
    for bits in (8, 2):
        test.select_slider(key="bits").set_value(bits).run()
        assert not test.error, test.error[0].value
        metrics = {metric.label: metric.value for metric in test.metric}
        ratios[bits] = float(metrics["Real ratio"].rstrip("×"))
        assert float(metrics["Nominal ratio"].rstrip("×")) == 32 / bits
    assert ratios[2] > ratios[8] > 2


def test_float_settings_change_nothing(trained: Home) -> None:
    test = page("compress")
    test.select_slider(key="bits").set_value(32).run()
    accuracy = named(test.metric, "Overall accuracy")
    assert accuracy.delta == "+0.00 pts vs float"


def test_changed_tiles_are_an_error_not_a_traceback(trained: Home) -> None:
    path = trained.tiles / "tiny" / "meta.json"
    path.write_text(path.read_text().replace('"fingerprint": "', '"fingerprint": "0'))
    test = page("compress")
    assert not test.exception
    assert "are not those checkpoint" in test.error[0].value


def test_adaptive_asks_before_it_searches_and_shows_what_was_found(trained: Home) -> None:
    from lcc_core.cli import main
    from lcc_core.compression.recalibration import TILES
    from lcc_core.compression.search import SearchSettings
    from lcc_core.tasks.searching import SearchTask
    from pages.ui import session

    test = page("compress")
    test.segmented_control(key="mode").set_value("adaptive").run()
    assert not test.exception
    assert "Search" in [button.label for button in test.button]
    assert not test.metric
    settings = SearchSettings(recalibrate=TILES)
    task = SearchTask(checkpoint=session.checkpoints()[0].id, settings=settings)
    assert main([*task.words(), "--home", str(trained.root)]) == 0
    test.run()
    assert not test.exception
    assert "candidates judged on" in words(test)
    assert "Fixed settings around this size" in words(test)
    assert named(test.metric, "Overall accuracy")
    assert "Search" not in [button.label for button in test.button]
    test.number_input(key="t_margin").set_value(2.0).run()
    assert "Search" in [button.label for button in test.button]


def test_a_cancelled_search_keeps_what_it_found(trained: Home) -> None:
    from lcc_core.compression.recalibration import TILES
    from lcc_core.compression.search import SearchSettings
    from lcc_core.tasks.searching import SearchTask
    from pages.ui import session

    checkpoint = session.checkpoints()[0]
    settings = SearchSettings(recalibrate=TILES)
    job = jobs.start(trained, SearchTask(checkpoint=checkpoint.id, settings=settings))
    while jobs.job(trained, job.id).progress is None:
        assert jobs.job(trained, job.id).live
        time.sleep(0.05)
    jobs.cancel(trained, job.id)
    ended = jobs.wait(trained, job.id)
    test = page("compress")
    test.session_state["job"] = job.id
    test.segmented_control(key="mode").set_value("adaptive").run()
    assert not test.exception
    if ended.result and ended.result["stopped"]:
        assert "as far as it came" in words(test)
        assert named(test.metric, "Overall accuracy")
    else:  # it came to an end, or had not begun
        assert ended.state in ("done", "cancelled")


def test_coresets_need_a_model(home: Home) -> None:
    test = page("coresets")
    assert not test.exception
    assert "Train one first" in test.info[0].value


def test_choose_a_coreset_train_on_it_and_see_what_came(trained: Home) -> None:
    test = page("coresets")
    assert not test.exception
    assert "fewer than the 4 classes" in test.error[0].value  # 10 % of 32 tiles
    test.select_slider(key="keep").set_value(50).run()
    assert not test.error and not test.exception
    assert "**16 of 32** training tiles" in words(test)
    assert "Nothing was trained on a coreset" in words(test)
    for method in ("random", "margin", "ccs"):
        test.selectbox(key="by").set_value(method).run()
        assert not test.error and not test.exception
    test.selectbox(key="ccs-aum").set_value("probabilities").run()
    assert not test.error and not test.exception
    test.toggle(key="even").set_value(True).run()
    assert "balanced ccs; fewest of forest: 4" in words(test)
    next(n for n in test.number_input if n.label == "Epochs").set_value(1).run()
    named(test.button, "Train on these 16 tiles").click().run()
    assert not test.exception
    job = jobs.wait(trained, jobs.jobs(trained)[0].id, WAIT_S)
    assert job.state == "done", job.error
    assert job.result["split"]["coreset"]["tiles"] == 16
    test = page("coresets")
    test.select_slider(key="keep").set_value(50).run()
    assert "Nothing was trained" not in words(test)
    costs = test.dataframe[0].value.set_index("kept (%)")
    assert costs.loc[50, "steps"] == 1 and costs.loc[50, "scoring (s)"] > 0
    assert costs.loc[100, "scoring (s)"] == 0
    test.segmented_control(key="effort").set_value("equal steps").run()
    assert "the steps of 1 epochs on all tiles" in test.dataframe[0].value["trained for"].iloc[0]
    # The new one is offered for compression, not as a source of scores.
    assert len(test.selectbox(key="checkpoint").options) == 1
    assert len(page("compress").selectbox(key="checkpoint").options) == 2


def test_a_comparison_of_coresets_runs_as_a_job(trained: Home) -> None:
    test = page("coresets")
    test.select_slider(key="keep").set_value(50).run()
    fields = {field.label: field for field in test.multiselect}
    fields["Coresets"].set_value(["random"])
    fields["Seeds"].set_value([0, 1])
    fields["Tiles to keep (%)"].set_value([50]).run()
    test.number_input(key="study-epochs").set_value(1).run()
    assert "**6 points**, on 2 trainings and 2 searches" in words(test)
    named(test.button, "Run the comparison").click().run()
    assert not test.exception
    job = jobs.wait(trained, jobs.jobs(trained)[0].id, WAIT_S)
    assert job.state == "done", job.error
    assert (job.result["points"], job.result["failed"]) == (6, 0)
    test.run()
    assert not test.exception and not test.error


def test_the_model_stands_in_the_address_and_goes_along(trained: Home) -> None:
    tiles = load_tiles("tiny", trained)
    train(make_recipe("compact", epochs=1, batch=16), tiles, make_split(tiles), trained)
    newest, older = (one.id for one in list_checkpoints(trained))
    test = page("compress")
    assert test.selectbox(key="checkpoint").value == newest
    test.selectbox(key="checkpoint").set_value(older).run()
    assert test.query_params["checkpoint"] in (older[:6], [older[:6]])
    test.switch_page("pages/coresets.py").run()
    assert test.selectbox(key="checkpoint").value == older
    assert page("compress", checkpoint=older[:6]).selectbox(key="checkpoint").value == older
    foreign = page("compress", checkpoint="nonsense")
    assert foreign.selectbox(key="checkpoint").value == newest
    assert "nonsense of this address" in foreign.warning[0].value


def test_a_model_from_elsewhere_is_taken_over(trained: Home, tmp_path: Path) -> None:
    source = list_checkpoints(trained)[0]
    save_file(source.model().net.state_dict(), tmp_path / "w.safetensors")
    test = page("train")
    named(test.button, "Import").click().run()
    assert "No file is named" in test.error[0].value
    named(test.text_input, "File on this machine").set_value(str(tmp_path / "w.safetensors"))
    named(test.selectbox, "Network").set_value("compact")
    named(test.button, "Import").click().run()
    job = jobs.wait(trained, jobs.jobs(trained)[0].id, WAIT_S)
    assert job.state == "done", job.error
    assert job.result["accuracy"] == source.accuracy
    test.run()
    assert "compact (imported)" in list(test.dataframe[0].value["architecture"])
    assert page("compress", checkpoint=job.result["id"][:6]).metric[0].value.endswith("%")
    assert "imported" not in str(page("coresets").selectbox(key="checkpoint").options)
