"""Arrays from the files that scenes come in: MATLAB, NumPy and ENVI."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lcc_core.errors import DataError

SUFFIXES = (".mat", ".npy", ".hdr")
HDF5 = b"\x89HDF"
KINDS = {3: "cube (height, width, bands)", 2: "label map (height, width)"}


def read_array(path: str | Path, dimensions: int, key: str = "") -> np.ndarray:
    """The array of numbers with so many ``dimensions`` in ``path``.

    ``key``: which one, where a ``.mat`` file holds several. Raises ``DataError``.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise DataError(f"{path} does not exist.", f"Name a file: {', '.join(SUFFIXES)}.")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(
            f"{path.name} is of a kind this program does not read.",
            "Give a .mat file, a .npy file, or the .hdr of an ENVI file.",
        )
    if suffix == ".mat":
        array = _from_matlab(path, dimensions, key)
    else:
        array = _from_numpy(path) if suffix == ".npy" else _from_envi(path)
    if array.ndim == 3 and dimensions == 2 and 1 in array.shape:
        array = array.squeeze()
    if array.ndim != dimensions or array.dtype.kind not in "uif" or 0 in array.shape:
        raise DataError(
            f"{path.name} holds {array.dtype} {array.shape}, not a {KINDS[dimensions]}.",
            "Name the right file and key; bands come last.",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{path.name} holds values that are no numbers.", "Fill these pixels.")
    return array


def _from_matlab(path: Path, dimensions: int, key: str) -> np.ndarray:
    from scipy.io import loadmat

    again = "Get the file again, or save it from MATLAB with -v7."
    with path.open("rb") as file:
        start = file.read(4096)
    if HDF5 in start:
        raise DataError(f"{path.name} is a MATLAB 7.3 file (HDF5).", again)
    try:
        content = loadmat(path)
    except Exception as error:  # the reader raises whatever a damaged file leads it to
        raise DataError(f"{path.name} is not a readable .mat file ({error}).", again) from error
    arrays = {
        n: v for n, v in content.items() if isinstance(v, np.ndarray) and v.dtype.kind in "uif"
    }
    if key:
        if key not in arrays:
            raise DataError(f"{path.name} has no array {key!r}.", f"It holds {_listed(arrays)}.")
        return arrays[key]
    fitting = {n: v for n, v in arrays.items() if v.ndim == dimensions}
    if len(fitting) != 1:
        raise DataError(
            f"{path.name} holds {len(fitting)} arrays that could be the {KINDS[dimensions]}.",
            f"Say which with --keys CUBE,LABELS. It holds {_listed(arrays)}.",
        )
    return next(iter(fitting.values()))


def _listed(arrays: dict[str, np.ndarray]) -> str:
    return ", ".join(f"{n} {'×'.join(map(str, v.shape))}" for n, v in arrays.items()) or "none"


def _from_numpy(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"{path.name} is not a readable .npy file ({error}).", "Save it with numpy.save."
        ) from error
    return array


def _from_envi(path: Path) -> np.ndarray:
    try:
        from spectral.io import envi
    except ImportError as error:
        raise DataError(
            "ENVI files need the package spectral.", "Install it: pip install '.[envi]'."
        ) from error
    try:
        return np.asarray(envi.open(str(path)).load(dtype=np.float32))
    except Exception as error:  # its reader has errors of its own for every field of a header
        raise DataError(
            f"{path.name} is not a readable ENVI file ({error}).",
            "Keep the data file beside its header, under the same name.",
        ) from error
