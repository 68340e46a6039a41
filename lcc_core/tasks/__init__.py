"""Long work as data: one frozen dataclass a kind, which pages and commands both build.

A task is stored in its job's folder, done by :meth:`Task.run`, and its result is found by its
content id. A new kind is a new file here; see "A kind of long work" in ``docs/ADDING.md``.
"""

from lcc_core.tasks.task import TASKS, Kind, Task, register, task_from

__all__ = ["TASKS", "Kind", "Task", "register", "task_from"]
