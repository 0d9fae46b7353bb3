"""`cnn(depth, width)`: the study's network of convolutions, as its public pages built it, with kernels of 3 x 3.

The pages repeated a unit of two convolutions and a pooling 1, 2, 4 and 8 times between the image and the classes; with
the input, the flattening and the dense layer that makes 6, 9, 15 and 27 layers, the depths that the paper names.
"""

from math import prod

from howfar.data.digits import CLASSES, SIDE
from howfar.layers import Conv2D, Dense, Flatten, Layer, MaxPool2D, shape_out
from howfar.records import Form, Model

KERNEL = 3
POOL = 2
# What `depth` counts beside the units: the input, the flattening, the dense layer.
AROUND = 3
SHALLOWEST = AROUND + 1


def layers(model: Model, form: Form) -> tuple[Layer, ...]:
    """`depth - 3` layers of the pattern convolution, convolution, pooling, with `width` kernels each, then the classes.

    A pooling halves the image, rounding up; one pixel stays one pixel.

    Raises: ValueError where `depth` leaves no room for a convolution.
    """
    if model.depth < SHALLOWEST:
        raise ValueError(f"{model} has no room for a convolution; {SHALLOWEST} layers are the fewest")
    made: list[Layer] = []
    shape: tuple[int, ...] = (SIDE, SIDE, 1)
    for i in range(model.depth - AROUND):
        height, width, channels = shape
        conv = Conv2D(height, width, channels, KERNEL, model.width, form.hidden)
        made.append(MaxPool2D(height, width, channels, POOL) if i % 3 == 2 else conv)
        shape = shape_out(made[-1])
    flat = Flatten(*shape)
    return (*made, flat, Dense(prod(shape), CLASSES, form.output, form.bias))
