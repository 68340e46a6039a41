"""Land-cover compression: from tiles to a checkpoint that is really small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lcc_core.checkpoints.packed import load_packed as load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    # torch takes a second to import; `lcc --help` should not wait for it.
    if name == "load":
        from lcc_core.checkpoints.packed import load_packed

        return load_packed
    raise AttributeError(f"module 'lcc_core' has no attribute {name!r}")
