"""The packed format: one small file that holds a ready classifier.

A safetensors container of three byte arrays (entropy-coded ``codes``, ``sides``, ``index``) with a
JSON header among its metadata. Nothing in it is unpickled or executed: shapes come from the
architecture the header names, never from the file.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load as read_container
from safetensors.numpy import save as write_container

from lcc_core.checkpoints.coding import Stream, decode, encode
from lcc_core.checkpoints.sides import pack_sides, unpack_sides
from lcc_core.compression.apply import Compressed, zeros
from lcc_core.compression.plan import Plan
from lcc_core.compression.quantization import Codes
from lcc_core.errors import CheckpointError, LccError
from lcc_core.files import canonical_json, write_bytes
from lcc_core.models import Classifier, ModelSpec, compressible_layers, skeleton

FORMAT, VERSION = "lcc-packed", 1
BLOBS = ("codes", "sides", "index")
LARGEST_FILE = 4 * 2**30
LARGEST_INDEX = 64 * 2**20
SKIPPED = "num_batches_tracked"  # counts training steps; inference never reads it


def pack(
    compressed: Compressed,
    measurement: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> bytes:
    """The bytes of the packed file. ``measurement`` and ``extra`` are kept in the header."""
    model = compressed.model
    layers, streams, scales = [], [], {}
    for name, codes in compressed.codes.items():
        stream = encode(codes.codes.cpu().numpy(), codes.bits)
        sizes = [len(stream.table), len(stream.data)]
        layers.append([name, codes.bits, stream.mode, *sizes, stream.check, codes.scale.numel()])
        streams += [stream.table, stream.data]
        scales[f"{name}.scale"] = codes.scale
    coded = {f"{name}.weight" for name in compressed.codes}
    state = {
        name: value
        for name, value in model.net.state_dict().items()
        if name not in coded and not name.endswith(SKIPPED)
    }
    sides, side_index = pack_sides(scales | state)
    index = {"layers": layers, "sides": side_index, "plan": compressed.plan.to_json()}
    if compressed.pruned is not None:  # a mask cannot be told from zeros that rounding made
        index["pruned"] = {name: count for name, count in compressed.pruned.items() if count}
    blobs = {
        "codes": b"".join(streams),
        "sides": sides,
        "index": zlib.compress(canonical_json(index).encode(), 9),
    }
    header = {
        "spec": model.spec.to_json(),
        "measurement": measurement,
        "extra": extra or {},
    }
    header["sha256"] = _digest(header, blobs)
    return write_container(
        {name: np.frombuffer(blob, np.uint8) for name, blob in blobs.items()},
        {"format": FORMAT, "version": str(VERSION), "header": canonical_json(header)},
    )


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


def load_packed(source: str | Path | bytes) -> Classifier:
    """A ready classifier: uint8 tiles (N, C, H, W) in, logits (N, classes) out.

    Its ``plan`` and ``header`` (spec, measurement, extra) are attributes. Raises
    ``CheckpointError`` for a damaged, truncated, foreign or hostile file.
    """
    return load_compressed(source).model


def load_compressed(source: str | Path | bytes) -> Compressed:
    """As :func:`load_packed`, with the codes, so that it can be measured and packed again."""
    content, name = _content(source)
    header, blobs = _open(content, name)
    try:
        return _rebuild(header, blobs)
    except CheckpointError:
        raise
    except (LccError, ValueError, KeyError, TypeError, RuntimeError, IndexError) as error:
        raise _damaged(name, error) from error
    except (zlib.error, AttributeError, OverflowError, MemoryError) as error:
        raise _damaged(name, error) from error


def read_header(source: str | Path | bytes) -> dict[str, Any]:
    """The JSON header of a packed file, its checksum verified, without building the model."""
    content, name = _content(source)
    return _open(content, name)[0]


def _damaged(name: str, error: object) -> CheckpointError:
    return CheckpointError(
        f"{name} is damaged or is not a packed checkpoint ({error}).",
        "Get it again, or make a new one with `lcc compress`.",
    )


def _content(source: str | Path | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, "The file"
    path = Path(source)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _damaged(path.name, "it is larger than any packed checkpoint")
        return path.read_bytes(), path.name
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from error


def _digest(header: dict[str, Any], blobs: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in BLOBS:
        digest.update(len(blobs[name]).to_bytes(8, "little"))
        digest.update(blobs[name])
    plain = {key: value for key, value in header.items() if key != "sha256"}
    digest.update(canonical_json(plain).encode())
    return digest.hexdigest()


def _open(content: bytes, name: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Check container, version and checksum."""
    try:
        size = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + size]).get("__metadata__", {})
        if metadata.get("format") != FORMAT:
            raise _damaged(name, "it is some other safetensors file")
        version = int(metadata["version"])
        if version > VERSION:
            raise CheckpointError(
                f"{name} has format version {version}; this program reads up to {VERSION}.",
                "Update this program.",
            )
        arrays = read_container(content)
        blobs = {blob: arrays[blob].tobytes() for blob in BLOBS}
        header = json.loads(metadata["header"])
        expected = header["sha256"]
    except CheckpointError:
        raise
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(name, type(error).__name__) from error
    except RecursionError as error:
        raise _damaged(name, "its header is nested too deeply") from error
    if _digest(header, blobs) != expected:
        raise _damaged(name, "its checksum does not fit")
    return header, blobs


