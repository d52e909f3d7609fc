"""The panel of a training run: a live view of its directory."""
