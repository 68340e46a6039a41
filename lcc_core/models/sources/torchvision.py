"""Networks of torchvision, from scratch or from its ImageNet weights."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.error import URLError

from lcc_core.errors import ModelError
from lcc_core.models.sources import ARCHITECTURES, IMAGENET, Architecture

if TYPE_CHECKING:
    from torch import nn

    from lcc_core.models.spec import ModelSpec

# torchvision's plain VGGs do not train from scratch; the batch-norm ones do.
ITS_NAMES = {"vgg16": "vgg16_bn", "vgg19": "vgg19_bn"}


def build(spec: ModelSpec, weights: str) -> nn.Module:
    """Build a network; with weights, its head and a stem of other bands are fresh.

    Raises ``ModelError`` where the weights cannot be downloaded.
    """
    from lcc_core.models.replacing import replace_first_convolution, replace_last_linear
    from lcc_core.torchvision_cpu import import_torchvision

    torchvision = import_torchvision()
    name = ITS_NAMES.get(spec.arch, spec.arch)
    if not weights:
        net = torchvision.models.get_model(name, weights=None, num_classes=spec.classes)
    else:
        try:
            net = torchvision.models.get_model(name, weights="DEFAULT")
        except (URLError, OSError, RuntimeError) as error:
            raise ModelError(
                f"The ImageNet weights of {spec.arch} could not be downloaded ({error}).",
                "Train from scratch, or connect once: torchvision keeps them after that.",
            ) from error
        replace_last_linear(net, spec.classes)
    if spec.bands != 3:
        replace_first_convolution(net, spec.bands)
    return net


# Nets without batch norm or with attention diverge at the residual nets' rate, so they have one
# of their own.
for _name, _title, _summary, _millions, _rate in (
    ("resnet18", "ResNet-18", "Residual network of 18 layers.", 11.2, None),
    ("resnet50", "ResNet-50", "Residual network of 50 layers with bottlenecks.", 23.5, None),
    ("vgg16", "VGG-16 (batch norm)", "Plain convolutions, 16 layers.", 134.3, 1e-3),
    ("vgg19", "VGG-19 (batch norm)", "Plain convolutions, 19 layers.", 139.6, 1e-3),
    ("convnext_tiny", "ConvNeXt-Tiny", "Depthwise convolutions, layer norms.", 27.8, 1e-3),
    ("swin_t", "Swin-T", "Attention in shifted windows.", 27.5, 7e-4),
    ("efficientnet_v2_s", "EfficientNetV2-S", "Fused inverted bottlenecks.", 20.2, None),
    ("regnet_y_3_2gf", "RegNetY-3.2GF", "Grouped bottlenecks with gates.", 17.9, None),
    ("mobilenet_v3_small", "MobileNetV3-Small", "Inverted bottlenecks for phones.", 1.5, None),
):
    ARCHITECTURES.register(
        Architecture(
            _name,
            _title,
            _summary,
            "torchvision",
            _millions,
            build,
            pretrained=(IMAGENET,),
            rate=_rate,
        )
    )
