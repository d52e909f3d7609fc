"""The panel of models: a list that is searched while one types, and all that can be known of the one that is chosen."""
