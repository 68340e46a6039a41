"""Scenes from files: odd ones, damaged ones, and the real ones."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_scene as scenes
from scipy.io import savemat

from lcc_core.data.catalog import (
    DATASETS,
    Surrogate,
    download_tiles,
    draw_surrogate,
    import_files,
    import_tiles,
    load_tiles,
)
from lcc_core.data.scene import Scene
from lcc_core.data.scenefile import read_array
from lcc_core.data.scenes import SceneChoice, fit_labels, name_classes
from lcc_core.errors import DataError
from lcc_core.files import Home

REAL = Path(os.environ.get("LCC_DATA", "/nowhere")) / "hyperspectral"
real = pytest.mark.skipif(not REAL.is_dir(), reason="LCC_DATA names no folder with scenes")
# The classes of the spectra are numbered as in miniGCN (Hong et al. 2020), not as in the map.
ORDER = (2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16, 1, 7, 9)


def matlab(path: Path, **arrays: np.ndarray) -> Path:
    savemat(path, arrays)
    return path


def test_the_same_scene_from_matlab_and_numpy(home: Home, tmp_path: Path) -> None:
    cube, labels = scenes.draw()
    both = matlab(tmp_path / "both.mat", cube=cube, gt=labels.astype(np.uint8))
    choice = SceneChoice(patch=5, classes=scenes.NAMES)
    one = import_files("one", *scenes.files(tmp_path / "npy"), home, choice)
    two = import_files("two", both, both, home, choice)
    assert isinstance(one, Scene) and one.fingerprint == two.fingerprint
    assert load_tiles("two", home).class_names == scenes.NAMES
    np.testing.assert_array_equal(one.images[np.arange(4)], two.images[np.arange(4)])


def test_several_arrays_need_a_key(tmp_path: Path) -> None:
    path = matlab(tmp_path / "x.mat", a=np.zeros((4, 4, 3)), b=np.ones((4, 4, 2)))
    with pytest.raises(DataError, match=r"holds 2 arrays.*--keys CUBE,LABELS.*a 4×4×3, b 4×4×2"):
        read_array(path, 3)
    assert read_array(path, 3, "b").shape == (4, 4, 2)
    with pytest.raises(DataError, match="no array 'c'"):
        read_array(path, 3, "c")
    with pytest.raises(DataError, match=r"not a label map"):
        read_array(path, 2, "a")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.mat", b"", "not a readable .mat file"),
        ("x.mat", b"MATLAB 5.0 MAT-file" + b" " * 200, "not a readable .mat file"),
        ("x.mat", b"MATLAB 7.3 MAT-file" + b" " * 493 + b"\x89HDF\r\n", "HDF5.*-v7"),
        ("x.npy", b"\x93NUMPY", "not a readable .npy file"),
        ("x.tif", b"II", "no reader of a scene knows"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_array(tmp_path / name, 3)
    with pytest.raises(DataError, match="does not exist"):
        read_array(tmp_path / "none.mat", 3)


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(DataError, match=r"not a readable \.npy file"):
        read_array(tmp_path / "x.npy", 3)


def test_values_that_are_no_numbers(home: Home, tmp_path: Path) -> None:
    cube, labels = scenes.files(tmp_path)
    broken = np.load(cube)
    broken[3, 3, 3] = np.nan
    np.save(cube, broken)
    with pytest.raises(DataError, match="values that are no numbers"):
        import_files("x", cube, labels, home)
    np.save(labels, np.load(labels) + 0.5)
    with pytest.raises(DataError, match="no class numbers"):
        import_files("x", *scenes.files(tmp_path / "b")[:1], labels, home)
    assert not list(home.tiles.glob("*"))


def test_envi_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.hdr").write_text("ENVI\nsamples = 4\n")
    monkeypatch.setitem(sys.modules, "spectral", None)
    monkeypatch.setitem(sys.modules, "spectral.io", None)
    with pytest.raises(DataError, match=r"need the package spectral.*\.\[envi\]"):
        read_array(tmp_path / "x.hdr", 3)


def test_envi(tmp_path: Path) -> None:
    envi = pytest.importorskip("spectral.io.envi")
    cube, _ = scenes.draw()
    envi.save_image(str(tmp_path / "x.hdr"), cube)
    np.testing.assert_allclose(read_array(tmp_path / "x.hdr", 3), cube, rtol=1e-6)
    (tmp_path / "x.hdr").write_text("ENVI\nsamples = 4\n")
    with pytest.raises(DataError, match="not a readable ENVI file"):
        read_array(tmp_path / "x.hdr", 3)


def test_finer_labels_are_decided_by_majority() -> None:
    fine = np.array([[1, 1, 0, 2], [1, 0, 2, 2], [0, 0, 3, 3], [0, 1, 3, 0]])
    np.testing.assert_array_equal(fit_labels(fine, (2, 2)), [[1, 2], [0, 3]])
    with pytest.raises(DataError, match=r"4×4 pixels and the cube 3×3"):
        fit_labels(fine, (3, 3))


def test_classes_left_out_are_background() -> None:
    labels = np.array([[0, 1, 2], [3, 3, 1]])
    kept, names = name_classes(labels, ("a", "b", "c"), ("b",))
    assert names == ("a", "c")
    np.testing.assert_array_equal(kept, [[-1, 0, -1], [1, 1, 0]])
    assert name_classes(labels, ())[1] == ("class 1", "class 2", "class 3")
    with pytest.raises(DataError, match="no class 'd'"):
        name_classes(labels, ("a", "b", "c"), ("d",))
    with pytest.raises(DataError, match="classes up to 3, and 2 have a name"):
        name_classes(labels, ("a", "b"))
    with pytest.raises(DataError, match="has 1 classes"):
        name_classes(labels, ("a", "b", "c"), ("a", "b"))


def test_known_scenes_are_the_published_files(home: Home, tmp_path: Path) -> None:
    files = scenes.files(tmp_path)
    with pytest.raises(DataError, match=r"not the published file of indian_pines.*SHA-256"):
        import_files("indian_pines", *files, home)
    with pytest.raises(DataError, match=r"is a scene.*CUBE.mat LABELS.mat"):
        import_tiles("pavia_university", tmp_path, home)
    with pytest.raises(DataError, match="holds tiles, not a scene"):
        import_files("eurosat", *files, home)
    with pytest.raises(DataError, match=r"lcc data import indian_pines CUBE\.mat LABELS\.mat"):
        load_tiles("indian_pines", home)


def test_download_checks_what_came(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fake(archive, part, *_: object) -> None:
        part.write_bytes(b"x" * archive.bytes)

    monkeypatch.setattr("lcc_core.data.download._transfer", fake)
    with pytest.raises(DataError, match="not the published file"):
        download_tiles("pavia_university", home)


def test_surrogate_from_files(home: Home, tmp_path: Path) -> None:
    cube, labels = scenes.draw()
    spectra = np.concatenate([cube[labels == c][:10] for c in (1, 2, 3, 4)])
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "spectra.npy", spectra)
    np.save(tmp_path / "of.npy", np.repeat([1, 2, 3, 4], 10)[:, None])
    paths: Any = [tmp_path / f"{name}.npy" for name in ("labels", "spectra", "of")]
    drawn = draw_surrogate("mine", Surrogate(*paths), home, SceneChoice(5, classes=scenes.NAMES))
    assert isinstance(drawn, Scene) and drawn.synthetic and drawn.extent == labels.shape
    for number in range(4):
        ids = np.flatnonzero(drawn.labels == number)
        truth = spectra[10 * number : 10 * number + 10]
        apart = np.abs(drawn.spectra(ids).mean(0) - truth.mean(0))
        assert (apart < truth.std(0)).all()
    turned = draw_surrogate("turned", Surrogate(*paths, order=(2, 1, 3, 4)), home, SceneChoice(5))
    assert turned.fingerprint != drawn.fingerprint
    with pytest.raises(DataError, match="the order names 2"):
        draw_surrogate("bad", Surrogate(*paths, order=(1, 2)), home)
    with pytest.raises(DataError, match="Class 4 of the label map has 0 spectra"):
        draw_surrogate("bad", Surrogate(*paths, order=(1, 2, 3, 5)), home)
    with pytest.raises(DataError, match="taken by the real scene"):
        draw_surrogate("indian_pines", Surrogate(*paths), home)


@real
@pytest.mark.parametrize(
    ("name", "file"),
    [("indian_pines", "Indian_pines_gt.mat"), ("pavia_university", "PaviaU_gt.mat")],
)
def test_real_label_maps(name: str, file: str) -> None:
    from lcc_core.data.scenes import check_published

    published = DATASETS[name].scene
    assert published is not None
    check_published(published.labels, REAL / file, name)
    labels = read_array(REAL / file, 2, published.labels.key)
    assert labels.shape == published.shape[:2]
    assert (labels > 0).sum() == DATASETS[name].tiles
    assert labels.max() == len(DATASETS[name].classes)


@real
def test_real_houston_crop(home: Home) -> None:
    path = REAL / "houston2018_crop_houston_dataset.mat"
    choice = SceneChoice(patch=7, keys=("hyprImg", "clasLabs"), without=("class 4", "class 8"))
    scene = import_files("houston", path, path, home, choice)
    assert isinstance(scene, Scene)
    assert (scene.extent, scene.bands, len(scene.class_names)) == ((128, 128), 48, 10)


@real
def test_real_spectra_make_a_surrogate(home: Home) -> None:
    drawn = Surrogate(
        REAL / "Indian_pines_gt.mat",
        REAL / "IP_miniGCN_Train_X.mat",
        REAL / "IP_miniGCN_TrLabel.mat",
        ORDER,
        "indian_pines",
    )
    scene = draw_surrogate("pines", drawn, home)
    assert isinstance(scene, Scene)
    assert len(scene) == 10249 and scene.bands == 200 and scene.synthetic
    # Woods are green and grow; stone and steel do neither: the order of the classes is right.
    red, infrared = 28, 45
    ndvi = {}
    for name in ("Woods", "Stone-Steel-Towers"):
        ids = np.flatnonzero(scene.labels == scene.class_names.index(name))
        mean = scene.spectra(ids).mean(0)
        ndvi[name] = (mean[infrared] - mean[red]) / (mean[infrared] + mean[red])
    assert ndvi["Woods"] > 0.7 and ndvi["Stone-Steel-Towers"] < 0
