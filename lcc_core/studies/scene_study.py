"""The hyperspectral study: networks × splits × ways to compress, over seeds.

Every piece is found by its content, so a study that was cut goes on where it was. A seed gives
both the split and the weights their randomness, as the field repeats its experiments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from statistics import mean, stdev
from typing import Any

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.compression.recalibration import TILES
from lcc_core.compression.search import PAPER
from lcc_core.compression.uniform import uniform_plan
from lcc_core.data.catalog import load_tiles
from lcc_core.data.spatial import SPATIAL, touching
from lcc_core.data.splits import check_protocol, make_split
from lcc_core.errors import require
from lcc_core.files import Home
from lcc_core.measure.measurement import Measurement
from lcc_core.models import Classifier, readers
from lcc_core.progress import OnProgress, Progress, ShouldStop, ignore, never
from lcc_core.studies.measured import measure_plan
from lcc_core.studies.scene_map import as_scene, throughput
from lcc_core.training import make_recipe, train

NETWORKS = tuple(readers(scene=True))
SPLITS = ("30/10/60", "blocks-30/10/60")
FIGURES = ("oa", "aa", "kappa")


@dataclass(frozen=True)
class SceneStudy:
    """What to run. ``recipe``: overrides for every training.

    ``bits`` quantize and ``k`` prune, each alone; ``both`` pairs (bits, k) do the two at once.
    ``paper`` takes the papers' quantizer, without recalibration.
    """

    data: str
    archs: tuple[str, ...] = NETWORKS
    protocols: tuple[str, ...] = SPLITS
    seeds: tuple[int, ...] = (0, 1, 2)
    recipe: dict[str, Any] = field(default_factory=dict)
    bits: tuple[int, ...] = (8, 4, 3)
    k: tuple[float, ...] = (0.5, 1.0)
    both: tuple[tuple[int, float], ...] = ((4, 0.5),)
    paper: bool = False

    def __post_init__(self) -> None:
        for name in ("archs", "protocols", "seeds"):
            require(len(getattr(self, name)) > 0, name, getattr(self, name), "one value or more")
        for arch in self.archs:
            require(arch in NETWORKS, "arch", arch, f"one of {', '.join(NETWORKS)}")
        for protocol in self.protocols:
            check_protocol(protocol)
        for arch in self.archs:
            make_recipe(arch, **self.recipe)

    def variants(self, model: Classifier) -> Iterator[tuple[str, Plan]]:
        """The float model and every way to compress it, by name."""
        how: dict[str, Any] = PAPER if self.paper else {"recalibrate": TILES}
        yield "float", Plan({}, method="float")
        for k in self.k:
            yield f"pruned, k = {k:g}", uniform_plan(model, 32, k, **how)
        for bits in self.bits:
            yield f"{bits} bits", uniform_plan(model, bits, 0.0, **how)
        for bits, k in self.both:
            yield f"{bits} bits, k = {k:g}", uniform_plan(model, bits, k, **how)


@dataclass(frozen=True)
class SceneRow:
    """One measured plan of one trained model. ``shared``: the share of test patches that share
    pixels with training patches; ``pixels_per_s``: of the network, whatever the plan."""

    arch: str
    protocol: str
    seed: int
    plan: str
    shared: float
    pixels_per_s: float
    row: Measurement

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"row": self.row.to_json()}


@dataclass(frozen=True)
class SceneMean:
    """Means over seeds; ``spread``: standard deviations of OA, AA and κ over two or more."""

    arch: str
    protocol: str
    plan: str
    oa: float
    aa: float
    kappa: float
    spread: tuple[float, float, float] | None
    seeds: int
    bytes: float
    real_ratio: float
    latency_ms: float
    pixels_per_s: float
    shared: float


@dataclass(frozen=True)
class Flattery:
    """How much better the random split looks: its figures less those of the disjoint one."""

    arch: str
    plan: str
    random: str
    disjoint: str
    oa: float
    aa: float
    kappa: float


def summarize(rows: list[SceneRow]) -> list[SceneMean]:
    groups: dict[tuple[str, str, str], list[SceneRow]] = {}
    for row in rows:
        groups.setdefault((row.arch, row.protocol, row.plan), []).append(row)
    found = []
    for key, group in groups.items():
        values = {name: [getattr(one.row, name) for one in group] for name in FIGURES}
        spread = tuple(stdev(values[name]) for name in FIGURES) if len(group) > 1 else None
        found.append(
            SceneMean(
                *key,
                **{name: mean(values[name]) for name in FIGURES},
                spread=spread,
                seeds=len(group),
                bytes=mean(one.row.bytes for one in group),
                real_ratio=mean(one.row.real_ratio for one in group),
                latency_ms=mean(one.row.latency_ms or 0.0 for one in group),
                pixels_per_s=mean(one.pixels_per_s for one in group),
                shared=mean(one.shared for one in group),
            )
        )
    return found


def flattery(means: list[SceneMean]) -> list[Flattery]:
    """Every random split against every disjoint one, network by network and plan by plan."""
    return [
        Flattery(
            one.arch,
            one.plan,
            one.protocol,
            other.protocol,
            **{name: getattr(one, name) - getattr(other, name) for name in FIGURES},
        )
        for one in means
        for other in means
        if (one.arch, one.plan) == (other.arch, other.plan)
        and one.protocol not in SPATIAL
        and other.protocol in SPATIAL
    ]


def run_scene_study(
    study: SceneStudy,
    home: Home,
    device: str = "auto",
    on_progress: OnProgress = ignore,
    should_stop: ShouldStop = never,
) -> list[SceneRow]:
    """Train, compress and measure; what is there already is not made again."""
    scene = as_scene(load_tiles(study.data, home, on_progress))
    runs = [(p, a, s) for s in study.seeds for a in study.archs for p in study.protocols]
    rows: list[SceneRow] = []
    for place, (protocol, arch, seed) in enumerate(runs):
        what = f"run {place + 1} of {len(runs)}, {arch}, {protocol}, seed {seed}"

        def pass_on(report: Progress, place: int = place, what: str = what) -> None:
            done = place + report.done / max(report.total, 1)
            message = f"{what}: {report.message or report.stage}"
            on_progress(Progress("study", round(1000 * done), 1000 * len(runs), message))

        split = make_split(scene, protocol, seed)
        recipe = make_recipe(arch, **{**study.recipe, "seed": seed})
        checkpoint: Checkpoint = train(recipe, scene, split, home, device, pass_on, should_stop)
        model = checkpoint.model()
        speed, shared = throughput(model, scene), touching(scene, split.train, split.test)
        for name, plan in study.variants(model):
            row = measure_plan(home, checkpoint, plan, scene, split, should_stop=should_stop)
            rows.append(SceneRow(arch, protocol, seed, name, shared, speed, row))
        on_progress(Progress("study", 1000 * (place + 1), 1000 * len(runs), what))
    return rows
