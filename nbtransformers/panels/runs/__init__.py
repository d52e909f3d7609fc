"""The panel of all training runs: how each is, their curves on one another, and in what they differ."""
