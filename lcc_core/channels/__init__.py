"""Whole channels removed: the network that comes out is narrower, not sparser."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lcc_core.channels.groups import ChannelGroup, Groups, channel_groups
    from lcc_core.channels.prune import Narrowed, PrunedGroup, prune_channels
    from lcc_core.channels.pruning import CRITERIA, ChannelPruning
    from lcc_core.channels.schedule import Schedule, Step

__all__ = [
    "CRITERIA",
    "ChannelGroup",
    "ChannelPruning",
    "Groups",
    "Narrowed",
    "PrunedGroup",
    "Schedule",
    "Step",
    "channel_groups",
    "prune_channels",
]
_PLACES = {
    "groups": ("ChannelGroup", "Groups", "channel_groups"),
    "prune": ("Narrowed", "PrunedGroup", "prune_channels"),
    "pruning": ("CRITERIA", "ChannelPruning"),
    "schedule": ("Schedule", "Step"),
}


def __getattr__(name: str) -> Any:
    # Removing channels loads torch; a command line that names the criteria does not wait for it.
    for module, names in _PLACES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
