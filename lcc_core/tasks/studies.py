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
from lcc_core.tasks.training import EPOCHS

if TYPE_CHECKING:
    from lcc_core.files import Home
    from lcc_core.studies.coreset_study import CoresetStudy
    from lcc_core.studies.scene_study import SceneStudy
    from lcc_core.studies.spec import Study
    from lcc_core.workspace import Workspace


@register
@dataclass(frozen=True, kw_only=True)
class StudyTask(Task):
    """All points of a study that are missing. Run again it goes on where it was stopped."""

    kind: ClassVar[str] = "study run"
    summary: ClassVar[str] = "all its points that are missing"
    ways: ClassVar[tuple[str, ...]] = ("jobs", "backend", "scheduler", "share")

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
        from lcc_core.studies.runner import Options, run_study

        study = self.found(workspace.home)
        options = Options(self.jobs, self.backend, self.scheduler, self.share)
        return asdict(run_study(study, workspace.home, options, hooks)) | {"name": study.name}


@dataclass(frozen=True, kw_only=True)
class TrainingsTask(Task):
    """What studies that train many networks are told of all trainings."""

    data: str = setting(label="Data set", help="A data set.", metavar="D")
    epochs: int | None = setting(None, "Epochs", "Of every training.", low=1, high=EPOCHS)
    batch: int | None = setting(None, "Batch", "Tiles a step.", low=2, high=65_536)
    rate: float | None = setting(None, "Learning rate", "Peak learning rate.", metavar="R")
    paper: bool = setting(
        False, "The papers' quantizer", "One scale a layer, from the largest weight."
    )
    device: str = setting(
        "auto", "Device", "auto takes an accelerator if there is one.",
        choices=DEVICES, metavar="|".join(DEVICES),
    )  # fmt: skip
    ways: ClassVar[tuple[str, ...]] = ("device",)
    RECIPE: ClassVar[tuple[str, ...]] = ("epochs", "batch", "rate")

    def asked(self, **names: str) -> dict[str, Any]:
        """What was said, as the study calls it: its name → the setting's."""
        found = {theirs: getattr(self, ours) for theirs, ours in names.items()}
        recipe = {name: getattr(self, name) for name in self.RECIPE}
        found["recipe"] = {k: v for k, v in recipe.items() if v is not None and v is not False}
        return {name: value for name, value in found.items() if value is not None}


@register
@dataclass(frozen=True, kw_only=True)
class CoresetStudyTask(TrainingsTask):
    """Architectures × coresets × plans: train, choose, train on it, compress, measure."""

    kind: ClassVar[str] = "coreset-study"
    summary: ClassVar[str] = "train, choose, train on it, compress, measure"

    arch: tuple[str, ...] = setting(label="Architectures", help="compact, resnet18, …", metavar="A")
    methods: tuple[str, ...] | None = setting(
        None, "Methods", "random, balanced-random, forgetting, …", metavar="M"
    )
    fractions: tuple[float, ...] | None = setting(
        None, "Tiles to keep", "Default 1,0.1,0.05; 1: all tiles.", metavar="F"
    )
    seeds: tuple[int, ...] | None = setting(None, "Seeds", "Default 0.", metavar="S")
    split: str | None = setting(
        None, "Split",
        "64/16/20 (default), 80/20, 70/30, …; of a scene also blocks-30/10/60.",
        metavar="T/V/T",
    )  # fmt: skip
    source: str | None = setting(
        None, "Source", "Whose scores choose; default: each architecture's own.", metavar="CKPT"
    )
    preset: str | None = setting(None, "Recipe", "A named recipe.", metavar="P")
    weights: str | None = setting(None, "Weights", "none or imagenet.", metavar="W")
    class_weights: bool = setting(
        False, "Class-weighted loss", "Rare classes count more in the loss."
    )
    equal_steps: bool = setting(
        False, "Equal steps",
        "Train coresets for as many steps as all tiles, not as many epochs: what the tiles are "
        "worth, not how little they are trained on.",
    )  # fmt: skip
    aum: str | None = setting(
        None, "Area under the margin of", "ccs: of what it is taken (logits).",
        metavar="logits|probabilities",
    )  # fmt: skip
    bits: tuple[int, ...] | None = setting(None, "Bits", "Default 32,4.", metavar="B")
    k: tuple[float, ...] | None = setting(None, "Pruning k", "Default 0.", metavar="K", unit="σ")
    search: tuple[str, ...] | None = setting(
        None, "Searches", "laq, lap, laq+lap, size.", metavar="M"
    )
    t_margin: float | None = setting(
        None, "Margin T₀", "Points a layer may cost.", low=0, high=100, metavar="T"
    )
    tiles: int | None = setting(None, "Tiles to choose on", "Search on N tiles (0: all).", low=0)
    RECIPE: ClassVar[tuple[str, ...]] = (
        "preset", "epochs", "batch", "rate", "weights", "class_weights",
    )  # fmt: skip

    def title(self) -> str:
        return f"Comparing coresets of {self.data}"

    @property
    def then(self) -> str:
        return "Accuracies stand under **Results** of **Coresets**."

    def study(self) -> CoresetStudy:
        """What is to be run. Raises ``ValueError`` for bad choices."""
        from lcc_core.studies.coreset_study import CoresetStudy

        same = (
            "data", "methods", "fractions", "seeds", "source", "bits", "k", "t_margin", "tiles",
            "paper", "equal_steps", "aum",
        )  # fmt: skip
        names = dict(zip(same, same, strict=True))
        names |= {"archs": "arch", "protocol": "split", "searches": "search"}
        return CoresetStudy(**self.asked(**names))

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.studies.coreset_study import run_coreset_study, summarize

        rows = run_coreset_study(self.study(), workspace.home, self.device, hooks)
        means = [asdict(mean) for mean in summarize(rows)]
        return {"rows": [row.to_json() for row in rows], "means": means}


