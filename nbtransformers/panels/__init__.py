"""A Result on a screen: the live panel, its static snapshot, and plain text for a terminal."""
