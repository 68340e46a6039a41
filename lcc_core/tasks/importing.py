"""Taking over a model that was trained elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lcc_core.devices import DEVICES
from lcc_core.hooks import Hooks
from lcc_core.settings import setting
from lcc_core.tasks.made import summary
from lcc_core.tasks.task import Task, register
from lcc_core.tasks.training import SEEDS
from lcc_core.units import names

if TYPE_CHECKING:
    from lcc_core.workspace import Workspace

NORMS = ("auto", "imagenet", "data", "half", "none")


@register
@dataclass(frozen=True, kw_only=True)
class ImportModelTask(Task):
    """A file of weights → a checkpoint, measured on tiles that are here."""

    kind: ClassVar[str] = "import-model"
    summary: ClassVar[str] = "take over a model that was trained elsewhere"

    file: str = setting(
        label="File on this machine", help=".pt, .pth, .safetensors (weights) or .lcc.",
        metavar="FILE", positional=True,
    )  # fmt: skip
    data: str = setting(
        label="Tiles it is for", help="The data set it was trained for.", metavar="D"
    )
    arch: str = setting("", "Network", "Whose weights they are; .lcc files know.", metavar="A")
    norm: str = setting(
        "auto", "Normalised by",
        "What its input was normalised with. auto takes the one that gets most of 1,000 training "
        "tiles right.",
        choices=NORMS, metavar="|".join(NORMS),
    )  # fmt: skip
    split: str | None = setting(
        None, "Split",
        "The one it was trained with: 64/16/20 (default), 70/30, … If it is another, some test "
        "tiles were known to it, and its figures flatter.",
        metavar="T/V/T",
    )  # fmt: skip
    seed: int = setting(0, "Seed of the split", "Of the split.", low=0, high=SEEDS, metavar="S")
    classes: tuple[str, ...] = setting(
        (), "Class order",
        "Class names in the order of its outputs, with commas, if they are not in alphabetical "
        'order; names that hold commas as a JSON list: ["forest", "river, lake"].',
        metavar="A,B", reads=names,
    )  # fmt: skip
    device: str = setting(
        "auto", "Device", "Where it is measured.", choices=DEVICES, metavar="|".join(DEVICES)
    )

    def title(self) -> str:
        return f"Importing {Path(self.file).name}"

    @property
    def then(self) -> str:
        return "The checkpoint is ready: open **Compress**."

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.data.splits import DEFAULT_PROTOCOL
        from lcc_core.training.imported import Foreign, doubt, import_model

        protocol = self.split or DEFAULT_PROTOCOL
        how = Foreign(self.data, protocol, self.seed, self.arch, self.norm, self.classes)
        made = import_model(workspace, Path(self.file), how, self.device, hooks)
        return summary(made) | {"recipe": made.recipe, "doubt": doubt(made)}
