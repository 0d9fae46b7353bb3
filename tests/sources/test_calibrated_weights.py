from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import small_models
from howfar.errors import UserError
from howfar.sources import calibrating, keras_application, memory
from howfar.sources.request import Request

pytest.importorskip("tensorflow")
# Keras's variables warn of what is to come, in their own code.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

DEPTH = 16


def deep(seed: int | None) -> Any:
    """A deep network, half of it with normalisation, calibrated by the seed or left as Keras fills it."""
    import keras  # noqa: PLC0415

    keras.utils.set_random_seed(seed or 0)
    image = x = keras.Input((16, 16, 3))
    for depth in range(DEPTH):
        x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name=f"maps{depth}")(x)
        x = keras.layers.BatchNormalization()(x) if depth % 2 else x
    pooled = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(10, activation="softmax")(pooled))
    if seed is not None:
        calibrating.calibrate(model, seed)
    return model


def answers(model: Any, seeds: Sequence[int] = (1, 2)) -> list[Any]:
    images = (np.random.default_rng(seed).standard_normal((1, 16, 16, 3)).astype(np.float32) for seed in seeds)
    return [model(image).numpy() for image in images]


def test_a_deep_network_answers_to_its_input() -> None:
    """As Keras fills it, another image changes the answer in the fourth digit, and hides as large an error."""
    plain, calibrated = (np.ptp(np.stack(answers(deep(seed))), axis=0).max() for seed in (None, 1))
    assert plain < 0.01
    assert calibrated > 0.02


def test_no_class_takes_all() -> None:
    assert max(answer.max() for answer in answers(deep(1))) < 0.95


def test_each_layer_keeps_its_variance() -> None:
    import keras  # noqa: PLC0415

    model = deep(3)
    image = np.random.default_rng(4).standard_normal((2, 16, 16, 3)).astype(np.float32)
    last = keras.Model(model.input, model.get_layer(f"maps{DEPTH - 1}").output)(image)
    assert 0.3 < np.std(last) < 1.5


def test_the_seed_says_all() -> None:
    one, again, other = (answers(deep(seed))[0] for seed in (5, 5, 6))
    np.testing.assert_allclose(one, again, rtol=1e-4)
    assert np.abs(one - other).max() > 0.05


def test_a_model_by_name() -> None:
    source = keras_application.load(Request("keras:MobileNet", shapes={"": (32, 32, 3)}, seed=7))
    assert [spec.shape for spec in source.inputs] == [(1, 32, 32, 3)]
    assert (source.weights, source.words) == ("random, seed 7", "keras.applications.MobileNet")
    images = (np.random.default_rng(seed).standard_normal((1, 32, 32, 3)).astype(np.float32) for seed in (1, 2))
    one, other = (source.run([image])[0] for image in images)
    assert np.abs(one - other).max() > 0.2 * one.max()


def test_a_name_that_keras_does_not_have_is_said() -> None:
    with pytest.raises(UserError, match=r"keras:MobilNetV2: keras.applications has no such model; try MobileNetV2"):
        keras_application.load(Request("keras:MobilNetV2"))


def test_weights_that_do_not_fit_are_said(tmp_path: Path) -> None:
    file = tmp_path / "other.weights.h5"
    small_models.keras_model().save_weights(file)
    with pytest.raises(UserError, match=r"keras:MobileNet: Keras cannot take it: .*; check --shape and --weights"):
        keras_application.load(Request("keras:MobileNet", weights=str(file)))


def test_weights_larger_than_memory_are_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras  # noqa: PLC0415

    file = tmp_path / "large.weights.h5"
    small_models.keras_model().save_weights(file)
    monkeypatch.setattr(memory, "COPIES", 10**12)
    monkeypatch.setattr(keras.applications, "MobileNet", lambda **_: pytest.fail("it was built"))
    with pytest.raises(UserError, match=r"large.weights.h5: the model weighs .* GB are free; free memory"):
        keras_application.load(Request("keras:MobileNet", weights=str(file)))
