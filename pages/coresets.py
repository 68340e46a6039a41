"""Coresets: what each training tile is worth, which to keep, and what that costs."""

import numpy as np
import pandas as pd
import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.coresets import Coreset, CoresetSettings, Scores
from lcc_core.coresets.coreset import list_coresets, save_coreset
from lcc_core.coresets.selection import choices, settled
from lcc_core.data.splits import Split
from lcc_core.plaintext import visible
from lcc_core.results import coreset_results
from pages.ui import choosing, coreset_charts, coreset_controls, jobpanel, session, unreadable
from pages.ui.guard import guard
from pages.ui.note import note
from pages.ui.plain import plain
from pages.ui.scene_charts import PATCH, enlarged
from pages.ui.setting_controls import URL

GALLERY = 8
TITLES = {
    "forgetting": "forgetting events (∞: never learnt)",
    "margin": "margin p₁ − p₂, last epoch",
    "confidence": "p of the true class, last epoch",
    "aum": "area under the margin",
}


def choose(checkpoint: Checkpoint) -> None:
    settings = coreset_controls.settings()
    coreset = session.coreset(checkpoint, settings)
    st.markdown(coreset_controls.summary(coreset))
    if other := settled(settings, coreset.settings):
        note(f"{plain(other)}.")
    names = ["Scores", "Classes", "Tiles", "Overlap", "Results"]
    scores, classes, tiles, overlap, results = st.tabs(names)
    with scores:
        show_scores(checkpoint, coreset)
    with classes:
        show_classes(checkpoint, coreset)
    with tiles:
        show_tiles(checkpoint, coreset)
    with overlap:
        show_overlap(checkpoint, settings)
    with results, guard():
        show_results(checkpoint)
    st.header("Train on it")
    if asked := coreset_controls.training(checkpoint, coreset):
        save_coreset(session.home(), coreset)
        jobpanel.launch(asked, f"Training on {coreset.name}")
        st.rerun()
    with st.expander("Compare methods, fractions and architectures"):
        coreset_controls.study(checkpoint)


def known(checkpoint: Checkpoint, coreset: Coreset) -> tuple[Scores, Split, np.ndarray]:
    """Scores, split, and the labels in the order of the scores."""
    split = session.split(checkpoint)
    labels = session.tiles(checkpoint.data).labels[split.train]
    return session.scores(checkpoint, coreset.settings), split, labels


def show_scores(checkpoint: Checkpoint, coreset: Coreset) -> None:
    scores, split, labels = known(checkpoint, coreset)
    titles = TITLES | {"aum": f"{TITLES['aum']} ({scores.aum_of})"}
    name = st.selectbox(
        "Score", Scores.NAMES, format_func=titles.__getitem__, key="score", bind=URL
    )
    chosen = np.isin(split.train, coreset.ids)
    values = scores.named(name)
    names = session.tiles(checkpoint.data).class_names
    st.altair_chart(coreset_charts.histograms(values, chosen, labels, names, titles[name]))
    never = int(np.isinf(scores.forgetting).sum())
    note(
        f"{len(labels):,} training tiles, recorded over {len(checkpoint.log)} epochs of training "
        f"{plain(checkpoint.arch)}. {never:,} were never right; "
        f"{int((scores.forgetting == 0).sum()):,} were never forgotten."
    )


def show_classes(checkpoint: Checkpoint, coreset: Coreset) -> None:
    split = session.split(checkpoint)
    tiles = session.tiles(checkpoint.data)
    whole = tiles.class_counts(split.train)
    kept = np.array(list(coreset.class_counts.values()))
    st.altair_chart(coreset_charts.balance(tiles.class_names, whole, kept))


