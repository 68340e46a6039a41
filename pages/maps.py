"""Maps: what a classifier says of every pixel of a scene, before and after compression."""

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Plan
from lcc_core.data.scene import Scene
from lcc_core.hooks import Progress
from lcc_core.measure.measurement import Measurement
from lcc_core.plaintext import file_stem
from lcc_core.reports.maps import map_bytes, paint, paint_errors
from lcc_core.results.scene_map import SceneMap, as_scene, cached_map
from lcc_core.workers.requests import DrawMap
from pages.ui import choosing, controls, jobpanel, results, scene_charts, session, words, work
from pages.ui.guard import guard
from pages.ui.note import note
from pages.ui.plain import plain

AT_ONCE_S = 30.0  # longer work is a job
FLOAT = Plan({}, method="float")


@st.fragment
def compare(checkpoint: Checkpoint) -> None:
    with guard():
        scene = as_scene(session.tiles(checkpoint.data))
        plan = controls.fixed(checkpoint)
        before, after = (results.measured(checkpoint, one) for one in (FLOAT, plan))
        figures(before, after)
        maps = [found for one in (FLOAT, plan) if (found := the_map(checkpoint, one, scene))]
        if len(maps) == 2:
            pictures(checkpoint, scene, *maps)
            one_pixel(scene, *maps)
            downloads(checkpoint, plan, scene, maps[1])


def the_map(checkpoint: Checkpoint, plan: Plan, scene: Scene) -> SceneMap | None:
    """Drawn at once where that takes seconds; else offered as a job."""
    home, place = session.home(), st.empty()  # in its place whether it is needed or not
    if found := cached_map(home, checkpoint, plan, scene):
        return found
    expected = scene.extent[0] * scene.extent[1] / session.throughput(checkpoint)
    what = "the float model" if plan.is_float else "the compressed model"
    if expected > AT_ONCE_S:
        st.info(f"The map of {what} takes about {words.seconds(expected)}.")
        if st.button(f"Draw the map of {what}"):
            jobpanel.launch(command(checkpoint, plan), f"Map of {words.checkpoint(checkpoint)}")
            st.rerun()
        return None

    def show(report: Progress) -> None:
        place.progress(min(report.done / report.total, 1.0), f"Drawing the map of {what} …")

    drawn = work.ask(DrawMap(checkpoint.id, checkpoint.created, plan), show)
    place.empty()
    return drawn


def command(checkpoint: Checkpoint, plan: Plan) -> list[str]:
    """The same as a command."""
    if plan.is_float:
        return ["map", checkpoint.id, "--bits", "32", "--k", "0", "--no-recalibrate"]
    how = plan.facts
    argv = ["map", checkpoint.id, "--bits", str(how["bits"]), "--k", f"{how['k']:g}"]
    argv += ["--granularity", how["granularity"], "--scale", how["scale"]]
    return [*argv, "--recalibrate" if plan.recalibrate else "--no-recalibrate"]


def figures(before: Measurement, after: Measurement) -> None:
    cells = st.columns(5)
    for cell, title, name in (
        (cells[0], "Overall accuracy", "oa"),
        (cells[1], "Average accuracy", "aa"),
    ):
        value, change = getattr(after, name), getattr(after, name) - getattr(before, name)
        cell.metric(title, words.percent(value), f"{100 * change:+.2f} pts vs float")
    cells[2].metric("κ", f"{after.kappa:.3f}", f"{after.kappa - before.kappa:+.3f} vs float")
    cells[3].metric("Packed file", words.size(after.bytes))
    cells[4].metric("Real ratio", f"{after.real_ratio:.1f}×", help=results.HELP["real"])


