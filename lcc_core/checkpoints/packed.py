"""The packed format: one small file that holds a ready classifier.

Entropy-coded codes, side values and an index in a container with a JSON header (``container.py``).
Nothing in it is unpickled or executed: shapes come from the architecture the header names, never
from the file, and how much they amount to is bounded before any memory is taken.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lcc_core.checkpoints.coding import Stream, decode, encode
from lcc_core.checkpoints.container import Container, damaged, open_container, seal
from lcc_core.checkpoints.sides import pack_sides, unpack_sides
from lcc_core.compression.codes import Codes
from lcc_core.compression.compressed import Compressed, zeros
from lcc_core.compression.plan import Plan
from lcc_core.errors import CheckpointError, LccError
from lcc_core.files import canonical_json, write_bytes
from lcc_core.models import (
    Classifier,
    ModelSpec,
    compressible_layers,
    first_not_finite,
    is_compressible,
    skeleton,
)
from lcc_core.reading import Shortened, is_kind, parse_json, parse_size, value_of

LARGEST_INDEX = 4 * 2**20  # bytes of JSON
SKIPPED = "num_batches_tracked"  # counts training steps; inference never reads it
# How many values a file may unfold to: so many whatever its length, and more the longer it is.
# 256 a byte is what a layer codes to that is pruned at 3σ and has one bit a weight.
FREE_VALUES, VALUES_A_BYTE, MOST_VALUES = 16 * 10**6, 256, 2**28
LIMIT = "LCC_MODEL_LIMIT"  # a size such as 2GB, in place of these three


def pack(
    compressed: Compressed,
    measurement: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> bytes:
    """The bytes of the packed file. ``measurement`` and ``extra`` are kept in the header."""
    model = compressed.model
    state = {n: v for n, v in model.net.state_dict().items() if not n.endswith(SKIPPED)}
    if bad := first_not_finite(state):
        raise CheckpointError(
            f"The weights of {bad!r} are not finite.",
            "Such a model cannot be used: train it again.",
        )
    layers, streams, scales = [], [], {}
    # In the order of the network, whatever the plan's: equal models make equal files.
    coded = {name: f"{name}.weight" for name in compressed.codes}
    order = {name: place for place, name in enumerate(state)}
    for name in sorted(coded, key=lambda name: order[coded[name]]):
        codes = compressed.codes[name]
        stream = encode(codes.codes.cpu().numpy(), codes.bits)
        sizes = [len(stream.table), len(stream.data)]
        layers.append([name, codes.bits, stream.mode, *sizes, stream.check, codes.scale.numel()])
        streams += [stream.table, stream.data]
        scales[f"{name}.scale"] = codes.scale
        del state[coded[name]]
    sides, side_index = pack_sides(scales | state)
    index = {"layers": layers, "sides": side_index, "plan": compressed.plan.to_json()}
    if compressed.pruned is not None:  # a mask cannot be told from zeros that rounding made
        index["pruned"] = {name: count for name, count in compressed.pruned.items() if count}
    header = {"spec": model.spec.to_json(), "measurement": measurement, "extra": extra or {}}
    blobs = {
        "codes": b"".join(streams),
        "sides": sides,
        "index": zlib.compress(canonical_json(index).encode(), 9),
    }
    return seal(header, blobs)


def write_packed(
    path: str | Path,
    compressed: Compressed,
    measurement: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> int:
    """Write the packed file atomically; returns its size in bytes."""
    content = pack(compressed, measurement, extra)
    write_bytes(Path(path), content)
    return len(content)


def load_packed(source: str | Path | bytes, limit: int | None = None) -> Classifier:
    """A ready classifier: uint8 tiles (N, C, H, W) in, logits (N, classes) out.

    Args:
        source: a path, or the bytes of the file.
        limit: bytes that the float32 weights may take; 0: any. By default 64 MB, more for longer
            files, and 1 GiB at most; ``LCC_MODEL_LIMIT`` is another default.

    Its ``plan`` and ``header`` (spec, measurement, extra) are attributes. Raises
    ``CheckpointError``, and nothing else, for a file that cannot be read, is damaged, truncated,
    foreign or hostile.
    """
    return load_compressed(source, limit).model


def load_compressed(source: str | Path | bytes, limit: int | None = None) -> Compressed:
    """As :func:`load_packed`, with the codes, so that it can be measured and packed again."""
    container = open_container(source)
    with container.file:
        try:
            return _rebuild(container, _bounded(container, limit))
        except CheckpointError:
            raise
        except (LccError, ValueError, KeyError, TypeError, RuntimeError, IndexError) as error:
            raise damaged(container.name, error) from error
        except (zlib.error, AttributeError, OverflowError, MemoryError, OSError) as error:
            raise damaged(container.name, error) from error


def read_header(source: str | Path | bytes) -> dict[str, Any]:
    """The JSON header of a packed file, its checksum verified, without building the model."""
    container = open_container(source)
    with container.file:
        try:
            _bounded(container, None)
            container.blobs()
        except CheckpointError:
            raise
        except (LccError, ValueError, RuntimeError, TypeError, OSError, MemoryError) as error:
            raise damaged(container.name, error) from error
    return container.header


def _bounded(container: Container, limit: int | None) -> Classifier:
    """The network without its weights, once they are known to be no more than may be."""
    model = skeleton(ModelSpec.from_json(container.header["spec"]))
    values = sum(value.numel() for value in model.net.state_dict().values())
    most = _most_values(container.length, limit)
    if values > most:
        raise CheckpointError(
            f"{container.name} has {container.length:,} bytes, and would unfold to a "
            f"{model.spec.arch} of {4 * values:,} bytes; up to {4 * most:,} are taken for sound.",
            f"If you trust it, raise the limit: {LIMIT}={4 * values // 10**6 + 1}MB, or "
            "limit= in Python.",
        )
    # A code takes two bytes at worst, a side value four; each stream has a table and a last word.
    tensors = len(model.net.state_dict())
    for blob, largest in (
        ("codes", 2 * values + 1024 * tensors),
        ("sides", 5 * values + 1024 * tensors),
        ("index", LARGEST_INDEX),
    ):
        if container.size(blob) > largest:
            raise damaged(container.name, f"its {blob} are larger than the model they are of")
    return model


def _most_values(length: int, limit: int | None) -> int:
    if limit is None and (text := os.environ.get(LIMIT)):
        try:
            limit = parse_size(text, LIMIT)
        except ValueError as error:
            raise CheckpointError(f"{error}.") from error
    if limit is not None:
        return limit // 4 or sys.maxsize
    return min(FREE_VALUES + VALUES_A_BYTE * length, MOST_VALUES)


@dataclass(frozen=True)
class _Layer:
    """A coded layer as the index has it; ``table`` and ``data`` are numbers of bytes."""

    name: str
    bits: int
    mode: int
    table: int
    data: int
    check: int
    scales: int

    @classmethod
    def read(cls, entry: Any, plan: Plan, shapes: Mapping[str, tuple[int, ...]]) -> _Layer:
        right = isinstance(entry, list) and len(entry) == 7 and isinstance(entry[0], str)
        if not (right and all(is_kind(one, int) and one >= 0 for one in entry[1:])):
            raise ValueError(f"its index has no layer in {Shortened(entry)}")
        layer = cls(*entry)
        setting, shape = plan.layers.get(layer.name), shapes.get(f"{layer.name}.weight")
        if setting is None or shape is None or setting.bits != layer.bits:
            raise ValueError(f"its plan and its codes do not agree on {Shortened(layer.name)}")
        if layer.scales not in (1, shape[0]):
            raise ValueError(f"{layer.name} has {layer.scales} scales")
        return layer


def _rebuild(container: Container, model: Classifier) -> Compressed:
    blobs, net = container.blobs(), model.net
    plain = net.state_dict()
    shapes = {name: tuple(value.shape) for name, value in plain.items()}
    index = _index(blobs["index"])
    plan = Plan.from_json(value_of(index, "plan", dict))
    for name in plan.layers:
        if not is_compressible(net, name):
            raise ValueError(f"its plan has a layer {Shortened(name)}, and its network has none")
    layers = [_Layer.read(entry, plan, shapes) for entry in value_of(index, "layers", list)]
    quantized = sorted(name for name, setting in plan.layers.items() if setting.bits < 32)
    if sorted(layer.name for layer in layers) != quantized:
        raise ValueError("its plan and its codes are of other layers")
    coded = {f"{layer.name}.weight" for layer in layers}
    kinds = {name: value.dtype for name, value in plain.items() if name not in coded}
    kinds |= {f"{layer.name}.scale": torch.float32 for layer in layers}
    shapes |= {f"{layer.name}.scale": (layer.scales,) for layer in layers}
    sides = unpack_sides(blobs["sides"], value_of(index, "sides", list), shapes, kinds)
    codes, start = {}, 0
    for layer in layers:
        stop = start + layer.table
        table, data = blobs["codes"][start:stop], blobs["codes"][stop : stop + layer.data]
        start = stop + layer.data
        shape = shapes[f"{layer.name}.weight"]
        stream = Stream(layer.mode, table, data, layer.check)
        values = decode(stream, int(np.prod(shape)), layer.bits).reshape(shape)
        scale = sides.pop(f"{layer.name}.scale")
        config = plan.layers[layer.name].config
        codes[layer.name] = Codes(torch.from_numpy(values), scale, layer.bits, config)
        sides[f"{layer.name}.weight"] = codes[layer.name].dequantize()
    if start != len(blobs["codes"]):
        raise ValueError("its codes are longer than its index says")
    _fill(net, sides, plain)
    model.eval().requires_grad_(False)
    model.plan, model.header = plan, container.header
    named = [layer.name for layer in compressible_layers(model)]
    weights = {name: sides[f"{name}.weight"] for name in named}
    sparsity = {name: zeros(value) for name, value in weights.items()}
    return Compressed(
        model,
        plan,
        codes,
        sparsity,
        _pruned(index, weights),
        _recalibrated(container.header, plan),
    )


def _pruned(index: dict[str, Any], weights: dict[str, Tensor]) -> dict[str, int] | None:
    """Masked weights by layer; ``None`` for files from before they were counted."""
    if "pruned" not in index:
        return None
    counts = dict.fromkeys(weights, 0) | value_of(index, "pruned", dict)
    for name, count in counts.items():
        most = int((weights[name] == 0).sum()) if name in weights else -1
        if not is_kind(count, int) or not 0 <= count <= most:
            raise ValueError(f"its count of pruned weights of {Shortened(name)} is wrong")
    return counts


def _fill(net: torch.nn.Module, state: dict[str, Tensor], plain: Mapping[str, Tensor]) -> None:
    for name, value in plain.items():
        if name.endswith(SKIPPED):
            state[name] = torch.zeros((), dtype=torch.int64)
        elif not value.is_meta and not torch.equal(value, state.get(name, value)):
            # What is computed from the architecture alone, such as which bias is whose.
            raise ValueError(f"{name} is not that of its architecture")
    if bad := first_not_finite(state):
        raise ValueError(f"the weights of {bad!r} are not finite")
    net.load_state_dict(state, assign=True)


def _recalibrated(header: dict[str, Any], plan: Plan) -> int:
    """On how many tiles, as the header has it; files without a measurement know the plan."""
    asked = 0 if plan.is_float else plan.recalibrate
    return value_of(header.get("measurement") or {}, "recalibrated", int, asked)


def _index(blob: bytes) -> dict[str, Any]:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(blob, LARGEST_INDEX)
    if unpacker.unconsumed_tail or not unpacker.eof or unpacker.unused_data:
        raise ValueError("its index is too large or cut off")
    index = parse_json(text)
    if not isinstance(index, dict):
        raise ValueError("its index is no table")
    return index
