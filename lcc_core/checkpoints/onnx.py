"""ONNX export, checked against ONNX Runtime."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from lcc_core.errors import CheckpointError, LccError
from lcc_core.files import write_bytes
from lcc_core.models import Classifier

OPSET = 17


def onnx_bytes(model: Classifier, size: tuple[int, int] = (64, 64)) -> bytes:
    """The model as ONNX: input ``tiles`` uint8 (N, C, H, W), output ``logits`` (N, classes).

    The patches of a scene are float32. N is free, H and W are ``size``. Class names and arch are
    among the model's metadata.
    """
    try:
        import onnx
    except ImportError as error:
        raise _missing(error) from error
    example = model.spec.example(2, size)
    buffer = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model.eval(),
                (example,),
                cast(Any, buffer),  # its stub knows of paths alone
                input_names=["tiles"],
                output_names=["logits"],
                dynamic_axes={"tiles": {0: "batch"}, "logits": {0: "batch"}},
                opset_version=OPSET,
                dynamo=False,
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise CheckpointError(
            f"{model.spec.arch} could not be exported to ONNX ({str(error).splitlines()[0]}).",
            "Use the packed file, or another architecture.",
        ) from error
    graph = onnx.load_from_string(buffer.getvalue())
    facts = {"arch": model.spec.arch, "class_names": json.dumps(model.spec.class_names)}
    for key, value in facts.items():
        graph.metadata_props.add(key=key, value=value)
    return graph.SerializeToString()


def export_onnx(model: Classifier, path: str | Path, size: tuple[int, int] = (64, 64)) -> None:
    """Write :func:`onnx_bytes` to ``path``."""
    write_bytes(Path(path), onnx_bytes(model, size))


def check_onnx(model: Classifier, path: str | Path, images: Tensor, batch: int = 100) -> float:
    """Share of ``images`` uint8 (N, C, H, W) on which ONNX Runtime gives the model's class."""
    try:
        import onnxruntime
    except ImportError as error:
        raise _missing(error) from error
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    agreed = 0
    with torch.inference_mode():
        for part in images.split(batch):
            part = part.contiguous()
            answers = np.asarray(session.run(["logits"], {"tiles": part.numpy()})[0])
            agreed += int(np.sum(answers.argmax(1) == model(part).argmax(1).numpy()))
    return agreed / len(images)


def _missing(error: ImportError) -> LccError:
    return LccError(f"ONNX needs the package {error.name}.", "Install it: pip install '.[onnx]'.")
