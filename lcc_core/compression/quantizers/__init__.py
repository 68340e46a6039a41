"""Quantizers: how one layer's weights become codes. One file a scheme; nothing here loads torch.

A scheme that is added is a module of this package that registers a :class:`Quantizer`. Commands,
pages and studies list what is registered.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lcc_core.registry import Registry
from lcc_core.settings import Setting, changed_settings, settings_json, settings_of

if TYPE_CHECKING:
    from torch import Tensor

    from lcc_core.compression.codes import Codes

BITS = "bits"  # the setting that planners choose layer by layer
SCALE_BITS = {True: 16, False: 32}  # of one stored scale: where each channel has one, else


def _yes(_config: Any) -> bool:
    return True


def _as_it_is(config: Any) -> Any:
    return config


def scaled(codes: Tensor, scale: Tensor, _config: Any = None) -> Tensor:
    """Weights float32 that are code times scale: ``scale`` (1,) or (out,), ``codes`` (out, …)."""
    return codes.float().mul_(scale.view(-1, *([1] * (codes.ndim - 1))))


@dataclass(frozen=True)
class Quantizer:
    """A scheme, as it is registered.

    Args:
        name: as plans, commands and pages call it.
        summary: one sentence for someone who does not know it.
        config: frozen dataclass of its settings. ``bits`` is one of them, and its range says how
            many bits a weight the scheme can have; all others are the same for the whole plan.
        quantize: (weight (out, …), config, keep) → codes. ``keep``: bool like the weight or
            ``None``; where it is false the code is 0. Codes of b bits lie within ±(2^(b−1) − 1);
            at 1 bit they are −1, 0 and 1.
        values: (codes int8, scale, config) → float32 weights, for whoever loads a packed file.
        per_channel: whether each output channel has a scale of its own under a config: stored in
            two bytes. A single one takes four.
        plain: the config with settings that change nothing there at their defaults, so that plans
            that do the same have one id.
        always: settings that plans write down even at their defaults.
    """

    name: str
    summary: str
    config: type
    quantize: Callable[[Tensor, Any, Tensor | None], Codes]
    values: Callable[[Tensor, Tensor, Any], Tensor] = scaled
    per_channel: Callable[[Any], bool] = _yes
    plain: Callable[[Any], Any] = _as_it_is
    always: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Those of a whole plan: all but the bits."""
        return tuple(one for one in settings_of(self.config) if one.name != BITS)

    @property
    def widths(self) -> range:
        """The bits a weight that it can have."""
        bits = next(one for one in settings_of(self.config) if one.name == BITS)
        return range(int(bits.low), int(bits.high) + 1)

    @property
    def most_bits(self) -> int:
        """The most bits a weight that it can have."""
        return self.widths[-1]

    def written(self, config: Any) -> dict[str, Any]:
        """What plans and ids hold of a config beside the bits: what differs from the defaults."""
        every, changed = settings_json(config), changed_settings(config)
        kept = {n: v for n, v in every.items() if n in changed or n in self.always}
        kept.pop(BITS, None)
        return kept

    def variants(self, bits: int, config: Any) -> Iterator[Any]:
        """Configs of every combination of settings that have choices, where each does its own.

        All other settings are those of ``config``.
        """
        choices = [one for one in self.settings if one.choices]
        names = [one.name for one in choices]
        for values in itertools.product(*(one.choices for one in choices)):
            made = replace(config, bits=bits, **dict(zip(names, values, strict=True)))
            if self.plain(made) == made:
                yield made


QUANTIZERS: Registry[Quantizer] = Registry("quantizer", __name__)
DEFAULT = "symmetric"


def quantizer_of(config: Any) -> Quantizer:
    """The scheme that a config is of."""
    return next(one for one in QUANTIZERS if one.config is type(config))
