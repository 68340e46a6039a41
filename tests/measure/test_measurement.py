"""A row of results: its file, what travels in it, and rows from before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace

import numpy as np

from lcc_core.measure.measurement import Measurement

ROW = Measurement(
    oa=0.75, aa=0.7, kappa=0.6, recall=(1.0, 0.4), confusion=((2, 0), (1, 1)),
    interval=(0.3, 0.95), tiles=4, part="test", precision="float32", average_bits=4.0,
    sparsity=0.2, nominal_ratio=8.0, zeros_free_ratio=9.0, bytes=50, float_bytes=400,
    real_ratio=8.0, parameters=90, macs=1000, latency_ms=1.5, checkpoint="c", plan="p",
    method="fixed", data="tiny", fingerprint="f", synthetic=False, measured="2024-05-06",
    recalibrated=8, recalibration_s=0.5, pruned=0.1, validation_oa=0.8, validation_tiles=5,
    engine=2,
)  # fmt: skip
OF_THE_FILE = {"bytes", "real_ratio", "file_sha256", "latency_ms", "measured", "recalibration_s"}


def test_what_is_not_told_is_not_known() -> None:
    known = {
        name: value
        for name, value in asdict(ROW).items()
        if name not in ("recalibrated", "recalibration_s", "pruned")
        and name not in ("validation_oa", "validation_tiles", "engine", "file_sha256")
    }
    row = Measurement(**known)
    assert (row.recalibrated, row.recalibration_s, row.pruned) == (0, 0, None)
    assert (row.validation_oa, row.validation_tiles) == (None, 0)
    assert (row.engine, row.file_sha256) == (1, "")


def test_sizes_are_those_of_the_file() -> None:
    content = b"packed" * 25
    row = ROW.with_file(content)
    assert (row.bytes, row.real_ratio) == (150, 400 / 150)
    assert row.file_sha256 == hashlib.sha256(content).hexdigest()
    assert replace(row, bytes=50, real_ratio=8.0, file_sha256="") == ROW


def test_a_row_knows_its_file() -> None:
    row = ROW.with_file(b"x" * 50)
    assert row.is_of(b"x" * 50) and not row.is_of(b"y" * 50)
    old = replace(row, file_sha256="")  # a row from before sums were taken goes by the size
    assert old.is_of(b"y" * 50) and not old.is_of(b"x" * 51)


def test_as_json_and_back() -> None:
    for row in (ROW, ROW.with_file(b"x" * 50)):
        content = json.loads(json.dumps(row.to_json()))
        assert Measurement.from_json(content) == row
        assert Measurement.from_json(content | {"from a later version": 1}) == row
    assert "file_sha256" not in ROW.to_json()
    assert ROW.with_file(b"x").to_json()["file_sha256"]
    assert set(ROW.to_json()) == {*asdict(ROW)} - {"file_sha256"}
    back = Measurement.from_json(json.loads(json.dumps(ROW.to_json())))
    assert back.recall == (1.0, 0.4) and back.interval == (0.3, 0.95)
    assert back.confusion == ((2, 0), (1, 1))


def test_nothing_of_the_file_itself_travels_in_it() -> None:
    row = ROW.with_file(b"x" * 50)
    assert set(row.for_header()) == {*asdict(row)} - OF_THE_FILE
    assert all(value == row.to_json()[name] for name, value in row.for_header().items())


def test_the_confusion_as_an_array() -> None:
    array = ROW.confusion_array()
    assert array.tolist() == [[2, 0], [1, 1]] and array.dtype == np.int64
