"""Adaptive bits and pruning: which candidates, and whether each is still accurate enough."""

from lcc_core.compression.search.result import SearchResult, Tried
from lcc_core.compression.search.settings import PAPER, SearchSettings
from lcc_core.compression.search.walk import search

__all__ = ["PAPER", "SearchResult", "SearchSettings", "Tried", "search"]
