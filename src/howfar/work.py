"""What one operation of a task computes, and what it can't help moving: so that a time says how near it is to what the
machine allows."""

from collections.abc import Sequence

from howfar import layers
from howfar.layers import Layer
from howfar.portfolio import Prepared, elements
from howfar.records import Fact, Task

# float32 all through; one's own model may have whole numbers as inputs, which are as long.
NUMBER_BYTES = 4


def of_network(task: Task, network: Sequence[Layer]) -> dict[str, Fact]:
    """One of the study's networks: `operation_multiply_adds`, and `operation_bytes`, which is every weight read once
    (and written once, where it is trained) and every sample's inputs and outputs: whatever lies between may stay in
    registers."""
    samples = 1 if task.cell.workload == "inference" else task.batch_size
    trained = task.cell.workload == "training"
    count = layers.training_multiply_adds(network) if trained else layers.multiply_adds(network)
    inputs, outputs = layers.size_in(network[0]), 0 if trained else layers.size_out(network[-1])
    numbers = layers.parameters(network) * (1 + trained) + samples * (inputs + outputs)
    return {"operation_multiply_adds": count * samples, "operation_bytes": NUMBER_BYTES * numbers}


def of_graph(prepared: Prepared) -> dict[str, Fact]:
    """The same of one's own model; nothing where it is not known what it computes."""
    if not prepared.multiply_adds or prepared.parameters is None:
        return {}
    numbers = prepared.parameters + elements(prepared.inputs) + elements(prepared.outputs)
    return {"operation_multiply_adds": prepared.multiply_adds, "operation_bytes": NUMBER_BYTES * numbers}
