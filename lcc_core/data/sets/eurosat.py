"""EuroSAT [helber2019]."""

from __future__ import annotations

from lcc_core.data.demo import CLASSES
from lcc_core.data.download import Archive
from lcc_core.data.sets import DATASETS, DataSet

DATASETS.register(
    DataSet(
        "eurosat",
        "EuroSAT RGB",
        "27,000 Sentinel-2 tiles of 64×64 pixels (10 m) in ten classes.",
        "MIT (Helber et al. 2019, JSTARS)",
        CLASSES,
        27000,
        archive=Archive(
            "https://madm.dfki.de/files/sentinel/EuroSAT.zip",
            94_280_567,
            "c8fa014336c82ac7804f0398fcb19387",
        ),
    )
)
