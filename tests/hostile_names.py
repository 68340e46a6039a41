"""Names as an attacker, or an unlucky folder, would give them."""

from __future__ import annotations

import json
from typing import Any

from tiny import make_tiles

from lcc_core import jobs
from lcc_core.compression import Plan, uniform_plan
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import make_split
from lcc_core.data.stored import About, store
from lcc_core.files import Home, write_json
from lcc_core.results.measured import measure_plan
from lcc_core.training import make_recipe, train
from lcc_core.workspace import Workspace

# What can be read; all of it means something to Markdown, HTML, a figure or a spreadsheet.
SEEN = (
    "![x](http://evil.test/a.png)",
    "![y](http:&#47;&#47;evil.test&#47;y.png)",
    "<img src=http://evil.test/b onerror=alert(1)>",
    '=cmd("x")',
    "+1+1",
    "@SUM(A1)",
    "it's \"quoted\" 'so'",
    "`code` **bold** _it_ ~~off~~",
    "$x^2$ and $$y$$",
    ":red[x] :material/home: :smile: :streamlit: :small :help[x]",
    "www.evil.test http://evil.test/c me@evil.test",
    '<a href="http://evil.test/d">d</a><b>b</b>',
    "# head",
    "1. one",
    "- item",
    "    four spaces",
    "a | b | c",
    "-> <- -- >= <= ~=",
    "<extra>e</extra> %{x} </script><script>alert(1)</script>",
    "[link](http://evil.test/e) [^1]",
    "datum.value' + alert(1) + '",
    "C:\\back\\slash\\",
    "2020-01-01",
)
# What is not seen, or steers what is.
UNSEEN = (
    "line\nend",
    "tab\there\r",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.txt\u2066x\u2069\u200f",
    "sur\udc80rogate",
    "nul\x00\x85\u2028",
    "zero\u200bwidth\ufeff\u00ad",
)
NAMES = SEEN + UNSEEN


def fill(home: Home, name: str = "tiny", classes: tuple[str, ...] = SEEN[:4]) -> Home:
    """The tiny tiles under hostile class names and a hostile title."""
    tiles = make_tiles()

    def write(array: Any) -> None:
        array[:] = tiles.images

    about = About(name, classes, SEEN[0], SEEN[2])
    store(home, about, tiles.images.shape, tiles.labels, write)
    return home


def train_and_measure(home: Home, name: str = "tiny") -> Home:
    """A model of the hostile tiles, measured as float and at 4 bits."""
    tiles = load_tiles(name, home)
    split = make_split(tiles)
    checkpoint = train(make_recipe("compact", epochs=2, batch=8), tiles, split, home)
    for plan in (Plan({}), uniform_plan(checkpoint.model(), 4)):
        measure_plan(Workspace(home, [tiles]), checkpoint, plan)
    return home


def end_job(home: Home, name: str, title: str, result: dict[str, Any] | None, mark: str) -> None:
    """The record of a job that has ended, with whatever its title and its error hold."""
    folder = home.jobs / f"20260101-000000-000000-{name}"
    facts = {"title": title, "argv": ["data", "import", title, title], "pid": 1}
    facts |= {"created": "2026-01-01T00:00:00+00:00", "process_started": "ended"}
    write_json(folder / jobs.FACTS, facts)
    write_json(folder / jobs.RESULT, result)
    report = {"stage": "import", "done": 1, "total": 2, "message": title}
    (folder / jobs.PROGRESS).write_text(json.dumps(report) + "\n" + json.dumps(title) + "\n")
    for one in filter(None, ("began", mark)):
        (folder / one).touch()