def show_tiles(checkpoint: Checkpoint, coreset: Coreset) -> None:
    scores, split, labels = known(checkpoint, coreset)
    tiles = session.tiles(checkpoint.data)
    names = ["all classes", *tiles.class_names]
    only = st.selectbox("Tiles of", names, format_func=visible, key="of", bind=URL)
    pool = np.arange(len(labels))
    if only in tiles.class_names:
        pool = np.flatnonzero(labels == tiles.class_names.index(only))
    hardest = pool[np.lexsort((scores.aum[pool], -scores.forgetting[pool]))]
    for title, places in (
        ("Most often forgotten, or never learnt", hardest[:GALLERY]),
        ("Easiest", hardest[::-1][:GALLERY]),
    ):
        st.markdown(f"**{title}**")
        cells = st.columns(GALLERY)
        for cell, place in zip(cells, places, strict=False):
            index, label = int(split.train[place]), tiles.class_names[labels[place]]
            times = scores.forgetting[place]
            events = "never right" if np.isinf(times) else f"forgotten {times:.0f}×"
            caption = f"{label}, {events}, area {scores.aum[place]:+.2f}"
            picture = enlarged(tiles.thumbnail(index), PATCH)
            cell.image(picture, plain(caption), alt=visible(f"{caption}, tile {index}"))


def show_overlap(checkpoint: Checkpoint, settings: CoresetSettings) -> None:
    chosen = [
        session.coreset(checkpoint, CoresetSettings.named(one, settings.fraction, settings.seed))
        for one in choices()
    ]
    shares = [[np.isin(one.ids, two.ids).mean() for two in chosen] for one in chosen]
    titles = [one.settings.title for one in chosen]
    st.plotly_chart(coreset_charts.overlap(titles, np.array(shares)))
    note(
        f"Share of the tiles of one choice (row) that another (column) takes too, in percent, at "
        f"{100 * settings.fraction:g} % and seed {settings.seed}. Two random choices share "
        f"{100 * settings.fraction:g} % on average."
    )


def show_results(checkpoint: Checkpoint) -> None:
    found = coreset_results.trained(session.home(), checkpoint)
    if all(one.fraction == 1 for one in found):
        st.info("Nothing was trained on a coreset of these tiles yet. Train on one below.")
    archs = sorted({one.arch for one in found})
    arch = st.selectbox(
        "Architecture",
        archs,
        index=archs.index(checkpoint.arch),
        format_func=visible,
        key="arch",
        bind=URL,
    )
    found = [one for one in found if one.arch == arch]
    ways = [coreset_results.EPOCHS, coreset_results.STEPS]
    by = st.segmented_control("Compare at", ways, default=ways[0], key="effort") or ways[0]
    recipes = sorted({one.recipe(by) for one in found if one.fraction < 1})
    if len(recipes) > 1:
        recipe = st.selectbox("Trained for", recipes, format_func=visible, key=f"recipe-{by}")
        found = [one for one in found if one.fraction == 1 or one.recipe(by) == recipe]
    points = coreset_results.points(found, by)
    st.altair_chart(coreset_charts.accuracy(points))
    note(
        "Float models. Bars: ± one standard deviation over the seeds or, for a single training, "
        "the 95 % interval on the test tiles. At equal epochs a coreset takes fewer steps: less "
        "work, but also less training."
    )
    st.dataframe(costs(points), hide_index=True)
    note(
        "Scoring is the training on all tiles whose scores chose; random needs none, and several "
        "coresets share one."
    )
    if rows := coreset_results.measurements(session.home(), found):
        st.markdown("**Compressed**")
        st.altair_chart(coreset_charts.ratio(rows))
        note(f"Every measured plan of these models, {len(rows)} in all, on their test tiles.")


def costs(points: list[coreset_results.Point]) -> pd.DataFrame:
    """What each point took, the scoring run told apart."""
    return pd.DataFrame(
        {
            "method": point.method,
            "kept (%)": 100 * point.fraction,
            "trained for": point.recipe,
            "accuracy (%)": round(100 * point.oa, 2),
            "steps": round(point.steps),
            "training (s)": round(point.train_s, 1),
            "scoring (s)": None if point.scoring_s is None else round(point.scoring_s, 1),
            "seeds": point.seeds,
        }
        for point in points
    )


st.title("Coresets")
with guard():
    unreadable.skipped(list_coresets(session.home()).unreadable, "stored coreset")
    source = choosing.checkpoint(
        (item for item in session.checkpoints() if not item.kept and not item.imported),
        "A model trained on all tiles tells what each of them is worth. Train one first:",
        help="The tiles are scored by how they fared while this model was trained.",
    )
    if source:
        with guard():
            choose(source)
jobpanel.panel()
