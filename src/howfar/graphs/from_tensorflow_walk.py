"""Going through TensorFlow's nodes, from what is wanted to what it is made of; functions are written out in place."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from howfar.graphs import from_tensorflow_constants, from_tensorflow_images, from_tensorflow_operations
from howfar.graphs.drafting import Array, Draft, Operand
from howfar.graphs.from_tensorflow_nodes import Entry, Function
from howfar.graphs.graph import Unreadable
from howfar.graphs.reading import Handler, Step, apply

HANDLERS: Mapping[str, Handler] = {**from_tensorflow_operations.HANDLERS, **from_tensorflow_images.HANDLERS}
CALLS = ("PartitionedCall", "StatefulPartitionedCall")
DEEPEST = 64  # functions in functions: one that calls itself has no end


class Walk(Struct, frozen=True):
    """`constant` gives the array of a Const."""

    draft: Draft
    functions: Mapping[str, Function]
    constant: Callable[[Entry], Array]

    def values(
        self, entries: Sequence[Entry], known: Mapping[str, Operand], wanted: Sequence[str], depth: int = 0
    ) -> list[Operand]:
        """What `wanted` names, as nodes' inputs are named; `known`: nodes whose value is there already."""
        nodes = {entry.name: entry for entry in entries}
        found: dict[str, Sequence[Operand]] = {name: [operand] for name, operand in known.items()}
        for entry in _in_order(nodes, set(found), [split(name)[0] for name in wanted]):
            inputs = [_taken(nodes, found, name) for name in entry.inputs]
            found[entry.name] = self._made(entry, inputs, depth)
        return [_taken(nodes, found, name) for name in wanted]

    def _made(self, entry: Entry, inputs: Sequence[Operand], depth: int) -> Sequence[Operand]:
        if entry.kind == "Const":
            return [np.asarray(self.constant(entry))]
        if entry.kind in CALLS:
            return self._called(entry, inputs, depth)
        step = Step(entry.kind, entry.name, inputs, entry.attributes)
        constant = bool(inputs) and all(not isinstance(each, Struct) for each in inputs)
        if constant and entry.kind in from_tensorflow_constants.FUNCTIONS:
            return apply(CONSTANT, self.draft, step)
        return apply(HANDLERS, self.draft, step)

    def _called(self, entry: Entry, inputs: Sequence[Operand], depth: int) -> Sequence[Operand]:
        function = self.functions.get(str(entry.attributes.get("f")))
        if function is None or len(function.inputs) != len(inputs) or depth > DEEPEST:
            raise Unreadable(f"operator {entry.kind} ({entry.name}): a function that cannot be written out")
        known = dict(zip(function.inputs, inputs, strict=True))
        return self.values(function.entries, known, function.outputs, depth + 1)


def _constant_handler(function: Callable[[Step], Array | list[Array]]) -> Handler:
    return lambda _, step: function(step)


CONSTANT = {kind: _constant_handler(function) for kind, function in from_tensorflow_constants.FUNCTIONS.items()}


def split(name: str) -> tuple[str, int, str]:
    """A node's name, which of its outputs, and in functions what that output is called."""
    parts = name.split(":")
    place = int(parts[-1]) if len(parts) > 1 and parts[-1].isdecimal() else 0
    return parts[0], place, parts[1] if len(parts) == 3 else ""


def _taken(nodes: Mapping[str, Entry], found: Mapping[str, Sequence[Operand]], name: str) -> Operand:
    node, place, called = split(name)
    # The only operator read here whose outputs have several names; the others of them are for training.
    normed = node in nodes and nodes[node].kind.startswith("FusedBatchNorm")
    if place >= len(found[node]) or (normed and called not in ("", "y")):
        raise Unreadable(
            f"output {name} of {nodes[node].kind if node in nodes else 'an input'} is not one of the model"
        )
    return found[node][place]


def _in_order(nodes: Mapping[str, Entry], known: set[str], wanted: Sequence[str]) -> Iterator[Entry]:
    """Every node that is needed, after those that it takes. A stack of its own: deep nets have thousands in a row."""
    done, open_, stack = set(known), set[str](), list(reversed(wanted))
    while stack:
        name = stack[-1]
        if name in done:
            stack.pop()
            continue
        if name not in nodes:
            raise Unreadable(f"nothing makes the tensor {name}")
        missing = [each for each in (split(one)[0] for one in nodes[name].inputs) if each not in done]
        if not missing:
            yield nodes[name]
            done.add(name)
            stack.pop()
        elif name in open_:
            raise Unreadable(f"operator {nodes[name].kind} ({name}) is a part of a loop")
        else:
            open_.add(name)
            stack.extend(reversed(missing))
