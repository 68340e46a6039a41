"""Long work in its own process: queued, started, watched, cancelled and resumed.

A job does one task (:mod:`lcc_core.tasks`): it is ``lcc run FOLDER``, in a session of its own and
with a folder of its own in the home. It waits for its turn, writes its progress and its result by
itself, and stops by itself when the process that started it (the app, a script) is gone. So there
is nothing that has to watch it; whoever wants to know how it stands reads its folder.
"""

from lcc_core.jobs.control import (
    cancel,
    clear,
    clear_ended,
    job,
    job_of,
    jobs,
    result_of,
    resume,
    start,
    wait,
)
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
    "job_of",
    "jobs",
    "result_of",
    "resume",
    "start",
    "wait",
]
