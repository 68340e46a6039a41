"""Indian Pines (Baumgardner et al. 2015)."""

from __future__ import annotations

from lcc_core.data.sets import DATASETS, DataSet, SceneInfo, ehu_file

CLASSES = (
    "Alfalfa",
    "Corn-notill",
    "Corn-mintill",
    "Corn",
    "Grass-pasture",
    "Grass-trees",
    "Grass-pasture-mowed",
    "Hay-windrowed",
    "Oats",
    "Soybean-notill",
    "Soybean-mintill",
    "Soybean-clean",
    "Wheat",
    "Woods",
    "Buildings-Grass-Trees-Drives",
    "Stone-Steel-Towers",
)

DATASETS.register(
    DataSet(
        "indian_pines",
        "Indian Pines",
        "One AVIRIS scene of 145×145 pixels (20 m) in 200 bands, 10,249 pixels labelled.",
        "research benchmark (Baumgardner et al. 2015, Purdue; corrected by EHU)",
        CLASSES,
        10249,
        scene=SceneInfo(
            ehu_file(
                "6/67/Indian_pines_corrected.mat",
                5_953_527,
                "ec2f8808710919d566f70f0d4aa885aae1ddfd42b734aba71c5e12ca65450939",
                "indian_pines_corrected",
            ),
            ehu_file(
                "c/c4/Indian_pines_gt.mat",
                1125,
                "65c4687a8ab04f6da4789799bc3bc4f6e88bccac3ed6a2e6ae367e5e6b9e429c",
                "indian_pines_gt",
            ),
            (145, 145, 200),
            (42, 26, 10),
        ),
    )
)
