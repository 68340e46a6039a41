"""Fill the tables of README.md and docs/RESULTS.md from what was measured.

    python docs/make_tables.py            # writes both
    python docs/make_tables.py --check    # says what differs, and exits with 1

A block ``<!-- table: NAME -->`` … ``<!-- end -->`` is filled with the table NAME. Figures come from
the rows that ship (``cache/studies``) and from the recorded benchmarks (``docs/benchmarks``).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark_tables import attention, compared, quantizers
from row_tables import fronts, result

from lcc_core.results.table import ResultRow, shipped_rows

DOCS = Path(__file__).parent
README, RESULTS = DOCS.parent / "README.md", DOCS / "RESULTS.md"
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)
HEAD = """# What was measured

Made by `docs/make_tables.py` from the rows that ship (`cache/studies/*.jsonl`) and the recorded
benchmarks (`docs/benchmarks/*.json`); do not edit. "–" was not measured.

## Fronts

By architecture and test set: what no other row beats in both packed bytes and accuracy. Chosen by
validation accuracy where rows have it; older rows (engine 1) have none and are chosen by test
accuracy, which flatters. Rows whose settings a search chose on test tiles are left out, and so are
those without a validation figure where others of the same test tiles have one.

<!-- table: fronts -->
<!-- end -->

## Channels at equal training

The sources of all criteria were trained for as many epochs, plain or with gates for `attention`;
± is the standard deviation over seeds, where there are several. The gap is to `norm`, seed by seed.

<!-- table: attention -->
<!-- end -->

## The quantizers at equal bytes

Two fronts of one network, of fixed bits and of `laq`, chosen on validation tiles, read off at the
same packed bytes by interpolation between measured points. `size` takes our quantizer alone and is
in neither front.

<!-- table: quantizers -->
<!-- end -->
"""


TABLES: dict[str, Callable[[Sequence[ResultRow]], str]] = {
    "result": result,
    "compared": compared,
    "fronts": fronts,
    "attention": attention,
    "quantizers": quantizers,
}


def filled(text: str, rows: Sequence[ResultRow]) -> str:
    """The text with every block filled anew."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{TABLES[m[2]](rows)}\n\n{m[3]}", text)


def texts() -> dict[Path, str]:
    """File → what it should hold. Refuses rows that cannot be read rather than leave them out."""
    rows = shipped_rows()
    if rows.unreadable:
        sys.exit("\n".join(f"{one.path}: {one.reason}" for one in rows.unreadable))
    return {README: filled(_now(README), rows), RESULTS: filled(HEAD, rows)}


def main(words: Sequence[str]) -> int:
    wrong = {path: text for path, text in texts().items() if _now(path) != text}
    for path, text in wrong.items():
        if "--check" in words:
            print(f"{path.name} differs from what was measured: run docs/make_tables.py")
        else:
            path.write_text(text, "utf-8")
    return int("--check" in words and bool(wrong))


def _now(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
