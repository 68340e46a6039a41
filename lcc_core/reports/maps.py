"""Maps of classes as pictures and tables."""

from __future__ import annotations

import colorsys
import io
from pathlib import Path

import numpy as np
from PIL import Image

from lcc_core.errors import LccError
from lcc_core.files import write_bytes
from lcc_core.plaintext import csv_cell

# Told apart by people of all colour visions as far as so many can be; then evenly spaced hues.
COLOURS = (
    "#0072B2 #E69F00 #009E73 #CC79A7 #56B4E9 #D55E00 #F0E442 #7A5195 #8C564B #B8DE6F #3B3B98 "
    "#FFB3C6 #2F4B26 #A0A0A0 #00CED1 #800020"
).split()
NOTHING = (24, 24, 24)
RIGHT, WRONG = (70, 105, 140), (255, 130, 20)  # told apart by the colour-blind too
KINDS = (".csv", ".npy", ".png")


def class_colours(count: int) -> list[str]:
    """A colour ``#RRGGBB`` for every class, the same whenever there are so many."""
    colours = list(COLOURS[:count])
    for place in range(count - len(colours)):
        red, green, blue = colorsys.hsv_to_rgb(place * 0.381966 % 1, 0.65, 0.95)
        colours.append(f"#{round(255 * red):02X}{round(255 * green):02X}{round(255 * blue):02X}")
    return colours


def paint(classes: np.ndarray, count: int) -> np.ndarray:
    """uint8 (H, W, 3) of class numbers (H, W); what is below 0 stays dark."""
    values = [tuple(bytes.fromhex(colour[1:])) for colour in class_colours(count)]
    return np.array([*values, NOTHING], np.uint8)[classes]


def paint_errors(classes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3): right and wrong answers where ``labels`` (H, W) are known."""
    picture = np.full((*labels.shape, 3), NOTHING, np.uint8)
    known = labels >= 0
    picture[known & (classes == labels)] = RIGHT
    picture[known & (classes != labels)] = WRONG
    return picture


def map_bytes(kind: str, classes: np.ndarray, class_names: tuple[str, ...]) -> bytes:
    """The map as ``.csv`` (row, column, class, name), ``.npy`` (class numbers) or ``.png``."""
    stream = io.BytesIO()
    if kind == ".npy":
        np.save(stream, classes, allow_pickle=False)
    elif kind == ".png":
        Image.fromarray(paint(classes, len(class_names))).save(stream, "PNG")
    else:
        lines = ["row,column,class,name"]
        names = [csv_cell(name).replace('"', '""') for name in class_names]
        for (row, column), number in np.ndenumerate(classes):
            lines.append(f'{row},{column},{number},"{names[number]}"')
        stream.write("\n".join([*lines, ""]).encode())
    return stream.getvalue()


def write_map(path: Path, classes: np.ndarray, class_names: tuple[str, ...]) -> None:
    """Write :func:`map_bytes` in the kind that the name of ``path`` ends in."""
    write_bytes(path, map_bytes(map_kind(path), classes, class_names))


def map_kind(path: Path) -> str:
    """``.csv``, ``.npy`` or ``.png``. ``LccError`` for another ending."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise LccError(f"{path.name} is no kind of map.", f"End the name in {', '.join(KINDS)}.")
    return kind
