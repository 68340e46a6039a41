"""The architectures: torchvision's, and small networks of our own for tiles and for scenes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.error import URLError

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from lcc_core.errors import ModelError
from lcc_core.models.classifier import Classifier
from lcc_core.models.compact import CompactNet
from lcc_core.models.spec import ModelSpec
from lcc_core.models.spectral import BANDS, COMPONENTS, SPECTRUM, spectral_net
from lcc_core.models.widths import narrow

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
TILES, SPECTRA, PATCHES = "tiles", "spectra", "patches"


@dataclass(frozen=True)
class ArchInfo:
    """One architecture; ``weights_m`` is its size in millions of weights with ten classes.

    ``reads``: tiles, or of a scene a pixel's spectrum or the patch around it.
    """

    name: str
    title: str
    source: str
    weights_m: float
    reads: str = TILES

    @property
    def for_scenes(self) -> bool:
        return self.reads != TILES


ARCHITECTURES = {
    info.name: info
    for info in (
        ArchInfo("compact", "Compact residual net", "this project", 0.31),
        ArchInfo("resnet18", "ResNet-18", "torchvision", 11.2),
        ArchInfo("resnet50", "ResNet-50", "torchvision", 23.5),
        ArchInfo("vgg16", "VGG-16 (batch norm)", "torchvision", 134.3),
        ArchInfo("vgg19", "VGG-19 (batch norm)", "torchvision", 139.6),
        ArchInfo("convnext_tiny", "ConvNeXt-Tiny", "torchvision", 27.8),
        ArchInfo("swin_t", "Swin-T", "torchvision", 27.5),
        ArchInfo("efficientnet_v2_s", "EfficientNetV2-S", "torchvision", 20.2),
        ArchInfo("regnet_y_3_2gf", "RegNetY-3.2GF", "torchvision", 17.9),
        ArchInfo("mobilenet_v3_small", "MobileNetV3-Small", "torchvision", 1.5),
        ArchInfo(SPECTRUM, "CNN1D, spectrum", "this project", 0.13, SPECTRA),
        ArchInfo(COMPONENTS, "CNN2D, components", "this project", 0.07, PATCHES),
        ArchInfo(BANDS, "CNN3D, bands", "this project", 0.07, PATCHES),
    )
}


def readers(scene: bool) -> list[str]:
    """The architectures that read scenes, or those that read tiles."""
    return [name for name, info in ARCHITECTURES.items() if info.for_scenes == scene]


# torchvision's plain VGGs do not train from scratch; the batch-norm ones do.
TORCHVISION_NAMES = {"vgg16": "vgg16_bn", "vgg19": "vgg19_bn"}


def build(spec: ModelSpec, weights: str | None = None) -> Classifier:
    """A fresh classifier. ``weights="imagenet"`` starts from torchvision's weights.

    Raises ``ModelError`` for an unknown architecture or weights that cannot be had.
    """
    if spec.arch not in ARCHITECTURES:
        raise ModelError(
            f"There is no architecture {spec.arch!r}.", f"Known are: {', '.join(ARCHITECTURES)}."
        )
    if weights not in (None, "none", "imagenet"):
        raise ModelError(f"There are no {weights!r} weights.", "Use 'imagenet' or none.")
    pretrained = weights == "imagenet"
    if pretrained and spec.channels:
        raise ModelError(
            f"There are no ImageNet weights for a narrowed {spec.arch}.",
            "Narrow a model that was trained from them.",
        )
    net = _net(spec, pretrained)
    return Classifier(narrow(net, spec.channels) if spec.channels else net, spec)


def _net(spec: ModelSpec, pretrained: bool) -> nn.Module:
    if ARCHITECTURES[spec.arch].for_scenes:
        if pretrained:
            raise ModelError(f"{spec.arch} has no ImageNet weights.", "Train it from scratch.")
        return _spectral(spec)
    if spec.arch == "compact":
        if pretrained:
            raise ModelError(
                "The compact network has no ImageNet weights.",
                "Train it from scratch: it needs minutes.",
            )
        return CompactNet(spec.classes, spec.bands)
    return _torchvision_net(spec, pretrained)


def _spectral(spec: ModelSpec) -> nn.Module:
    if spec.patch is None:
        raise ModelError(f"{spec.arch} reads scenes, and this model knows none.", "Train it again.")
    return spectral_net(spec.arch, spec.classes, spec.bands, **spec.options)


class _Unfilled(TorchFunctionMode):
    """What a network's weights are made by takes no memory; all else is computed as always.

    ``torch.device("meta")`` would do the same to the few tensors that some architectures read while
    they are built: RegNet its widths, Swin which bias belongs to which pair of pixels.
    """

    MAKERS = (torch.empty, torch.zeros, torch.ones)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in self.MAKERS:
            kwargs = kwargs | {"device": "meta"}
        return func(*args, **kwargs)


def skeleton(spec: ModelSpec) -> Classifier:
    """The classifier without memory for its weights."""
    with _Unfilled():
        return build(spec)


def _torchvision_net(spec: ModelSpec, pretrained: bool) -> nn.Module:
    from lcc_core.torchvision_cpu import import_torchvision

    torchvision = import_torchvision()
    name = TORCHVISION_NAMES.get(spec.arch, spec.arch)
    if not pretrained:
        net = torchvision.models.get_model(name, weights=None, num_classes=spec.classes)
    else:
        try:
            net = torchvision.models.get_model(name, weights="DEFAULT")
        except (URLError, OSError, RuntimeError) as error:
            raise ModelError(
                f"The ImageNet weights of {spec.arch} could not be downloaded ({error}).",
                "Train from scratch, or connect once: torchvision keeps them after that.",
            ) from error
        _replace_last_linear(net, spec.classes)
    if spec.bands != 3:
        _replace_first_convolution(net, spec.bands)
    return net


def _owner(net: nn.Module, name: str) -> tuple[nn.Module, str]:
    path, _, attribute = name.rpartition(".")
    return net.get_submodule(path), attribute


def head(net: nn.Module) -> tuple[str, nn.Linear]:
    """The layer that answers, one output a class."""
    return [(n, m) for n, m in net.named_modules() if isinstance(m, nn.Linear)][-1]


def _replace_last_linear(net: nn.Module, classes: int) -> None:
    name, old = head(net)
    owner, attribute = _owner(net, name)
    setattr(owner, attribute, nn.Linear(old.in_features, classes))


def _replace_first_convolution(net: nn.Module, bands: int) -> None:
    name, old = next((n, m) for n, m in net.named_modules() if isinstance(m, nn.Conv2d))
    owner, attribute = _owner(net, name)
    new = nn.Conv2d(
        bands,
        old.out_channels,
        cast(tuple[int, int], old.kernel_size),
        cast(tuple[int, int], old.stride),
        cast(tuple[int, int], old.padding),
        bias=old.bias is not None,
    )
    setattr(owner, attribute, new)
