"""Everything a packed file holds beside the codes, each tensor in its cheapest exact form."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lcc_core.reading import Shortened, is_kind

CONSTANT, HALF, FLOAT, LONG = "c", "h", "f", "i"
WIDTHS = {CONSTANT: 0, HALF: 2, FLOAT: 4, LONG: 8}  # bytes a value


def pack_sides(tensors: dict[str, Tensor]) -> tuple[bytes, list[list[Any]]]:
    """One compressed blob and its index: name, form, and the constant or exponent."""
    parts: list[bytes] = []
    index: list[list[Any]] = []
    for name, tensor in tensors.items():
        array = tensor.detach().cpu().contiguous().numpy()
        form, note, data = _shrink(array)
        index.append([name, form, note])
        parts.append(data)
    data = b"".join(parts)
    # Float weights of uncompressed layers hardly shrink: no time is spent on them.
    return zlib.compress(data, 9 if len(data) < 2**22 else 1), index


def unpack_sides(
    blob: bytes,
    index: list[Any],
    shapes: Mapping[str, tuple[int, ...]],
    kinds: Mapping[str, torch.dtype],
) -> dict[str, Tensor]:
    """The tensors of :func:`pack_sides`; ``shapes`` and ``kinds`` come from the architecture.

    Raises ``ValueError`` for an index or a blob that does not fit them.
    """
    entries: dict[str, tuple[str, Any]] = {}
    for entry in index:
        if not (isinstance(entry, list) and len(entry) == 3 and entry[0] in kinds):
            raise ValueError(f"its index has no side values in {Shortened(entry)}")
        name, form, note = entry
        if name in entries:
            raise ValueError(f"its index has {name} twice")
        if form not in WIDTHS or (form == LONG) != (kinds[name] == torch.int64):
            raise ValueError(f"{name} has values of another kind")
        entries[name] = form, note
    sizes = {name: WIDTHS[form] * math.prod(shapes[name]) for name, (form, _) in entries.items()}
    expected = sum(sizes.values())
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(blob, expected + 1)
    if len(data) != expected or not unpacker.eof or unpacker.unused_data:
        raise ValueError("its side values are cut off or too many")
    tensors, start = {}, 0
    for name, (form, note) in entries.items():
        array = _grow(name, form, note, data[start : start + sizes[name]], shapes[name])
        tensors[name] = torch.from_numpy(array.reshape(shapes[name]))
        start += sizes[name]
    return tensors


def _shrink(array: np.ndarray) -> tuple[str, float | int | None, bytes]:
    if array.dtype == np.int64:
        return LONG, None, array.astype("<i8").tobytes()
    array = array.astype("<f4", copy=False)
    if array.size and (array == array.flat[0]).all():
        return CONSTANT, float(array.flat[0]), b""
    largest = float(np.abs(array).max()) if array.size else 0.0
    if largest and np.isfinite(largest):
        exponent = int(np.ceil(np.log2(largest)))
        with np.errstate(over="ignore"):
            half = np.ldexp(array, -exponent).astype("<f2")
        if (np.ldexp(half.astype("<f4"), exponent) == array).all():
            return HALF, exponent, half.tobytes()
    return FLOAT, None, array.tobytes()


def _grow(name: str, form: str, note: Any, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """An array of its own memory; ``note`` is the constant, or the exponent of halves."""
    right = {CONSTANT: is_kind(note, float), HALF: is_kind(note, int) and abs(note) <= 300}
    if not right.get(form, note is None):
        raise ValueError(f"{name} has the note {Shortened(note)}")
    with np.errstate(over="ignore"):  # what is not finite is found by whoever fills the model
        if form == CONSTANT:
            return np.full(shape, float(note), np.float32)
        if form == HALF:
            return np.ldexp(np.frombuffer(data, "<f2").astype(np.float32), note)
        return np.frombuffer(data, "<i8" if form == LONG else "<f4").copy()
