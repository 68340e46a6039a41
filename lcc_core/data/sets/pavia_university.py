"""Pavia University (P. Gamba)."""

from __future__ import annotations

from lcc_core.data.sets import DATASETS, DataSet, SceneInfo, ehu_file

CLASSES = (
    "Asphalt",
    "Meadows",
    "Gravel",
    "Trees",
    "Painted metal sheets",
    "Bare Soil",
    "Bitumen",
    "Self-Blocking Bricks",
    "Shadows",
)

DATASETS.register(
    DataSet(
        "pavia_university",
        "Pavia University",
        "One ROSIS scene of 610×340 pixels (1.3 m) in 103 bands, 42,776 pixels labelled.",
        "research benchmark (P. Gamba, University of Pavia; EHU)",
        CLASSES,
        42776,
        scene=SceneInfo(
            ehu_file(
                "e/ee/PaviaU.mat",
                34_806_917,
                "28447fa87f7a5797845e9a189c0da85e23b1d06a4ba7361e5ff44efbf834d2fb",
                "paviaU",
            ),
            ehu_file(
                "5/50/PaviaU_gt.mat",
                11_005,
                "23f6a426928f9b32984adffe659e29f554f9fb6c93b5a107528d308d5087a829",
                "paviaU_gt",
            ),
            (610, 340, 103),
            (54, 30, 9),
        ),
    )
)
