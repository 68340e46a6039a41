"""Whole channels removed: the network that comes out is narrower, not sparser."""

from lcc_core.compression.structured.criteria import CRITERIA
from lcc_core.compression.structured.groups import ChannelGroup, Groups, channel_groups
from lcc_core.compression.structured.prune import Cut, GroupCut, Narrowed, prune_channels

__all__ = [
    "CRITERIA",
    "ChannelGroup",
    "Cut",
    "GroupCut",
    "Groups",
    "Narrowed",
    "channel_groups",
    "prune_channels",
]
