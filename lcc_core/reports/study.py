"""A study to take away: CSV, Parquet, or one HTML file that opens without a network."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lcc_core.errors import require
from lcc_core.files import write_bytes
from lcc_core.plaintext import csv_text, encodable, figure_text, html_text, records, visible
from lcc_core.reports.palette import FRONT, colour, log_ticks, symbol
from lcc_core.results import choice
from lcc_core.studies.axis import axes
from lcc_core.studies.folder import Folder
from lcc_core.studies.means import means
from lcc_core.studies.means import table as means_table
from lcc_core.studies.status import DONE, FAILED, PointRow

FORMATS = (".csv", ".parquet", ".html")
MEASURED = (
    "chosen on", "validation (%)", "accuracy (%)", "95 % from", "95 % to", "tested on", "file (B)",
    "real ratio", "average bits", "zeros (%)", "training steps", "training (s)", "scoring (s)",
    "engine", "error",
)  # fmt: skip
STYLE = """body{font:15px system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em}
table{border-collapse:collapse;font-size:13px}td,th{padding:3px 9px;text-align:right;
border-bottom:1px solid #ddd}th{position:sticky;top:0;background:#fff}.front td{font-weight:600}
.wide{overflow-x:auto}pre{background:#f5f5f5;padding:1em}"""
# Whatever the page may contain, the browser loads nothing for it.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:\">"
)


def check_format(path: Path) -> None:
    """Raise ``BadValue`` for a file name with an unknown ending."""
    require(path.suffix in FORMATS, "out", path.name, f"a name that ends in {', '.join(FORMATS)}")


def frame(rows: list[PointRow]) -> pd.DataFrame:
    """Make a table of the points, one a row."""
    return records(row.flat() for row in rows)


def content(folder: Folder, rows: list[PointRow], path: Path) -> bytes:
    """Of a file to take away, by the ending of ``path``."""
    check_format(path)
    if path.suffix == ".html":
        return page(folder, rows).encode()
    if path.suffix == ".csv":
        return csv_text(frame(rows)).encode()
    return frame(rows).to_parquet(index=False)


def means_frame(rows: Sequence[PointRow]) -> pd.DataFrame:
    """Means over seeds with their standard deviations, a row for each model and compression."""
    return records(one.flat() for one in means(rows))


def means_content(_: Folder, rows: list[PointRow], path: Path) -> bytes:
    """The means as :func:`content` has the points; as HTML their table alone."""
    check_format(path)
    if path.suffix == ".html":
        return _whole(path.stem, [_means_table(rows)]).encode()
    if path.suffix == ".csv":
        return csv_text(means_frame(rows)).encode()
    return means_frame(rows).to_parquet(index=False)


def export(folder: Folder, rows: list[PointRow], path: Path) -> None:
    """What stood there stays until the new file is whole."""
    write_bytes(path, content(folder, rows, path))


def on_front(rows: list[PointRow]) -> set[str]:
    """Points that no other on the same test tiles beats in size and accuracy at once; none whose
    settings were chosen on test tiles."""
    keep = choice.on_front([row.row for row in rows if row.row])
    return {row.id for row in rows if row.row and row.row.id in keep}


def fronts(rows: list[PointRow]) -> list[list[PointRow]]:
    """The front of each set of test tiles, smallest files first."""
    best = on_front(rows)
    found: dict[tuple[Any, ...], list[PointRow]] = {}
    for row in sorted((row for row in rows if row.id in best), key=_size):
        if row.row:
            found.setdefault(row.row.tested_on, []).append(row)
    return list(found.values())


def notes(rows: list[PointRow]) -> str:
    """What the front is by, and what is not on it, in sentences."""
    done = [row.row for row in rows if row.row]
    told = [choice.said(choice.eligible(done))]
    sets = sorted({row.test_set for row in done})
    if len(sets) > 1:
        told.append(f"Each set of test tiles has a front of its own: {'; '.join(sets)}.")
    if marked := sum(row.chosen_on == "test" for row in done):
        told.append(
            f"Open, with a dot, and on no front: {marked} whose settings were chosen on test tiles."
        )
    return " ".join(one for one in told if one)


def chart(rows: list[PointRow], data: str, height: int = 480) -> Any:
    """Accuracy against the packed file's size, a colour for each architecture, and the front."""
    import plotly.graph_objects as go

    done = [row for row in rows if row.row and row.point.data == data]
    plot = go.Figure()
    archs = sorted({row.point.arch for row in done})
    methods = sorted({row.point.method for row in done})
    for arch, method in sorted({(row.point.arch, row.point.method) for row in done}):
        group = [row for row in done if (row.point.arch, row.point.method) == (arch, method)]
        plot.add_scatter(
            x=[_size(row) for row in group],
            y=[_accuracy(row) for row in group],
            mode="markers",
            name=figure_text(f"{arch}, {method}"),
            marker={
                "size": 9,
                "opacity": 0.85,
                "color": colour(arch, archs),
                "symbol": [_symbol(row, methods) for row in group],
            },
            text=[figure_text(row.point.title + _mark(row)) for row in group],
            hovertemplate="%{text}<br>%{y:.2f} %, %{x:.4g} kB<extra></extra>",
        )
    for place, line in enumerate(fronts(done)):
        plot.add_scatter(
            x=[_size(row) for row in line],
            y=[_accuracy(row) for row in line],
            mode="lines",
            name="front",
            legendgroup="front",
            showlegend=not place,
            line={"color": FRONT, "shape": "hv", "width": 1.5},
            hoverinfo="skip",
        )
    axis = {"title": "packed file (kB)", "type": "log", "automargin": True}
    plot.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 20, "b": 10},
        xaxis=axis | log_ticks([_size(row) for row in done]),
        yaxis={"title": "test accuracy (%)", "automargin": True},
    )
    return plot


