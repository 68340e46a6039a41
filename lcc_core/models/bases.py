"""The classes that torch's layers of a kind share: documented, but under a private name."""

from torch.nn.modules import batchnorm, conv

NormLayer = batchnorm._BatchNorm  # pyright: ignore[reportPrivateUsage]  batch norms
ConvLayer = conv._ConvNd  # pyright: ignore[reportPrivateUsage]  convolutions
