"""ONNX: runs in ONNX Runtime and in much else; weights are plain floats."""

from __future__ import annotations

import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lcc_core.errors import CheckpointError, LccError
from lcc_core.export import EXPORTERS, Exporter
from lcc_core.settings import check_settings, setting

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from lcc_core.models import Classifier


@dataclass(frozen=True)
class Onnx:
    """The settings of an ONNX file."""

    opset: int = setting(
        17, "Operator set", "version of ONNX's operators that the file asks for", low=13, high=20
    )

    def __post_init__(self) -> None:
        check_settings(self)


def onnx_bytes(config: Onnx, model: Classifier, size: tuple[int, int]) -> bytes:
    """Make the model an ONNX graph.

    Its input is ``tiles`` uint8 (N, C, H, W), or float32 patches of a scene; its output ``logits``
    (N, classes). N is free, H and W are ``size``. Class names and architecture are among the
    model's metadata.

    Raises:
        LccError: a package is missing.
        CheckpointError: the architecture cannot be exported.
    """
    try:
        import onnx
    except ImportError as error:
        raise _missing(error) from error
    import torch

    example = model.spec.example(2, size)
    buffer = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model.eval(),
                (example,),
                buffer,
                input_names=["tiles"],
                output_names=["logits"],
                dynamic_axes={"tiles": {0: "batch"}, "logits": {0: "batch"}},
                opset_version=config.opset,
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


def onnx_classes(path: Path, images: Tensor) -> np.ndarray:
    """Ask ONNX Runtime for the class of each of ``images``."""
    try:
        import onnxruntime
    except ImportError as error:
        raise _missing(error) from error
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"tiles": images.numpy()})[0].argmax(1)


def _missing(error: ImportError) -> LccError:
    return LccError(f"ONNX needs the package {error.name}.", "Install it: pip install '.[onnx]'.")


EXPORTERS.register(
    Exporter(
        "onnx",
        "ONNX",
        "Runs anywhere; its weights are plain floats, so it is not small.",
        ".onnx",
        onnx_bytes,
        onnx_classes,
        Onnx,
    )
)