def pictures(checkpoint: Checkpoint, scene: Scene, before: SceneMap, after: SceneMap) -> None:
    split, labels, count = session.split(checkpoint), scene.label_map(), len(scene.class_names)
    judged = scene.spread(scene.labels[split.test], split.test)
    top, bottom = st.columns(3), st.columns(3)
    scene_charts.show(top[0], paint(labels, count), "Ground truth")
    scene_charts.show(bottom[0], scene.picture, f"False colour, bands {scene.rgb}")
    for places, drawn, what in ((top, before, "float model"), (bottom, after, "compressed model")):
        scene_charts.show(places[1], paint(drawn.classes, count), f"Map of the {what}")
        wrong = int((drawn.wrong(scene) & (judged >= 0)).sum())
        scene_charts.show(
            places[2],
            paint_errors(drawn.classes, judged),
            f"Errors of the {what}: {wrong:,} of {len(split.test):,} test pixels (orange)",
        )
    changed = float((before.classes != after.classes).mean())
    note(
        f"Split {plain(split.protocol)}, seed {split.seed}: {distance(split.spatial)}. Compression "
        f"changed the answer at {words.percent(changed)} of all {after.classes.size:,} pixels. The "
        f"float map took {words.seconds(before.seconds)}, {before.pixels_per_s:,.0f} pixels a "
        f"second, patches of {scene.patch}×{scene.patch} cut on the way."
    )


def distance(spatial: object) -> str:
    if isinstance(spatial, dict):
        apart = spatial["distance"]["train-test"]
        return f"training and test pixels lie {apart} pixels or more apart, and no patches overlap"
    return "training pixels lie among the test pixels, which flatters"


def one_pixel(scene: Scene, before: SceneMap, after: SceneMap) -> None:
    """The chart sets the two numbers, and these set the pixel: both ways lead there."""
    height, width = scene.extent
    left, right = st.columns(2)
    middle = scene.positions[len(scene) // 2]
    for name, place in zip(("row", "column"), middle, strict=True):
        # The chart sets them too, so they may have no default of their own.
        if name not in st.session_state and name not in st.query_params:
            st.session_state[name] = int(place)
    with right:
        cells = st.columns(2)
        row = cells[0].number_input("Row", 0, height - 1, key="row", bind=controls.URL)
        column = cells[1].number_input("Column", 0, width - 1, key="column", bind=controls.URL)
    pixel = int(row), int(column)
    with left:
        st.markdown("**Click a labelled pixel**")
        st.plotly_chart(
            scene_charts.clickable(scene, pixel),
            key="picture",
            on_select=scene_charts.clicked,
            selection_mode="points",
        )
    truth = int(scene.label_map()[pixel])
    answers = [int(drawn.classes[pixel]) for drawn in (before, after)]
    names = [plain(scene.class_names[answer]) for answer in answers]
    with right:
        known = plain(scene.class_names[truth]) if truth >= 0 else "unlabelled"
        st.markdown(f"**{known}**. The float model says {names[0]}, the compressed one {names[1]}.")
        st.plotly_chart(scene_charts.spectra(scene, pixel, truth, answers[1], scene.name))


def downloads(checkpoint: Checkpoint, plan: Plan, scene: Scene, drawn: SceneMap) -> None:
    stem = file_stem(checkpoint.arch, checkpoint.data, plan.id[:6])
    kinds = ((".png", "image/png"), (".csv", "text/csv"), (".npy", "application/octet-stream"))
    for cell, (kind, mime) in zip(st.columns(3), kinds, strict=True):
        cell.download_button(
            f"Download the map as {kind}",
            lambda kind=kind: map_bytes(kind, drawn.classes, scene.class_names),
            stem + kind,
            mime,
            on_click="ignore",
        )


st.title("Maps")
with guard():
    chosen = choosing.checkpoint(
        (item for item in session.checkpoints() if item.spec.patch),
        "A map needs a model of a scene. Import a scene, then train CNN1D, 2D or 3D on it:",
        (choosing.IMPORT, choosing.TRAIN),
    )
    if chosen:
        compare(chosen)
jobpanel.panel()
