"""UC Merced Land Use (Yang & Newsam 2010)."""

from __future__ import annotations

from lcc_core.data.download import Archive
from lcc_core.data.sets import DATASETS, DataSet

CLASSES = tuple(
    "agricultural airplane baseballdiamond beach buildings chaparral denseresidential forest "
    "freeway golfcourse harbor intersection mediumresidential mobilehomepark overpass parkinglot "
    "river runway sparseresidential storagetanks tenniscourt".split()
)

DATASETS.register(
    DataSet(
        "ucmerced",
        "UC Merced Land Use",
        "2,100 aerial images of 256×256 pixels (0.3 m) in 21 classes.",
        "public-domain USGS imagery (Yang & Newsam 2010)",
        CLASSES,
        2100,
        archive=Archive(
            "http://weegee.vision.ucmerced.edu/datasets/UCMerced_LandUse.zip",
            332_468_434,
            "5b7ec56793786b6dc8a908e8854ac0e4",
        ),
    )
)
