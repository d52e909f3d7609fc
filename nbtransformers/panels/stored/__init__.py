"""Results that went to a file, in a panel."""
