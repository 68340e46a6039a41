"""Channels: which go, what that costs, and what fine-tuning brings back."""

import pandas as pd
import streamlit as st

from lcc_core.channels import ChannelPruning
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.measure.cost import parameters
from lcc_core.plaintext import visible
from lcc_core.results.against import Against, layer_widths
from lcc_core.results.lineage import ancestry, attended, epochs, pruned_from, removes
from lcc_core.results.previewed import Preview
from pages.ui import channel_charts, channel_controls, choosing, jobpanel, session, words
from pages.ui.guard import guard
from pages.ui.note import note
from pages.ui.plain import plain


def choose(checkpoint: Checkpoint) -> None:
    pruning = channel_controls.pruning()
    with guard():
        preview(checkpoint, pruning)
    st.header("Prune and fine-tune")
    if argv := channel_controls.fine_tuning(checkpoint, pruning):
        name = f"{checkpoint.arch} without {100 * pruning.ratio:g} % of its channels"
        jobpanel.launch(argv, name)
        st.rerun()
    st.header("Results")
    results(checkpoint)


def preview(checkpoint: Checkpoint, pruning: ChannelPruning) -> None:
    """What the settings would leave, as far as it is known without training."""
    source = checkpoint
    if pruning.criterion == "attention":
        source = attended(checkpoint, session.checkpoints())
        if source is None:
            st.info(
                "Attention has to be trained before channels can be ranked by it. **Prune and "
                "fine-tune** does that first; choose another criterion to see its ranking at once."
            )
            return
    found = session.preview(source, pruning)
    (channels, of), (left, whole), (macs, every) = found.channels, found.parameters, found.macs
    st.markdown(
        f"**{channels:,} of {of:,}** channels stay: {left / 1e6:.2f} of {whole / 1e6:.2f} M "
        f"parameters, {macs / 1e6:.1f} of {every / 1e6:.1f} M multiply-accumulates."
    )
    if found.note:
        note(plain(found.note))
    means = bool(source.attention())
    layers, ranking, *rest = st.tabs(["Layers", "Ranking"] + ["Attention"] * means)
    layers.altair_chart(channel_charts.kept(list(found.widths)))
    with ranking:
        show_ranking(found)
    if rest:
        with rest[0]:
            show_attention(source, found)


def show_ranking(found: Preview) -> None:
    groups = {group.name: group for group in found.groups}
    name = st.selectbox("Channels made by", list(groups), format_func=visible, key="group")
    group = groups[name]
    st.altair_chart(channel_charts.scores(group.scores, group.staying, group.criterion))
    note(
        f"{group.staying.sum()} of {len(group.staying)} stay, ranked by {group.criterion}. Layers "
        "whose outputs are added to each other can only lose the same channels: they are one group."
    )


def show_attention(source: Checkpoint, found: Preview) -> None:
    known = source.attention()
    means = {name: known[name] for name in found.scales if name in known}
    st.altair_chart(channel_charts.attention_ranges(means))
    name = st.selectbox("Batch norm", list(means), format_func=visible, key="norm")
    staying = next(group.staying for group in found.groups if name in group.norms)
    st.altair_chart(channel_charts.attention(means[name], found.scales[name], staying))
    gates, folded = (f["test"]["oa"] for f in (source.made["with attention"], source.accuracy))
    note(
        f"Trained with gates: {words.percent(gates)} of the test tiles; once their mean is folded "
        f"into the norms: {words.percent(folded)}. Channels of norms in one group are ranked by "
        "the mean of their |γ·s̄|."
    )


def results(checkpoint: Checkpoint) -> None:
    every = session.checkpoints()
    found = {one.id: one for one in pruned_from(checkpoint, every)}
    if not found:
        st.info("Nothing was pruned from this model yet.")
        return
    name = st.selectbox(
        "Pruned model",
        list(found),
        format_func=lambda one: words.checkpoint(found[one]),
        key="pruned",
    )
    result = found[name]
    against = session.against(checkpoint, result)
    headline(against, result)
    known = {one.id: one for one in every}
    st.markdown(f"Trained for **{epochs(result, known).text}** pruning.")
    left, right = st.columns([2, 3])
    line = ancestry(result, known)
    steps = [one for one in line[line.index(checkpoint) + 1 :] if removes(one)]
    left.altair_chart(channel_charts.tuning(steps))
    right.altair_chart(channel_charts.kept(layer_widths(result.spec)))
    st.dataframe(comparison(against), hide_index=True)
    note(
        f"Both on {against.result.tiles:,} test tiles of {plain(against.result.data)}, as floats. "
        "Latency: the fastest of 40 batches on this machine's processor, the two models in turn. "
        "The pruned model is an ordinary checkpoint: compress it further under **Compress**."
    )
    if len(found) > 1:
        st.markdown("**All that was pruned from this model**")
        st.dataframe(every_pruned(list(found.values()), known), hide_index=True)
        note("Criteria compare where the epochs before pruning and those after it are the same.")


def every_pruned(found: list[Checkpoint], known: dict[str, Checkpoint]) -> pd.DataFrame:
    """A row each, with how long it and what it was pruned from were trained."""
    rows = []
    for one in found:
        long, pruning = epochs(one, known), one.recipe["start"].get("cut") or {}
        rows.append(
            {
                "criterion": pruning.get("criterion", "single weights"),
                "parameters": parameters(session.structure(one)),
                "epochs before": long.source,
                "with attention": long.gated,
                "epochs after": long.tuning,
                "accuracy (%)": round(100 * one.accuracy["test"]["oa"], 2),
                "test tiles": one.accuracy["test"]["tiles"],
                "seed": one.recipe["seed"],
                "id": one.id[:6],
            }
        )
    return pd.DataFrame(rows)


def headline(against: Against, result: Checkpoint) -> None:
    ratios, cells = against.ratios(), st.columns(5)
    change = words.points(against.result.oa - against.source.oa)
    cells[0].metric("Test accuracy", words.percent(against.result.oa), f"{change} vs unpruned")
    cells[1].metric("Before fine-tuning", words.percent(result.made["start"]["test"]["oa"]))
    cells[2].metric("Parameters", f"{ratios['parameters']:.2f}× fewer")
    cells[3].metric("MACs", f"{ratios['macs']:.2f}× fewer")
    cells[4].metric("Latency, batch 1", f"{ratios['latency, batch 1']:.2f}× less")


def comparison(against: Against) -> pd.DataFrame:
    one, other, ratios = against.source, against.result, against.ratios()
    rows = [
        ("parameters", f"{one.parameters:,}", f"{other.parameters:,}", ratios["parameters"]),
        ("multiply-accumulates", f"{one.macs:,}", f"{other.macs:,}", ratios["macs"]),
    ]
    for title, key in (("float32 file", "float_bytes"), ("packed file", "bytes")):
        sizes = (words.size(getattr(row, key)) for row in (one, other))
        rows.append((title, *sizes, ratios[key]))
    for batch, (before, after) in against.latency_ms.items():
        title = f"ms a batch of {batch}"
        rows.append((title, f"{before:.2f}", f"{after:.2f}", ratios[f"latency, batch {batch}"]))
    frame = pd.DataFrame(rows, columns=["", "unpruned", "pruned", "times less"])
    return frame.round({"times less": 2})


st.title("Channels")
with guard():
    nothing = "There is no checkpoint to prune yet. Train one first:"
    if chosen := choosing.checkpoint(session.checkpoints(), nothing):
        with guard():
            choose(chosen)
jobpanel.panel()
