"""Weights that another program trained: read without running anything from the file, and matched
to an architecture by name and shape."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from lcc_core.checkpoints.container import is_container
from lcc_core.checkpoints.packed import load_packed
from lcc_core.errors import CheckpointError, ModelError
from lcc_core.inputs import open_regular
from lcc_core.models import Classifier, ModelSpec, build, first_not_finite

STEPS = "num_batches_tracked"  # counted while training; older files have none
LARGEST_FILE = 8 * 2**30  # a state with its optimizer's; tensors take no more than the file
LARGEST_HEADER = 16 * 2**20  # names and shapes
NAMED = 3  # as many missing names are told of
ZIP, PICKLE = b"PK", b"\x80"  # how files begin that torch has saved


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors`` file, or of a ``.pt`` / ``.pth`` one that holds no code.

    Of nested dictionaries (``{"state_dict": …, "epoch": …}``) the one with the most tensors counts.
    """
    with open_regular(path, CheckpointError) as file:
        length = os.fstat(file.fileno()).st_size
        begins = file.read(9)
    if length > LARGEST_FILE:
        raise CheckpointError(
            f"{path.name} has {length:,} bytes; up to {LARGEST_FILE:,} are read.",
            "Save the weights alone, without the optimizer's state.",
        )
    try:
        if begins[8:9] == b"{":
            if int.from_bytes(begins[:8], "little") > LARGEST_HEADER:
                raise _no_weights(path)
            return load_file(path)
        if not begins.startswith((ZIP, PICKLE)):
            raise _no_weights(path)
        if begins.startswith(ZIP):
            _check_zip(path, length)
        found = _most_tensors(torch.load(path, map_location="cpu", weights_only=True))
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path.name} holds more than weights, which would have to be run to be read.",
            "Where it was trained, save torch.save(model.state_dict(), 'weights.pt'), and import "
            "that.",
        ) from error
    except Exception as error:  # a damaged file leads its readers to any of them
        raise _no_weights(path) from error
    if not found:
        raise _no_weights(path)
    return found


def _check_zip(path: Path, length: int) -> None:
    """Refuse a zip that unfolds to more than its own length: torch compresses nothing."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    pickled = max((one.file_size for one in parts if one.filename.endswith(".pkl")), default=0)
    if sum(one.file_size for one in parts) > length or pickled > LARGEST_HEADER:
        raise CheckpointError(
            f"{path.name} has {length:,} bytes and would unfold to more: torch saves no such file.",
            "Save it again with torch.save, or as .safetensors.",
        )


def _no_weights(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path.name} is damaged, or no file of weights.",
        "Give a .safetensors file, a .pt or .pth file with a state_dict, or a packed .lcc file.",
    )


def _most_tensors(content: Any) -> dict[str, Tensor]:
    """The dictionary with the most tensors, wherever it stands."""
    best: dict[str, Tensor] = {}
    waiting, seen = [content], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping) and id(one) not in seen:  # a pickle can hold itself
            seen.add(id(one))
            own = {str(name): value for name, value in one.items() if isinstance(value, Tensor)}
            best = max(best, own, key=len)
            waiting += reversed([value for value in one.values() if isinstance(value, Mapping)])
    return best


def is_packed(path: Path) -> bool:
    """Whether it is a file that this program made with ``pack``, sound or not."""
    return is_container(path)


def open_packed(path: Path) -> Classifier:
    """The classifier of a packed file, its weights plain floats from now on."""
    packed = load_packed(path)
    model = build(packed.spec)
    model.load_state_dict(packed.state_dict())
    return model.eval()


def fill(spec: ModelSpec, weights: Mapping[str, Tensor]) -> Classifier:
    """The classifier with these weights. ``ModelError`` where they are of another network."""
    model = build(spec)
    wanted = model.net.state_dict()
    found = _without_prefix(weights, list(wanted))
    missing = [name for name in wanted if name not in found and not name.endswith(STEPS)]
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        raise ModelError(
            f"These are not the weights of a {spec.arch}: {', '.join(missing[:NAMED])}{more} of "
            f"its {len(wanted)} tensors are not in the file.",
            "Choose the architecture that was trained; names are those of torchvision.",
        )
    for name, value in wanted.items():
        if name in found and found[name].shape != value.shape:
            raise ModelError(
                f"{name} has the shape {_shape(found[name])} in the file, and {_shape(value)} in a "
                f"{spec.arch} with {spec.classes} classes and {spec.bands} bands.",
                "Choose the architecture and the data set that it was trained with.",
            )
    for name in found:
        _check_values(name, found[name], wanted[name].is_floating_point())
    model.net.load_state_dict({name: found.get(name, value) for name, value in wanted.items()})
    return model.eval()


def _check_values(name: str, value: Tensor, floating: bool) -> None:
    """Refuse what would be lost or turned into something else on the way to float32."""
    plain = value.layout == torch.strided and not value.is_meta
    if not plain or value.is_complex() or value.is_floating_point() != floating:
        kind = str(value.dtype).removeprefix("torch.") if plain else "no plain"
        raise ModelError(
            f"{name} holds {kind} values.", "Save the weights as plain float32 or float16 tensors."
        )
    if floating and first_not_finite({name: value.float()}):
        raise ModelError(
            f"The weights of {name!r} are not finite.",
            "Training has failed there: take an earlier state.",
        )


def _shape(value: Tensor) -> str:
    return "×".join(map(str, value.shape)) or "single"


def _without_prefix(weights: Mapping[str, Tensor], wanted: list[str]) -> dict[str, Tensor]:
    """The wanted tensors, under whatever common name (``module.``, ``model.net.``) they stand."""
    first = next(name for name in wanted if not name.endswith(STEPS))
    prefixes = {key[: -len(first)] for key in weights if _ends(key, first)} or {""}
    every = [
        {name: weights[prefix + name] for name in wanted if prefix + name in weights}
        for prefix in sorted(prefixes, key=len)
    ]
    return max(every, key=len)


def _ends(key: str, name: str) -> bool:
    return key == name or key.endswith(f".{name}")
