"""Samples of any kind, as all frameworks get them."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

# 8 batches of 64: enough that training does not learn one batch by heart, small enough to hand to every page (1.6 MB of
# digits, 4.6 MB of text).
SAMPLES = 512


class Samples(Struct, frozen=True):
    """inputs (samples, features) float32 in 0..1, labels (samples,) uint8 below `classes`, seeded order; `name` tells
    data sets apart."""

    name: str
    inputs: NDArray[np.float32]
    labels: NDArray[np.uint8]
    classes: int = 10

    def to_bytes(self) -> bytes:
        """All inputs, little-endian float32, then all labels."""
        return self.inputs.astype("<f4").tobytes() + self.labels.tobytes()
