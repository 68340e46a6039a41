"""Packed files as somebody would make them who means harm: changed, and signed again."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load as read_container

from lcc_core.checkpoints import container
from lcc_core.checkpoints.packed import pack
from lcc_core.compression import apply, uniform_plan
from lcc_core.files import canonical_json
from lcc_core.models import Classifier, ModelSpec, build

SPEC: dict[str, Any] = dict(class_names=("a", "b", "ç"), mean=(0.3, 0.4, 0.5), std=(0.2, 0.2, 0.1))
Change = Callable[[dict[str, Any]], object]


@cache
def model(arch: str) -> Classifier:
    torch.manual_seed(3)
    made = build(ModelSpec(arch, **SPEC)).eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.bias.data.normal_(0, 0.1)
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return made


@cache
def small() -> bytes:
    """A sound file."""
    net = model("compact")
    return pack(apply(net, uniform_plan(net, 3, 0.5)), {"oa": 0.5}, {"note": "ok"})


@cache
def parts() -> tuple[str, dict[str, bytes]]:
    """Header text and blobs of the sound file."""
    content = small()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])["__metadata__"]["header"]
    arrays = read_container(content)
    return header, {name: arrays[name].tobytes() for name in container.BLOBS}


def forge(
    change: Change | None = None,
    index: Change | None = None,
    version: str = "1",
    header_text: str | None = None,
    outside: Change | None = None,
    index_blob: bytes | None = None,
    **blobs: bytes,
) -> bytes:
    """The sound file with its header, index or blobs changed, and a checksum that fits."""
    text, sound = parts()
    header, found = json.loads(text), sound | blobs
    if change is not None:
        change(header)
    if index is not None:
        content = json.loads(zlib.decompress(found["index"]))
        replaced = index(content)
        text = replaced if isinstance(replaced, str) else json.dumps(content)
        found["index"] = zlib.compress(text.encode(), 9)
    if index_blob is not None:
        found["index"] = index_blob
    header.pop("sha256", None)
    try:
        header["sha256"] = container.digest(header, found)
    except ValueError:  # NaN: no sum can be of it
        header["sha256"] = "0" * 64
    text = header_text if header_text is not None else json.dumps(header)
    return enclose({"format": container.FORMAT, "version": version, "header": text}, found, outside)


def enclose(
    metadata: dict[str, Any], blobs: dict[str, bytes], outside: Change | None = None
) -> bytes:
    whole: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    for name, blob in blobs.items():
        place = [start, start + len(blob)]
        whole[name] = {"dtype": "U8", "shape": [len(blob)], "data_offsets": place}
        start += len(blob)
    if outside is not None:
        outside(whole)
    text = json.dumps(whole).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(blobs.values())


def _spec(**values: Any) -> Change:
    return lambda header: header["spec"].update(values)


def _deep(levels: int) -> str:
    return "[" * levels + "]" * levels


def _layer(place: int, value: Any) -> Change:
    def change(index: dict[str, Any]) -> None:
        index["layers"][0][place] = value

    return change


def _plan(**values: Any) -> Change:
    return lambda index: index["plan"].update(values)


def huge(arch: str, **spec: Any) -> bytes:
    """A file of a few hundred bytes that says it holds a large network, all of it constant."""
    given = {"arch": arch, "class_names": ["a", "b"], "mean": [0.5] * 3, "std": [0.5] * 3}
    given |= {"options": {}} | spec
    index = {"layers": [], "sides": [], "plan": {"layers": {}, "method": "float"}}
    blobs = {"codes": b"", "sides": zlib.compress(b"")}
    blobs["index"] = zlib.compress(canonical_json(index).encode())
    header: dict[str, Any] = {"spec": given, "measurement": None, "extra": {}}
    header["sha256"] = container.digest(header, blobs)
    metadata = {"format": container.FORMAT, "version": "1", "header": json.dumps(header)}
    return enclose(metadata, blobs)


def _bands(count: int) -> dict[str, Any]:
    return {"mean": [0.5] * count, "std": [0.5] * count}


def hostile() -> dict[str, bytes]:
    """Seventy files with checksums that fit, by what is wrong with them."""
    header, blobs = parts()
    bomb = zlib.compress(bytes(64 * 2**20), 9)
    scene = {"options": {"patch": 9001}, **_bands(8)}
    return {
        "patch 9001, cnn3d": huge("cnn3d", **scene),
        "patch 9001, cnn2d": huge("cnn2d", **scene),
        "patch 255, many bands, cnn3d": huge("cnn3d", options={"patch": 255}, **_bands(4096)),
        "patch 255 and 900 classes": huge(
            "cnn2d", options={"patch": 255}, class_names=[f"c{n}" for n in range(900)], **_bands(15)
        ),
        "patch of text": huge("cnn3d", options={"patch": "9"}, **_bands(8)),
        "patch true": huge("cnn3d", options={"patch": True}, **_bands(8)),
        "patch -1": huge("cnn3d", options={"patch": -1}, **_bands(8)),
        "patch 1e300": huge("cnn3d", options={"patch": 10**18}, **_bands(8)),
        "components 10^9": huge("cnn2d", options={"patch": 3, "components": 10**9}, **_bands(8)),
        "foreign option": huge("cnn2d", options={"patch": 3, "hooks": 1}, **_bands(8)),
        "vgg19 from nothing": huge("vgg19"),
        "vgg16 from nothing": huge("vgg16"),
        "convnext from nothing": huge("convnext_tiny"),
        "efficientnet from nothing": huge("efficientnet_v2_s"),
        "regnet from nothing": huge("regnet_y_3_2gf"),
        "regnet, 1000 classes": huge("regnet_y_3_2gf", class_names=[f"{n}" for n in range(1000)]),
        "resnet18 from nothing": huge("resnet18"),
        "4096 bands, resnet50": huge("resnet50", **_bands(4096)),
        "100,000 bands": huge("compact", **_bands(100_000)),
        "100,000 classes": forge(_spec(class_names=["a"] * 100_000)),
        "wider than the architecture": forge(_spec(channels={"head": [10**9, 3]})),
        "channels of text": forge(_spec(channels={"head": ["80", 3]})),
        "channels of 50,000 layers": forge(
            _spec(channels={f"l{n}": [1, 1] for n in range(50_000)})
        ),
        "mean NaN": forge(_spec(mean=[float("nan")] * 3)),
        "mean infinite": forge(header_text=header.replace("[0.3,0.4,0.5]", "[1e999,0.4,0.5]")),
        "std 0": forge(_spec(std=[0, 0, 0])),
        "class names no text": forge(_spec(class_names=[1, 2, 3])),
        "class name half a character": forge(_spec(class_names=["a", "b", "\ud800"])),
        "header deep": forge(header_text=_deep(50_000)),
        "header a bit deep": forge(lambda one: one.update(extra={"a": json.loads(_deep(500))})),
        "header with a key twice": forge(header_text='{"spec":{},' + header[1:]),
        "header with a number of 5000 digits": forge(header_text=f'{{"spec":{"9" * 5000}}}'),
        "header with a number of 4000 digits": forge(_spec(options={"patch": int("9" * 4000)})),
        "header of empty lists": forge(
            lambda one: one.update(extra={"a": json.loads("[" + "[]," * 600_000 + "[]]")})
        ),
        "header of many numbers": forge(lambda one: one.update(extra={"a": [1] * 1_100_000})),
        "measurement a list": forge(lambda one: one.update(measurement=[])),
        "recalibrated text": forge(lambda one: one.update(measurement={"recalibrated": "9"})),
        "spec null": forge(lambda one: one.update(spec=None)),
        "index a bomb": forge(index_blob=bomb),
        "index deep": forge(index=lambda _: _deep(50_000)),
        "index a list": forge(index=lambda _: "[]"),
        "index of empty lists": forge(index=lambda _: "[" + "[]," * 1_300_000 + "[]]"),
        "sides a bomb": forge(sides=bomb),
        "sides a name twice": forge(index=lambda one: one["sides"].extend(one["sides"])),
        "sides a million times": forge(
            index=lambda one: one.update(sides=[["stem.1.weight", "f", None]] * 90_000)
        ),
        "side constant NaN": forge(index=lambda one: one["sides"][0].__setitem__(2, "nan")),
        "side constant 1e300": forge(
            index=lambda one: [e.__setitem__(2, 1e300) for e in one["sides"] if e[1] == "c"]
        ),
        "side name a list": forge(index=lambda one: one["sides"][0].__setitem__(0, [])),
        "side form a number": forge(index=lambda one: one["sides"][0].__setitem__(1, 7)),
        "layer of 10^12 bytes": forge(index=_layer(4, 10**12)),
        "layer of -1 bytes": forge(index=_layer(3, -1)),
        "layer of 4.0 bits": forge(index=_layer(1, 4.0)),
        "layer of true bits": forge(index=_layer(1, True)),
        "layer of 10^9 scales": forge(index=_layer(6, 10**9)),
        "layer that is none": forge(index=_layer(0, "stem.1")),
        "layer's name a table": forge(index=_layer(0, {})),
        "layers 100,000": forge(index=lambda one: one.update(layers=one["layers"] * 10_000)),
        "plan of other bits": forge(
            index=lambda one: one["plan"]["layers"]["stem.0"].update(bits=4)
        ),
        "plan of no layer": forge(index=_plan(layers={"nowhere": {"bits": 4}})),
        "plan a list": forge(index=lambda one: one.update(plan=[])),
        "plan with true": forge(index=_plan(recalibrate=True)),
        "plan with NaN": forge(index=_plan(facts={"t": float("nan")})),
        "plan of 100,000 layers": forge(
            index=_plan(layers={f"l{n}": {"bits": 32} for n in range(60_000)})
        ),
        "codes a word longer": forge(codes=blobs["codes"] + bytes(4)),
        "codes gone": forge(codes=b""),
        "codes 30 MB": forge(codes=bytes(30 * 10**6)),
        "version of words": forge(version="one"),
        "version of 5000 digits": forge(version="9" * 5000),
        "arrays over each other": forge(
            outside=lambda one: one["sides"].update(data_offsets=[0, len(blobs["sides"])])
        ),
        "array of 2^62 bytes": forge(
            outside=lambda one: one["index"].update(data_offsets=[0, 2**62], shape=[2**62])
        ),
        "array of floats": forge(outside=lambda one: one["codes"].update(dtype="F32")),
        "one more array": forge(more=b"x"),
        "outside deep": (10**5).to_bytes(8, "little") + _deep(50_000).encode(),
        "outside of 2^63 bytes": (2**63).to_bytes(8, "little") + b"{}",
        "bytes after the end": small() + b"\0",
    }


def mutate(content: bytes, chance: np.random.Generator) -> bytes:
    """A few bytes changed, cut out, put in, or copied elsewhere."""
    changed = bytearray(content)
    for _ in range(int(chance.integers(1, 4))):
        # The beginning decides most.
        reach = len(changed) if chance.random() < 0.5 else min(2000, len(changed))
        at, kind = int(chance.integers(reach)), int(chance.integers(5))
        size = int(chance.integers(1, 40))
        if kind == 0:
            changed[at] ^= int(chance.integers(1, 256))
        elif kind == 1:
            del changed[at : at + size]
        elif kind == 2:
            changed[at:at] = chance.bytes(size)
        elif kind == 3:
            changed[at : at + size] = changed[size : 2 * size]
        else:
            del changed[at + 1 :]
    return bytes(changed)
