"""Everything a packed file holds beside the codes, each tensor in its cheapest exact form."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lcc_core.errors import CheckpointError

CONSTANT, HALF, FLOAT, LONG = "c", "h", "f", "i"
LARGEST = 2**31  # bytes of side values, unpacked


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
    blob: bytes, index: list[list[Any]], shapes: dict[str, tuple[int, ...]]
) -> dict[str, Tensor]:
    """The tensors of :func:`pack_sides`; ``shapes`` come from the architecture, not the file."""
    damaged = CheckpointError("The file's side values are damaged.", "Get the file again.")
    expected = sum(_bytes(form, shapes.get(name, ())) for name, form, _ in index)
    if expected > LARGEST:
        raise damaged
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(blob, expected + 1)
    if len(data) != expected:
        raise damaged
    tensors, start = {}, 0
    for name, form, note in index:
        if name not in shapes:
            raise damaged
        shape = shapes[name]
        size = _bytes(form, shape)
        array = _grow(form, note, data[start : start + size], shape)
        tensors[name] = torch.from_numpy(array.reshape(shape).copy())
        start += size
    return tensors


def _bytes(form: str, shape: tuple[int, ...]) -> int:
    width = {CONSTANT: 0, HALF: 2, FLOAT: 4, LONG: 8}.get(form)
    if width is None:
        raise CheckpointError("The file holds values in an unknown form.", "Update this program.")
    return width * int(np.prod(shape, dtype=np.int64))


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


def _grow(form: str, note: Any, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    if form == CONSTANT:
        return np.full(shape, float(note), np.float32)
    if form == HALF:
        if not isinstance(note, int) or not -300 <= note <= 300:
            raise CheckpointError("The file's side values are damaged.", "Get the file again.")
        return np.ldexp(np.frombuffer(data, "<f2").astype(np.float32), note)
    return np.frombuffer(data, "<i8" if form == LONG else "<f4")
