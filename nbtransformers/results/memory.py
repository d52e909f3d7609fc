"""What a model takes in memory, by what it is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a process takes at its highest.

    Attributes:
        libraries: Python with torch, Transformers and what else is imported; on CUDA the context of the process.
        weights: the model's.
        gradients: of what is trained.
        optimizer: what AdamW keeps.
        activations: what a batch takes beyond that. Gradients come as activations go, so that those of the end are
            not counted twice.
    """

    libraries: int = 0
    weights: int = 0
    gradients: int = 0
    optimizer: int = 0
    activations: int = 0

    @property
    def needed(self) -> int:
        """All together."""
        return self.libraries + self.added

    @property
    def added(self) -> int:
        """What comes to libraries that are there already."""
        return self.weights + self.gradients + self.optimizer + self.activations