def _symbol(row: PointRow, methods: list[str]) -> str:
    marked = row.row is not None and row.row.chosen_on == "test"
    own = symbol(row.point.method, methods)
    return f"{own}-open-dot" if marked else own


def _mark(row: PointRow) -> str:
    return ", chosen on test tiles" if row.row and row.row.chosen_on == "test" else ""


def _size(row: PointRow) -> float:
    return row.row.measurement.bytes / 1000 if row.row else 0.0


def _accuracy(row: PointRow) -> float:
    return 100 * row.row.measurement.oa if row.row else 0.0


def page(folder: Folder, rows: list[PointRow]) -> str:
    """One HTML page with the charts, every row and the study inside."""
    done = [row for row in rows if row.state == DONE]
    failed = sum(row.state == FAILED for row in rows)
    name = html_text(folder.study.name)
    parts = [f"<h1>{name}</h1>"]
    said = f"{len(done)} of {len(rows)} points measured"
    said += f", {failed} failed" if failed else ""
    if done:
        last = max(row.row.measurement.measured for row in done if row.row)
        said += f", the last one {html_text(last[:10])}"
    if synthetic := sorted({r.point.data for r in done if r.row and r.row.measurement.synthetic}):
        said += f". <b>Synthetic data: {html_text(', '.join(synthetic))}</b>"
    parts.append(
        f"<p>{said}. In bold: what no other point beats in size and accuracy at once. "
        f"{html_text(notes(done))}</p>"
    )
    script: bool | str = True  # once, with the first chart
    for data in sorted({row.point.data for row in done}):
        parts.append(f"<h2>{html_text(data)}</h2>")
        parts.append(chart(rows, data).to_html(full_html=False, include_plotlyjs=script))
        script = False
    if done:
        parts.append(f"<h2>Means over seeds</h2>{_means_table(rows)}")
    parts.append(f'<h2>Every point</h2><div class="wide">{_table(rows)}</div>')
    toml = html.escape(visible(folder.study.to_toml(), keep="\n"))
    parts.append(f"<h2>The study</h2><pre>{toml}</pre>")
    return _whole(folder.study.name, parts)


def _whole(title: str, parts: list[str]) -> str:
    """A page that holds all it needs."""
    body, name = "\n".join(parts), html_text(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{POLICY}<title>{name}</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _means_table(rows: Sequence[PointRow]) -> str:
    heads, lines = means_table(means(rows))
    head = "".join(f"<th>{html_text(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html_text(cell)}</td>" for cell in cells) + "</tr>"
        for cells in lines
    )
    note = "Mean ± standard deviation (n − 1) over n repetitions; without ± for a single one."
    return f'<p>{note}</p><div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def telling(rows: list[PointRow]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The columns worth reading, as text, and what all rows share."""
    flat = [row.flat() for row in rows]
    asked = [axis.heading for axis in axes() if any(axis.heading in one for one in flat)]
    shown = ("state", *asked, *MEASURED)
    columns = {name: [_text(one.get(name)) for one in flat] for name in shown}
    shared = {n: texts[0] for n, texts in columns.items() if len(rows) > 1 and len(set(texts)) == 1}
    own = {name: texts for name, texts in columns.items() if name not in shared}
    return pd.DataFrame(own), {name: text for name, text in shared.items() if text}


def _text(cell: object) -> str:
    return "" if cell is None else encodable(str(cell))


def in_common(shared: dict[str, str]) -> str:
    """Say in a sentence what all rows share."""
    return f"In every row: {', '.join(f'{name} {text}' for name, text in shared.items())}."


def _table(rows: list[PointRow]) -> str:
    best = on_front(rows)
    texts, shared = telling(rows)
    lines = ["<tr>" + "".join(f"<th>{html_text(name)}</th>" for name in texts) + "</tr>"]
    for row, cells in zip(rows, texts.itertuples(index=False), strict=True):
        marked = ' class="front"' if row.id in best else ""
        line = "".join(f"<td>{html_text(cell)}</td>" for cell in cells)
        lines.append(f"<tr{marked}>{line}</tr>")
    said = f"<p>{html_text(in_common(shared))}</p>" if shared else ""
    return f"{said}<table>{''.join(lines)}</table>"
