"""The run directory: what a training run, its worker and everybody who looks at it share; see docs/run-directory.md."""