@register
@dataclass(frozen=True, kw_only=True)
class SceneStudyTask(TrainingsTask):
    """Networks × splits × plans on a hyperspectral scene."""

    kind: ClassVar[str] = "scene-study"
    summary: ClassVar[str] = "networks × splits × compression on a scene"

    arch: tuple[str, ...] | None = setting(
        None, "Networks", "Default cnn1d,cnn2d,cnn3d.", metavar="A"
    )
    splits: tuple[str, ...] | None = setting(
        None, "Splits", "Default 30/10/60,blocks-30/10/60.", metavar="T/V/T"
    )
    seeds: tuple[int, ...] | None = setting(None, "Seeds", "Default 0,1,2.", metavar="S")
    bits: tuple[int, ...] | None = setting(None, "Bits", "Default 8,4,3.", metavar="B")
    k: tuple[float, ...] | None = setting(
        None, "Pruning k", "Default 0.5,1.", metavar="K", unit="σ"
    )
    both: tuple[str, ...] | None = setting(
        None, "Both", "Bits and pruning at once; default 4:0.5.", metavar="B:K"
    )
    students: tuple[float, ...] | None = setting(
        None, "Students",
        "Shares of channels that students, taught by the whole network, have fewer; default 0.5.",
        metavar="R",
    )  # fmt: skip

    def title(self) -> str:
        return f"Comparing networks on {self.data}"

    def study(self) -> SceneStudy:
        """What is to be run. Raises ``ValueError`` or ``LccError`` for bad choices."""
        from lcc_core.studies.scene_study import SceneStudy

        same = ("data", "seeds", "bits", "k", "students", "paper")
        names = dict(zip(same, same, strict=True))
        asked = self.asked(archs="arch", protocols="splits", **names)
        if self.both is not None:
            asked["both"] = tuple(map(_pair, self.both))
        return SceneStudy(**asked)

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.results.flattery import flattery
        from lcc_core.studies.scene_study import run_scene_study, summarize

        rows = run_scene_study(self.study(), workspace.home, self.device, hooks)
        return {
            "rows": [row.to_json() for row in rows],
            "means": [asdict(one) for one in summarize(rows)],
            "flattery": [asdict(one) for one in flattery(rows)],
        }


def _pair(text: str) -> tuple[int, float]:
    bits, _, k = text.partition(":")
    try:
        return int(bits), float(k)
    except ValueError as error:
        raise LccError(
            f"{text!r} is not bits and k.", "Write 4:0.5 for 4 bits, k = 0.5."
        ) from error
