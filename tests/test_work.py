"""What operations compute and must move, counted by hand for small networks."""

import pytest

import asked
from howfar import layers, work
from howfar.layers import Conv2D, Dense, Flatten, Layer, Lstm
from howfar.records import Model

DENSE = (Dense(6, 4, "relu", bias=True), Dense(4, 3, "softmax", bias=True))


@pytest.mark.parametrize(
    ("workload", "count", "numbers"),
    [
        # forward 24 + 12; weights 24 + 4 + 12 + 3; one sample's 6 inputs and 3 outputs
        ("inference", 36, 43 + 9),
        ("batch_inference", 16 * 36, 43 + 16 * 9),
        # back: the weights' share again, and what the second layer's inputs do; no one asks it of the first's
        ("training", 16 * (36 + 36 + 12), 2 * 43 + 16 * 6),
    ],
)
def test_of_a_dense_network(workload: str, count: int, numbers: int) -> None:
    task = asked.task(asked.WASM, Model("mlp", 1, 4), workload, batch_size=16)  # type: ignore[arg-type]
    assert work.of_network(task, DENSE) == {"operation_multiply_adds": count, "operation_bytes": 4 * numbers}


def test_the_first_layer_with_weights_hands_no_gradient_on() -> None:
    convolution = Conv2D(4, 4, 1, 3, 2, "relu")
    network: list[Layer] = [convolution, Flatten(4, 4, 2), Dense(32, 5, "softmax", bias=True)]
    forward = 4 * 4 * 9 * 2, 32 * 5
    assert layers.training_multiply_adds(network) == 2 * forward[0] + 3 * forward[1]
    lstm: list[Layer] = [Lstm(3, 5, 2, sequences=False), Dense(2, 5, "softmax", bias=True)]
    of_inputs, of_itself = 3 * 5 * 8, 3 * 2 * 8
    assert layers.training_multiply_adds(lstm) == 2 * of_inputs + 3 * of_itself + 3 * 10
    assert layers.training_multiply_adds([Flatten(2, 2, 1)]) == 0
