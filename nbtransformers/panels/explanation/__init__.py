"""Explanations on the screen."""
