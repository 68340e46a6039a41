"""What a worker can be asked for: content in, a value out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from lcc_core.compression import Plan
from lcc_core.files import content_id
from lcc_core.hooks import Hooks
from lcc_core.workspace import Workspace


@dataclass(frozen=True)
class Request:
    """A piece of work on stored things. Requests of one content are one piece of work.

    Subclasses are frozen dataclasses of plain values and plans, and say in :meth:`run` what to do.
    """

    @property
    def key(self) -> str:
        """A hash of the kind of work and of all it depends on."""
        content = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return content_id({"kind": type(self).__qualname__, "content": content}, 24)

    @property
    def subject(self) -> str:
        """What has to be loaded for it: a worker that has it at hand is preferred."""
        return ""

    def run(self, workspace: Workspace, hooks: Hooks) -> Any:
        """Do the work; what is returned must be picklable, and so must what is raised.

        Args:
            workspace: the home it is about, with what was loaded before.
            hooks: are told how far it is (lasting reports reach every waiter), and say that nobody
                waits for it any longer; ``Cancelled`` is raised then.
        """
        raise TypeError(f"{type(self).__qualname__} does not say what to do")


def _plain(value: Any) -> Any:
    if isinstance(value, Plan):
        return value.id
    if isinstance(value, Request):
        return value.key
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "to_json"):
        return value.to_json()
    return value
