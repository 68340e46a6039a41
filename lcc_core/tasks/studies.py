"""Studies: many settings at once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lcc_core.devices import DEVICES
from lcc_core.errors import LccError
from lcc_core.hooks import Hooks
from lcc_core.settings import setting
from lcc_core.tasks.task import Task, register

if TYPE_CHECKING:
    from lcc_core.files import Home
    from lcc_core.studies.spec import Study
    from lcc_core.workspace import Workspace


@register
@dataclass(frozen=True, kw_only=True)
class StudyTask(Task):
    """All points of a study that are missing. Run again it goes on where it was stopped."""

    kind: ClassVar[str] = "study run"
    summary: ClassVar[str] = "all its points that are missing"
    ways: ClassVar[tuple[str, ...]] = ("jobs", "backend", "scheduler", "share", "device")

    study: str = setting(
        label="Study", help="A file, a known study or a preset.", metavar="FILE.toml",
        positional=True,
    )  # fmt: skip
    jobs: int = setting(1, "Processes", "Processes that work at once.", low=1)
    backend: str = setting(
        "loky", "Backend", "What runs the processes.", choices=("loky", "dask"), metavar="loky|dask"
    )
    scheduler: str = setting("", "Scheduler", "Of a Dask cluster.", metavar="tcp://…")
    share: str = setting(
        "path", "Share", "Dask workers see this home, or are sent what they need.",
        choices=("path", "scatter"), metavar="path|scatter",
    )  # fmt: skip
    device: str = setting(
        "auto", "Device", "Of trainings; auto takes an accelerator if there is one.",
        choices=DEVICES, metavar="|".join(DEVICES),
    )  # fmt: skip

    def title(self) -> str:
        return f"Study {Path(self.study).stem}"

    def found(self, home: Home) -> Study:
        """The study: from a file, else a known one, else a preset."""
        from lcc_core.studies import folder
        from lcc_core.studies.presets import PRESETS, preset
        from lcc_core.studies.spec import read_study

        path = Path(self.study).expanduser()
        if path.suffix == ".toml" or path.is_file():
            return read_study(path)
        try:
            return folder.find(home, self.study).study
        except LccError:
            if self.study in PRESETS:
                return preset(self.study)
            raise

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.studies.options import Options
        from lcc_core.studies.runner import run_study

        study = self.found(workspace.home)
        options = Options(self.jobs, self.backend, self.scheduler, self.share, self.device)
        return asdict(run_study(study, workspace.home, options, hooks)) | {"name": study.name}
