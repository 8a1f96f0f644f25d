"""From a recipe to a candidate."""
