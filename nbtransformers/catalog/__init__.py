"""What models there are, what they are, and whether they fit: from their descriptions, without their weights."""
