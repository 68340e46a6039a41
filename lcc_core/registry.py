"""Methods that are found by name: one file each, with a config dataclass and a callable."""

from __future__ import annotations

import importlib
import pkgutil
import threading
import typing
from collections.abc import Iterator
from typing import Generic, TypeVar

from lcc_core.errors import LccError, require
from lcc_core.plaintext import visible


class Entry(typing.Protocol):
    """What can be registered: it has a name, and a sentence on what it is."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...


E = TypeVar("E", bound=Entry)


class Registry(Generic[E]):
    """Entries of one kind by name, in the order in which they were registered.

    Args:
        kind: what an entry is called, for messages: "planner".
        package: dotted name of a package whose modules register entries when they are imported;
            they are, when the registry is first read. A new entry is a new file there.
        error: what is raised for a name that nobody registered.
    """

    def __init__(self, kind: str, package: str = "", error: type[LccError] = LccError) -> None:
        self.kind, self._package, self._error = kind, package, error
        self._entries: dict[str, E] = {}
        self._read, self._reading = not package, False
        self._lock = threading.RLock()  # a module that is imported may read the registry

    def register(self, entry: E) -> E:
        """Add an entry. Raises ``ValueError`` where its name is taken by another one."""
        with self._lock:
            known = self._entries.get(entry.name, entry)
            require(known is entry, f"{self.kind} name", entry.name, "one that is not taken")
            self._entries[entry.name] = entry
        return entry

    def forget(self, name: str) -> None:
        """Remove an entry, as tests do with their own."""
        self._entries.pop(name, None)

    def names(self) -> tuple[str, ...]:
        return tuple(self._all())

    def __iter__(self) -> Iterator[E]:
        return iter(tuple(self._all().values()))

    def __len__(self) -> int:
        return len(self._all())

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __getitem__(self, name: str) -> E:
        """The entry of that name. Raises ``error`` naming those there are."""
        found = self._all()
        if name not in found:
            raise self._error(
                f"There is no {self.kind} {visible(name)!r}.", f"Known are: {', '.join(found)}."
            )
        return found[name]

    def get(self, name: str) -> E | None:
        """The entry of that name, if there is one."""
        return self._all().get(name)

    def _all(self) -> dict[str, E]:
        if not self._read:
            with self._lock:
                # A module that reads the registry while it is imported gets what is there so far.
                if not self._read and not self._reading:
                    self._reading = True
                    try:
                        self._import()
                        self._read = True
                    finally:
                        self._reading = False
        return self._entries

    def _import(self) -> None:
        package = importlib.import_module(self._package)
        for name in sorted(one.name for one in pkgutil.iter_modules(package.__path__)):
            importlib.import_module(f"{self._package}.{name}")
