"""The public functions: the same names and the same errors as the magics, for plain Python."""
