"""Other first and last layers for a network that was made for other data."""

from __future__ import annotations

from torch import nn


def head(net: nn.Module) -> tuple[str, nn.Linear]:
    """Find the layer that answers, one output a class: the last linear one."""
    return [(n, m) for n, m in net.named_modules() if isinstance(m, nn.Linear)][-1]


def replace_last_linear(net: nn.Module, classes: int) -> None:
    """Put a fresh head of so many classes in the place of the old one."""
    name, old = head(net)
    _put(net, name, nn.Linear(old.in_features, classes))


def replace_first_convolution(net: nn.Module, bands: int) -> None:
    """Put a fresh first convolution that reads so many bands in the place of the old one."""
    name, old = next((n, m) for n, m in net.named_modules() if isinstance(m, nn.Conv2d))
    new = nn.Conv2d(
        bands,
        old.out_channels,
        old.kernel_size,  # type: ignore[arg-type]
        old.stride,  # type: ignore[arg-type]
        old.padding,  # type: ignore[arg-type]
        bias=old.bias is not None,
    )
    _put(net, name, new)


def _put(net: nn.Module, name: str, layer: nn.Module) -> None:
    path, _, attribute = name.rpartition(".")
    setattr(net.get_submodule(path), attribute, layer)
