"""Long work in its own process: queued, started, watched, cancelled and resumed.

A job is one ``lcc`` command in a session of its own and a folder of its own in the home. It waits
for its turn, writes its progress and its result by itself, and stops by itself when the process
that started it (the app, a script) is gone. So there is nothing that has to watch it; whoever
wants to know how it stands reads its folder.
"""

from lcc_core.jobs.control import cancel, clear, clear_ended, job, jobs, resume, start, wait
from lcc_core.jobs.record import (
    CANCELLED,
    DONE,
    FACTS,
    FAILED,
    INTERRUPTED,
    PROGRESS,
    QUEUED,
    RESULT,
    RUNNING,
    Job,
)

__all__ = [
    "CANCELLED",
    "DONE",
    "FACTS",
    "FAILED",
    "INTERRUPTED",
    "PROGRESS",
    "QUEUED",
    "RESULT",
    "RUNNING",
    "Job",
    "cancel",
    "clear",
    "clear_ended",
    "job",
    "jobs",
    "resume",
    "start",
    "wait",
]
