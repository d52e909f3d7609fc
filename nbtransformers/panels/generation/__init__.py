"""Generated texts on the screen."""
