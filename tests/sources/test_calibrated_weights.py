from pathlib import Path

import numpy as np
import pytest

import tiny
from howfar.errors import UserError
from howfar.sources import calibrating, keras_application
from howfar.sources.request import Request

pytest.importorskip("tensorflow")
# Keras's variables and TensorFlow Lite's interpreter warn of what is to come, in their own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation"),
    pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated"),
]


def test_random_weights_reach_the_outputs() -> None:
    """A deep network's answer depends on its input, its first layer, and on no single class."""
    source = keras_application.load(Request("keras:MobileNetV2", shapes={"": (1, 32, 32, 3)}, seed=1))
    random = np.random.default_rng(0)
    one, other = (source.run([random.normal(size=(1, 32, 32, 3)).astype(np.float32)])[0] for _ in range(2))
    assert np.abs(one - other).max() > 0.2 * one.max()
    assert 2 / 1000 < one.max() < 0.9


def test_each_layer_keeps_its_variance() -> None:
    import keras  # noqa: PLC0415

    model = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3))
    calibrating.calibrate(model, 1)
    image = np.random.default_rng(2).standard_normal((2, 32, 32, 3)).astype(np.float32)
    deep = keras.Model(model.inputs, model.get_layer("block5_conv3").output)(image)
    assert 0.3 < np.std(deep) < 1.5


def test_the_seed_says_all() -> None:
    image = np.ones((1, 32, 32, 3), np.float32)
    runs = [
        keras_application.load(Request("keras:MobileNet", shapes={"": (32, 32, 3)}, seed=seed)).run([image])[0]
        for seed in (1, 1, 2)
    ]
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-4)
    assert np.abs(runs[0] - runs[2]).max() > 0.1 * runs[0].max()


def test_a_name_that_keras_does_not_have_is_said() -> None:
    with pytest.raises(UserError, match=r"keras:MobilNetV2: keras.applications has no such model; try MobileNetV2"):
        keras_application.load(Request("keras:MobilNetV2"))


def test_weights_that_do_not_fit_are_said(tmp_path: Path) -> None:
    file = tmp_path / "other.weights.h5"
    tiny.keras_model().save_weights(file)
    with pytest.raises(UserError, match=r"keras:MobileNet: Keras cannot take it: .*; check --shape and --weights"):
        keras_application.load(Request("keras:MobileNet", weights=str(file)))
