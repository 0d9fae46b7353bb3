"""What one operation is, of each workload: the twin of page/workloads. `draft` is the report while it grows."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from howfar.handed import Assignment


class Inference:
    """One operation: one real digit, from NumPy to class probabilities in NumPy."""

    def __init__(self, adapter: Any, assignment: Assignment, inputs: Any, _labels: Any, draft: Any) -> None:
        self._predict, self._samples, self._draft = adapter.predict, list(inputs), draft
        self.checks = assignment.check_count
        enqueue = getattr(adapter, "enqueue_predict", None)
        samples, count, predict = self._samples, len(self._samples), adapter.predict
        self.operation = lambda turn: predict(samples[turn % count])
        self.enqueue = (lambda turn: enqueue(samples[turn % count])) if enqueue else None
        published = getattr(adapter, "published_predict", predict)
        self.published = lambda turn: published(samples[turn % count])

    def keep(self, _outputs: Any) -> None:
        """The outputs are asked for after a published pass."""

    def first(self) -> None:
        self._draft.outputs += finite(self._predict(self._samples[0]))

    def check(self, turn: int) -> None:
        self._draft.outputs += finite(self._predict(self._samples[turn]))


class BatchInference:
    """One operation: a batch of samples in one call, from NumPy to class probabilities in NumPy."""

    def __init__(self, adapter: Any, assignment: Assignment, inputs: Any, _labels: Any, draft: Any) -> None:
        size = assignment.task.batch_size
        batches = [inputs[i : i + size] for i in range(0, len(inputs) - size + 1, size)]
        self._predict, self._batches, self._draft = adapter.predict_batch, batches, draft
        self.checks = assignment.check_count
        count, predict = len(batches), adapter.predict_batch
        self.operation = lambda turn: predict(batches[turn % count])
        self.enqueue = None

    def first(self) -> None:
        self.check(0)

    def check(self, turn: int) -> None:
        self._draft.outputs += finite(self._predict(self._batches[turn % len(self._batches)]).ravel())


class Training:
    """One operation: one SGD step on a batch that is already in the framework's own form."""

    def __init__(self, adapter: Any, assignment: Assignment, inputs: Any, labels: Any, draft: Any) -> None:
        size = assignment.task.batch_size
        starts = range(0, len(labels) - size + 1, size)
        batches = [adapter.prepare_batch(inputs[i : i + size], labels[i : i + size]) for i in starts]
        self._train, self._batches, self._draft = adapter.train_batch, batches, draft
        self.checks = assignment.check_count
        enqueue, train, count = getattr(adapter, "enqueue_train_batch", None), adapter.train_batch, len(batches)
        self.operation = lambda turn: train(batches[turn % count])
        self.enqueue = (lambda turn: enqueue(batches[turn % count])) if enqueue else None
        published = getattr(adapter, "published_train_batch", train)
        self.published = lambda turn: published(batches[turn % count])

    def keep(self, loss: float) -> None:
        """A published pass begins with the steps that are checked: their losses are its own."""
        if len(self._draft.losses) < self.checks:
            self._draft.losses += finite([loss])

    def first(self) -> None:
        self._draft.losses += finite([self._train(self._batches[0])])

    def check(self, turn: int) -> None:
        self._draft.losses += finite([self._train(self._batches[turn % len(self._batches)])])


class GraphInference:
    """One operation: one set of inputs, from NumPy to all outputs in NumPy. `inputs`: per sample one array each."""

    def __init__(self, adapter: Any, assignment: Assignment, inputs: Any, _labels: Any, draft: Any) -> None:
        self._run, self._samples, self._draft = adapter.run, inputs, draft
        self._stride = assignment.output_stride
        self.checks = assignment.check_count
        run, samples, count = adapter.run, inputs, len(inputs)
        self.operation = lambda turn: run(samples[turn % count])
        self.enqueue = None

    def first(self) -> None:
        self.check(0)

    def check(self, turn: int) -> None:
        outputs = np.concatenate([np.ravel(output) for output in self._run(self._samples[turn])])
        self._draft.outputs += finite(outputs[:: self._stride])


class Ceilings:
    """No network: one operation of each metric is a piece of work of known size. Its one check is a product of whole
    numbers, which must be exact."""

    def __init__(self, adapter: Any, _assignment: Assignment, _inputs: Any, _labels: Any, draft: Any) -> None:
        self._taken, self._draft = adapter.ceilings(), draft
        self.operations, self.checks, self.enqueue = self._taken.operations, 1, None

    def first(self) -> None:
        self._draft.facts |= self._taken.work
        self._draft.outputs += finite([self._taken.error()])


KINDS: dict[str, Any] = {
    "inference": Inference, "batch_inference": BatchInference, "training": Training, "ceilings": Ceilings,
}  # fmt: skip


def finite(numbers: Iterable[float]) -> list[float | None]:
    """JSON has no NaN and no infinity: None stands for them."""
    return [float(number) if math.isfinite(number) else None for number in numbers]
