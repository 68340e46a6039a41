"""Recipe → checkpoint, with the training dynamics of every tile."""

from lcc_core.training.recipe import PRESETS, Recipe, make_recipe
from lcc_core.training.train import train, train_anew

__all__ = ["PRESETS", "Recipe", "make_recipe", "train", "train_anew"]
