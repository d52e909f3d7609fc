"""Encodings of positions on the screen: their wire, their snapshot, and what their panel can be asked."""