def _rebuild(header: dict[str, Any], blobs: dict[str, bytes]) -> Compressed:
    spec = ModelSpec.from_json(header["spec"])
    net = skeleton(spec).net
    model = Classifier(net, spec)
    state_shapes = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    index = _index(blobs["index"])
    codes, shapes = {}, dict(state_shapes)
    streams, start = [], 0
    for name, bits, mode, table, data, check, scales in index["layers"]:
        if (
            bits not in range(1, 9)
            or min(table, data) < 0
            or scales
            not in (
                1,
                state_shapes[f"{name}.weight"][0],
            )
        ):
            raise _damaged("The file", "its index is wrong")
        blob = blobs["codes"][start : start + table + data]
        streams.append((name, bits, Stream(mode, blob[:table], blob[table:], check)))
        shapes[f"{name}.scale"] = (scales,)
        start += table + data
    sides = unpack_sides(blobs["sides"], index["sides"], shapes)
    for name, bits, stream in streams:
        shape = state_shapes[f"{name}.weight"]
        values = decode(stream, int(np.prod(shape)), bits).reshape(shape)
        codes[name] = Codes(torch.from_numpy(values), sides.pop(f"{name}.scale"), bits)
        sides[f"{name}.weight"] = codes[name].dequantize()
    for name in state_shapes:
        if name.endswith(SKIPPED):
            sides[name] = torch.zeros((), dtype=torch.int64)
    net.load_state_dict(sides, assign=True)
    model.eval().requires_grad_(False)
    plan = Plan.from_json(index["plan"])
    model.plan, model.header = plan, header
    weights = {layer.name: sides[f"{layer.name}.weight"] for layer in compressible_layers(model)}
    sparsity = {name: zeros(value) for name, value in weights.items()}
    return Compressed(model, plan, codes, sparsity, _pruned(index, weights))


def _pruned(index: dict[str, Any], weights: dict[str, torch.Tensor]) -> dict[str, int] | None:
    """Masked weights by layer; ``None`` for files from before they were counted."""
    if "pruned" not in index:
        return None
    counts = dict.fromkeys(weights, 0) | index["pruned"]
    for name, count in counts.items():
        if type(count) is not int or not 0 <= count <= int((weights[name] == 0).sum()):
            raise _damaged("The file", "its count of pruned weights is wrong")
    return counts


def _index(blob: bytes) -> dict[str, Any]:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(blob, LARGEST_INDEX)
    if unpacker.unconsumed_tail:
        raise _damaged("The file", "its index is too large")
    return json.loads(text)
