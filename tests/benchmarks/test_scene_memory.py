"""Memory of a scene as large as Pavia University, from import through training to the map."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REAL = Path(os.environ.get("LCC_DATA", "/nowhere")) / "hyperspectral" / "PaviaU_gt.mat"
LIMIT_GIB = 2.0
# The values are synthetic; the labels are the real ones, so that the patches are as many.
SCRIPT = """
import json, resource, sys, tempfile, time
import numpy as np
from lcc_core.data.scenefile import read_array
from lcc_core.data.stored import About
from lcc_core.data.scenes import SceneChoice, keep_scene
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.results.scene_map import draw_map
from lcc_core.training import make_recipe, train

home = Home.find(tempfile.mkdtemp(dir=sys.argv[2]))
labels = read_array(sys.argv[1], 2).astype(np.int64)
generator = np.random.default_rng(0)
spectra = generator.uniform(0, 1, (10, 103)).astype(np.float32)
cube = spectra[labels]
cube += generator.normal(0, 0.1, cube.shape).astype(np.float32)
scene = keep_scene(home, About("pavia", synthetic=True), cube, labels, SceneChoice(11))
del cube
split = make_split(scene, sys.argv[4])
began = time.perf_counter()
checkpoint = train(make_recipe(sys.argv[3], epochs=1), scene, split, home)
trained = time.perf_counter() - began
drawn = draw_map(checkpoint.model(), scene)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({
    "peak": peak, "patches": len(scene), "train": len(split.train), "epoch_s": trained,
    "pixels_per_s": drawn.pixels_per_s, "map": list(drawn.classes.shape),
    "oa": checkpoint.accuracy["test"]["oa"],
}))
"""


@pytest.mark.skipif(not REAL.is_file(), reason="LCC_DATA names no folder with PaviaU_gt.mat")
@pytest.mark.parametrize("arch", ["cnn1d", "cnn2d", "cnn3d"])
def test_pavia_fits_in_two_gib(arch: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(REAL), str(tmp_path), arch, "30/10/60"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ.copy())
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{arch}: {facts['peak'] / 2**30:.2f} GiB at most, {facts}")
    assert facts["patches"] == 42_776 and facts["map"] == [610, 340]
    assert facts["peak"] < LIMIT_GIB * 2**30
