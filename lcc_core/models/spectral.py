"""Three small networks for the patches of a hyperspectral scene, (N, B, side, side) → logits.

After the three kinds that the literature compares: on the spectrum of the pixel alone (Hu et al.
2015), on the patch of its principal components (Makantasis et al. 2015), and on the patch of bands
with 3-D kernels (Li et al. 2017). Each keeps what lies where: none averages over its last map.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from lcc_core.errors import require


def _halved(size: int, times: int) -> int:
    """Compute what is left of ``size`` after so many strides of two with padding."""
    for _ in range(times):
        size = (size + 1) // 2
    return size


class CNN1D(nn.Module):
    """The spectrum of the middle pixel: three convolutions of stride 2 (24, 48, 64), 64 hidden.

    0.13 M weights at 200 bands, 0.08 M at 103. Any odd side will do: nothing else is read.
    """

    def __init__(self, classes: int, bands: int) -> None:
        super().__init__()
        require(bands >= 8, "bands", bands, "8 or more for cnn1d")
        layers: list[nn.Module] = []
        before = 1
        for width, kernel in ((24, 11), (48, 7), (64, 5)):
            layers += [
                nn.Conv1d(before, width, kernel, 2, kernel // 2, bias=False),
                nn.BatchNorm1d(width),
                nn.ReLU(),
            ]
            before = width
        self.features = nn.Sequential(*layers)
        self.hidden = nn.Linear(before * _halved(bands, 3), 64)
        self.relu = nn.ReLU()
        self.head = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        middle = x.shape[2] // 2
        x = self.features(x[:, :, middle, middle].unsqueeze(1))
        return self.head(self.relu(self.hidden(x.flatten(1))))


class Components(nn.Module):
    """A fixed linear map from bands to principal components: part of the model, never trained."""

    matrix: Tensor

    def __init__(self, bands: int, components: int) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.zeros(components, bands, 1, 1))

    @torch.no_grad()
    def fit(self, spectra: np.ndarray) -> None:
        """Take the leading components of standardised ``spectra`` (n, B), each of variance 1."""
        covariance = np.cov(spectra.astype(np.float64), rowvar=False)
        values, vectors = np.linalg.eigh(covariance)
        count = len(self.matrix)
        values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
        # An eigenvector's sign is arbitrary: the largest entry is positive.
        signs = np.sign(vectors[np.abs(vectors).argmax(0), np.arange(count)])
        rows = torch.from_numpy((vectors * signs / np.sqrt(np.maximum(values, 1e-6 * values[0]))).T)
        # Two bytes a value, exactly: so much they take in a packed file.
        power = torch.exp2(torch.ceil(torch.log2(rows.abs().max())))
        self.matrix.copy_(((rows / power).half() * power).float().view_as(self.matrix))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.conv2d(x, self.matrix)


class CNN2D(nn.Module):
    """A patch of principal components: three 3×3 convolutions (32, 64, 64), two of stride 2.

    0.07 M weights at 11×11 and 15 components.
    """

    def __init__(self, classes: int, bands: int, patch: int, components: int) -> None:
        super().__init__()
        require(1 <= components <= bands, "components", components, f"1…{bands}")
        self.components = Components(bands, components)
        layers: list[nn.Module] = []
        before = components
        for width, stride in ((32, 1), (64, 2), (64, 2)):
            layers += [
                nn.Conv2d(before, width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            before = width
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(before * _halved(patch, 2) ** 2, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(self.components(x)).flatten(1))


class CNN3D(nn.Module):
    """A patch of bands: 3-D convolutions (8, 16, 32) over height, width and spectrum.

    0.05 M weights at 11×11×103, 0.07 M at 200 bands.
    """

    def __init__(self, classes: int, bands: int, patch: int) -> None:
        super().__init__()
        require(bands >= 8, "bands", bands, "8 or more for cnn3d")
        shapes = ((8, (3, 3, 7), (2, 2, 3)), (16, (3, 3, 5), (1, 1, 2)), (32, (3, 3, 3), (2, 2, 2)))
        layers: list[nn.Module] = []
        before, side, depth = 1, patch, bands
        for width, kernel, stride in shapes:
            padding = tuple(one // 2 for one in kernel)
            layers += [
                nn.Conv3d(before, width, kernel, stride, padding, bias=False),
                nn.BatchNorm3d(width),
                nn.ReLU(),
            ]
            before = width
            side, depth = ((n - 1) // s + 1 for n, s in ((side, stride[0]), (depth, stride[2])))
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(before * side * side * depth, classes)

    def forward(self, x: Tensor) -> Tensor:
        # Height, width, bands: as patches lie in memory.
        x = self.features(x.permute(0, 2, 3, 1).unsqueeze(1))
        return self.head(x.flatten(1))
