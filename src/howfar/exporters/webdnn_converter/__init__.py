"""WebDNN's own converter, run in a process of its own: `python -m howfar.exporters.webdnn_converter`.

It is Python of 2019. What it needs of those days (`old_names`), and the depth of recursion and the size of stacks that
it sets for everybody, stay in its process. It reads an `Order` (one line of JSON) and then the weights from its
standard input, and writes the files of one back end into its working directory.
"""

from msgspec import Struct

from howfar.exporters.webdnn_converter.toolchains import Toolchain
from howfar.layers import Layer


class Order(Struct, frozen=True):
    """What to convert: the layers whose weights follow, for a back end by WebDNN's own name of it.

    `toolchain`: what compiles the kernels of `webassembly`; the other back ends need none.
    """

    layers: tuple[Layer, ...]
    backend: str
    toolchain: Toolchain | None = None
