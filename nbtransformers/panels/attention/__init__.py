"""Attention on the screen: its wire, its snapshot, and what its panel can be asked."""
