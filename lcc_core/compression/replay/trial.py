"""A change of one layer in the state of a search, and its undoing."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lcc_core.compression.compact import round_some
from lcc_core.compression.compressed import layer_weight
from lcc_core.compression.plan import LayerSetting
from lcc_core.compression.recalibration import Figures, take_over
from lcc_core.compression.replay.program import Program


class Trial:
    """Changes ``layer`` of the float32 state ``net``; ``original`` is the uncompressed network."""

    @torch.no_grad()
    def __init__(
        self,
        program: Program,
        original: nn.Module,
        net: nn.Module,
        layer: str,
        setting: LayerSetting,
    ) -> None:
        self.program, self.original, self.net = program, original, net
        self.layer, self.setting = layer, setting
        self._before: dict[str, dict[str, Tensor]] = {}
        self._remember(layer)
        self.weight.copy_(layer_weight(original.get_submodule(layer).weight, setting)[0])

    @property
    def change(self) -> int:
        """The first step that is another one now."""
        return self.program.at[self.layer]

    @property
    def weight(self) -> Tensor:
        """The changed layer's weight in the state."""
        return self.net.get_submodule(self.layer).weight

    @property
    def changed(self) -> set[str]:
        """Modules that were changed."""
        return set(self._before)

    def _remember(self, name: str) -> None:
        if name not in self._before:
            state = self.net.get_submodule(name).state_dict()
            self._before[name] = {key: value.clone() for key, value in state.items()}

    @torch.no_grad()
    def correct(self, figures: Figures, rounded: bool) -> None:
        """New statistics and biases from the changed layer on, ``rounded`` as they are stored."""
        norms, biases = [], {}
        for name in figures.sums:
            if self.program.position[name] < self.change:
                continue
            self._remember(name)
            source, target = self.original.get_submodule(name), self.net.get_submodule(name)
            if name in self.program.norms:
                norms.append(name)
                target.weight.copy_(source.weight)
                target.bias.copy_(source.bias)
            else:
                biases[name] = source.bias
        take_over(self.net, figures, set(norms), biases)
        if rounded:
            round_some(self.net, norms, list(biases))

    @torch.no_grad()
    def undo(self) -> None:
        """Restore all of them."""
        for name, state in self._before.items():
            self.net.get_submodule(name).load_state_dict(state)
