"""What networks learn from: handwritten digits, and for those that remember a text. Both are seeded samples."""

from pathlib import Path

from msgspec import Struct

from howfar.data import digits as images
from howfar.data import text as texts
from howfar.data.samples import SAMPLES, Samples
from howfar.records import DataNames, Model

__all__ = ["SAMPLES", "Data", "Samples", "load"]


class Data(Struct, frozen=True):
    """The data sets of a study."""

    digits: Samples
    text: Samples

    def of(self, model: Model) -> Samples:
        """What that model learns from."""
        return self.text if model.reads_text else self.digits

    @property
    def names(self) -> DataNames:
        return DataNames(self.digits.name, self.text.name)


def load(seed: int, batch_size: int = 1, mnist: Path | None = None, text: Path | None = None) -> Data:
    """The data sets, from the user's own files where they are given.

    Raises: UserError where those are not what they should be, or hold less than one batch.
    """
    return Data(images.load(mnist, seed, batch_size), texts.load(text, seed, batch_size))
