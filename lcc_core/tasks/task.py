"""What all kinds of long work have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from lcc_core.errors import LccError
from lcc_core.files import content_id
from lcc_core.hooks import Hooks
from lcc_core.reading import Shortened
from lcc_core.registry import Registry
from lcc_core.settings import changed_settings, check_settings, config_from, option_words

if TYPE_CHECKING:
    from lcc_core.workspace import Workspace


class Task:
    """Long work on a home, as data.

    Subclasses are frozen dataclasses whose fields are settings, registered by :func:`register`.
    Their modules load no torch until the work begins: lists of jobs are read with them.

    Attributes:
        kind: its name, which is the words of its command: ``"train"``, ``"study run"``.
        summary: a few words on what it does, for ``lcc --help``.
        heavy: whether it computes: one such job runs at a time. Others neither wait nor make wait.
        ways: names of settings that say how it is done and not what comes of it; the id is without
            them.
    """

    kind: ClassVar[str]
    summary: ClassVar[str]
    heavy: ClassVar[bool] = True
    ways: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_settings(self)

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        """Do the work.

        Args:
            workspace: the home that it is done in.
            hooks: are told how far it is, and say when to stop.

        Returns:
            What came of it, in JSON's types; numpy's numbers and arrays will do.

        Raises:
            LccError: it cannot be done, with a line on what to do.
            Cancelled: the hooks say so.
        """
        raise TypeError(f"{type(self).__name__} does not say what to do")

    def title(self) -> str:
        """Say in a few words what it does, as lists of jobs show it."""
        return f"lcc {self.kind}"

    @property
    def then(self) -> str:
        """Where to find what it made, as Markdown; pages are named as the dashboard names them."""
        return ""

    def engine(self) -> dict[str, int]:
        """The versions of what decides its result; a result of other versions is another one."""
        return {}

    def resumed(self) -> Self:
        """The same work, that goes on where it was stopped."""
        return self

    @property
    def id(self) -> str:
        """A hash of what decides its result: tasks of one id are one piece of work."""
        settings = self.to_json()["settings"]
        decisive = {name: value for name, value in settings.items() if name not in self.ways}
        return content_id({"task": self.kind, "settings": decisive} | self.engine(), 24)

    def to_json(self) -> dict[str, Any]:
        """Its kind and what differs from the defaults; :func:`task_from` reads it."""
        return {"task": self.kind, "settings": changed_settings(self)}

    @classmethod
    def from_settings(cls, table: Mapping[str, Any]) -> Self:
        """Read the settings that :meth:`to_json` wrote.

        Raises:
            LccError: one is unknown, missing or has no such value.
        """
        return config_from(cls, table, f"The task {cls.kind!r}")

    def words(self) -> list[str]:
        """The equal command, without ``lcc``: to be shown and copied."""
        return [*self.kind.split(), *option_words(self, self.other_words())]

    def other_words(self) -> list[str]:
        """Options of the equal command that say what is no setting."""
        return []


@dataclass(frozen=True)
class Kind:
    """A registered kind of long work."""

    name: str
    summary: str
    task: type[Task]


TASKS: Registry[Kind] = Registry("kind of work", "lcc_core.tasks")
T = TypeVar("T", bound=Task)


def register(task: type[T]) -> type[T]:
    """Register a kind of long work; a class decorator."""
    TASKS.register(Kind(task.kind, task.summary, task))
    return task


def task_from(content: Mapping[str, Any]) -> Task:
    """The task that :meth:`Task.to_json` wrote; other keys beside its own are passed over.

    Raises:
        LccError: there is no such kind, or a setting is unknown, missing or has no such value.
    """
    kind, settings = content.get("task"), content.get("settings", {})
    if not isinstance(kind, str) or not isinstance(settings, Mapping):
        raise LccError(
            f"{Shortened(kind)} is no kind of work with settings.",
            'Write {"task": "train", "settings": {"data": "demo", "arch": "compact"}}.',
        )
    return TASKS[kind].task.from_settings(settings)
