"""This project's small networks, for tiles and for scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lcc_core.models.sources import ARCHITECTURES, PATCHES, SPECTRA, Architecture

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from lcc_core.models.spec import ModelSpec

THIS = "this project"
KEPT = 15  # principal components
MOST_COMPONENTS = 4096  # as many as bands


def _compact(spec: ModelSpec, _: str) -> nn.Module:
    from lcc_core.models.compact import CompactNet

    return CompactNet(spec.classes, spec.bands)


def _cnn1d(spec: ModelSpec, _: str) -> nn.Module:
    from lcc_core.models.spectral import CNN1D

    return CNN1D(spec.classes, spec.bands)


def _cnn2d(spec: ModelSpec, _: str) -> nn.Module:
    from lcc_core.models.spectral import CNN2D

    components = spec.options.get("components", KEPT)
    return CNN2D(spec.classes, spec.bands, spec.options["patch"], components)


def _cnn3d(spec: ModelSpec, _: str) -> nn.Module:
    from lcc_core.models.spectral import CNN3D

    return CNN3D(spec.classes, spec.bands, spec.options["patch"])


def _components(bands: int) -> dict[str, Any]:
    return {"components": min(KEPT, bands)}


def _fit_components(net: nn.Module, spectra: np.ndarray) -> None:
    from lcc_core.models.spectral import CNN2D

    assert isinstance(net, CNN2D)
    net.components.fit(spectra)


ARCHITECTURES.register(
    Architecture(
        "compact",
        "Compact residual net",
        "Five residual blocks of 32 to 80 channels, at home on 64×64 tiles.",
        THIS,
        0.31,
        _compact,
        rate=6e-3,
    )
)
ARCHITECTURES.register(
    Architecture(
        "cnn1d",
        "CNN1D, spectrum",
        "Three 1-D convolutions over the spectrum of a pixel (after Hu et al. 2015).",
        THIS,
        0.13,
        _cnn1d,
        SPECTRA,
    )
)
ARCHITECTURES.register(
    Architecture(
        "cnn2d",
        "CNN2D, components",
        "Three 2-D convolutions over principal components (after Makantasis et al. 2015).",
        THIS,
        0.07,
        _cnn2d,
        PATCHES,
        limits={"components": MOST_COMPONENTS},
        options=_components,
        fit=_fit_components,
    )
)
ARCHITECTURES.register(
    Architecture(
        "cnn3d",
        "CNN3D, bands",
        "Three 3-D convolutions over height, width and spectrum (after Li et al. 2017).",
        THIS,
        0.07,
        _cnn3d,
        PATCHES,
    )
)
