"""What came out: one frozen dataclass an answer, with named axes, and no widget in sight."""
