"""The panels of datasets: a list that is searched while one types, and one dataset in full, with its first rows."""
