"""Fine-tuning: the run directory, the worker, and the training of the bundled sentiment model."""
