import pytest

from howfar.errors import UserError
from howfar.layers import Shape
from howfar.sources.request import Request
from howfar.sources.shapes import Declared, fixed

IMAGE = Declared("image", (None, None, None, 3), "float32")


def shape_of(one: Declared, shapes: dict[str, Shape], batch: int | None = None) -> Shape:
    (spec,) = fixed([one], Request("m", shapes=shapes, batch=batch))
    return spec.shape


def test_an_open_batch_is_one_or_what_is_asked_for() -> None:
    words = Declared("words", (None, 128), "int64")
    assert shape_of(words, {}) == (1, 128)
    assert shape_of(words, {}, 4) == (4, 128)


def test_open_lengths_are_given_with_the_batch_or_without() -> None:
    assert shape_of(IMAGE, {"": (2, 32, 48, 3)}) == (2, 32, 48, 3)
    assert shape_of(IMAGE, {"image": (32, 48, 3)}, 5) == (5, 32, 48, 3)


def test_what_stays_open_is_said_with_the_option_that_mends_it() -> None:
    with pytest.raises(UserError, match=r"m: input 'image' is of open shape 1x\?x\?x3; say --shape image=1x64x64x3"):
        shape_of(IMAGE, {})


@pytest.mark.parametrize("asked", [(32, 32, 4), (1, 2, 3, 4, 5), (7,)])
def test_a_shape_that_does_not_fit_is_refused(asked: Shape) -> None:
    with pytest.raises(UserError, match=r"--shape: input 'image' is of shape \?x\?x\?x3, not "):
        shape_of(IMAGE, {"": asked})


def test_a_name_that_is_no_input_is_refused() -> None:
    with pytest.raises(UserError, match=r"the model has no input 'picture'; name one of image"):
        shape_of(IMAGE, {"picture": (1, 2, 2, 3)})
    with pytest.raises(UserError, match=r"the model has 2 inputs; name one of image, other"):
        fixed([IMAGE, Declared("other", (1,), "float32")], Request("m", shapes={"": (1,)}))


def test_a_type_that_is_not_fed_is_refused() -> None:
    with pytest.raises(UserError, match=r"m: 'text' is of type string; howfar feeds and reads float32"):
        fixed([Declared("text", (1,), "string")], Request("m"))
