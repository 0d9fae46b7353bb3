"""A small assembler: WebAssembly text to bytes. It knows what the kernels use, and says what it does not know.

A module's fields: one memory, its own or imported, and functions with named parameters, results and locals; both can be
exported in place. Instructions are folded, `(i32.add (local.get $a) (i32.const 1))`, and named things are used by
their names. The bytes are those that other assemblers make of the same text, without names for debuggers.
"""

import struct
from collections.abc import Callable, Sequence

from howfar.kernels.immediates import CONSTANTS
from howfar.kernels.lists import Node, lists, name_of, parse, taken, words_of, wrong
from howfar.kernels.opcodes import INSTRUCTIONS, VALUE_TYPES, leb

_MAGIC = b"\0asm\1\0\0\0"
_NO_RESULT = b"\x40"


def assemble(text: str) -> bytes:
    """The module's bytes.

    Raises: WatError for what is no module, or uses what is not known here.
    """
    module = parse(text)
    if module[:1] != ["module"]:
        raise wrong(module, "a module is expected")
    return _Module(lists(module)).to_bytes()


def _string(node: Node, item: "Node | str") -> bytes:
    if not isinstance(item, str) or not item.startswith('"'):
        raise wrong(node, "a string is expected")
    return _counted(item[1:-1].encode())


def _counted(content: bytes) -> bytes:
    return leb(len(content)) + content


def _vector(items: Sequence[bytes]) -> bytes:
    return leb(len(items)) + b"".join(items)


def _section(number: int, items: Sequence[bytes]) -> bytes:
    """Nothing where there are no items."""
    return bytes([number]) + _counted(_vector(items)) if items else b""


def _type(node: Node, word: str) -> bytes:
    if word not in VALUE_TYPES:
        raise wrong(node, f"no type {word!r} here; known: {', '.join(VALUE_TYPES)}")
    return VALUE_TYPES[word]


class _Module:
    """A module's sections, while its fields are read."""

    def __init__(self, fields: Sequence[Node]) -> None:
        self._types: list[bytes] = []
        self._imports: list[bytes] = []
        self._memories: list[bytes] = []
        self._exports: list[bytes] = []
        functions = [field for field in fields if field[:1] == ["func"]]
        self._functions = [_Function(function) for function in functions]
        self._indices = {one.name: index for index, one in enumerate(self._functions) if one.name}
        for field in fields:
            self._read(field)

    def to_bytes(self) -> bytes:
        """All sections that hold anything, in the order that the format asks for."""
        types = [self._type_index(function.type) for function in self._functions]
        codes = [_counted(function.code(self._indices)) for function in self._functions]
        sections = [
            (1, self._types), (2, self._imports), (3, [leb(index) for index in types]), (5, self._memories),
            (7, self._exports), (10, codes),
        ]  # fmt: skip
        return _MAGIC + b"".join(_section(number, items) for number, items in sections)

    def _type_index(self, content: bytes) -> int:
        if content not in self._types:
            self._types.append(content)
        return self._types.index(content)

    def _read(self, field: Node) -> None:
        match field[:1]:
            case ["import"]:
                self._read_import(field)
            case ["memory"]:
                self._read_memory(field)
            case ["func"]:
                self._read_function()
            case _:
                raise wrong(field, "no such field here; known: import, memory, func")

    def _read_import(self, field: Node) -> None:
        if len(field) != 4 or not isinstance(field[3], Node) or field[3][:1] != ["memory"]:
            raise wrong(field, "only a memory can be imported here, by two strings")
        limits = _limits(field[3], words_of(field[3], field[3][1:]))
        self._imports.append(_string(field, field[1]) + _string(field, field[2]) + b"\x02" + limits)

    def _read_memory(self, field: Node) -> None:
        rest = field[1:]
        if rest and isinstance(rest[0], Node):
            self._export(rest.pop(0), b"\x02", 0)
        self._memories.append(_limits(field, words_of(field, rest)))

    def _read_function(self) -> None:
        index = sum(one.read for one in self._functions)
        function = self._functions[index]
        function.read = True
        for export in function.exports:
            self._export(export, b"\x00", index)

    def _export(self, node: "Node | str", kind: bytes, index: int) -> None:
        assert isinstance(node, Node)
        if node[:1] != ["export"] or len(node) != 2:
            raise wrong(node, "an export is expected")
        self._exports.append(_string(node, node[1]) + kind + leb(index))


def _limits(node: Node, words: Sequence[str]) -> bytes:
    """A memory's pages: the least, and perhaps the most, and whether threads share it."""
    shared = words[-1:] == ["shared"]
    numbers = [int(word) for word in words[: len(words) - shared] if word.isdigit()]
    if len(numbers) + shared != len(words) or not 1 <= len(numbers) <= 2 or (shared and len(numbers) != 2):
        raise wrong(node, "a memory has its least pages, perhaps its most, and then perhaps `shared`")
    return bytes([(len(numbers) == 2) + 2 * shared]) + b"".join(map(leb, numbers))


class _Function:
    """One function: its type and names at once, its code when all functions are known."""

    def __init__(self, node: Node) -> None:
        self.read = False
        self.name = name_of(node[1]) if len(node) > 1 else ""
        fields = node[2:] if self.name else node[1:]
        self._node, self._locals = node, dict[str, int]()
        self.exports = taken(fields, "export")
        parameters = [self._declare(one) for one in taken(fields, "param")]
        results = [_type(one, word) for one in taken(fields, "result") for word in words_of(one, one[1:])]
        self._own = [self._declare(one) for one in taken(fields, "local")]
        self._body = fields
        self.type = b"\x60" + _vector(parameters) + _vector(results)

    def _declare(self, node: Node) -> bytes:
        name, word = (*words_of(node, node[1:]), "", "")[:2]
        if not name_of(name) or len(node) != 3 or name in self._locals:
            raise wrong(node, "each has a name of its own and a type here")
        self._locals[name] = len(self._locals)
        return _type(node, word)

    def code(self, functions: dict[str, int]) -> bytes:
        """Its locals and its instructions. `functions`: the index of each by its name."""
        runs: list[tuple[int, bytes]] = []
        for kind in self._own:
            count = runs.pop()[0] if runs and runs[-1][1] == kind else 0
            runs.append((count + 1, kind))
        writer = _Writer(self._locals, functions)
        for item in self._body:
            writer.write(item, self._node)
        return _vector([leb(count) + kind for count, kind in runs]) + bytes(writer.out) + b"\x0b"


class _Writer:
    """The bytes of instructions, while they are read: operands first, then the instruction itself."""

    def __init__(self, variables: dict[str, int], functions: dict[str, int]) -> None:
        self.out = bytearray()
        self._names = {"local": variables, "function": functions}
        self._reads = {f"(local.get {name})": b"\x20" + leb(index) for name, index in variables.items()}
        self._labels: list[str] = []
        self._blocks: dict[str, Callable[[Node], None]] = {
            "block": lambda node: self._block(node, b"\x02"),
            "loop": lambda node: self._block(node, b"\x03"),
            "if": self._if,
        }

    def write(self, node: "Node | str", around: Node) -> None:
        """One instruction with its operands."""
        if isinstance(node, str):
            self._read(node, around)
            return
        if not node or not isinstance(name := node[0], str):
            raise wrong(around, "an instruction is expected")
        if name in self._blocks:
            self._blocks[name](node)
        elif name in INSTRUCTIONS:
            self._plain(node, *INSTRUCTIONS[name])
        else:
            raise wrong(node, f"this assembler does not know {name!r}")

    def _read(self, word: str, around: Node) -> None:
        """A variable's value."""
        if word not in self._reads:
            raise wrong(around, f"{word} is no local and no folded instruction here")
        self.out += self._reads[word]

    def _plain(self, node: Node, code: bytes, immediate: str, alignment: int) -> None:
        words: list[str] = []
        for item in node[1:]:
            if isinstance(item, str) and item[0] != "(":
                words.append(item)
            else:
                self.write(item, node)
        self.out += code
        if immediate or words:
            self.out += self._immediate(node, immediate, words, alignment)

    def _immediate(self, node: Node, immediate: str, words: Sequence[str], alignment: int) -> bytes:
        try:
            match immediate:
                case "local" | "function":
                    return leb(self._names[immediate][_only(words)])
                case "label":
                    return leb(self._labels[::-1].index(_only(words)))
                case "memory":
                    return leb(alignment) + leb(_offset(words))
                case "":
                    raise ValueError
            return CONSTANTS[immediate](words)
        except (KeyError, ValueError, struct.error):
            raise wrong(node, f"{' '.join(words) or 'nothing'!r} is no {immediate or 'operand'} here") from None

    def _block(self, node: Node, code: bytes) -> None:
        label = name_of(node[1]) if len(node) > 1 else ""
        self.out += code + _NO_RESULT
        self._labels.append(label)
        for item in node[2 if label else 1 :]:
            self.write(item, node)
        self._labels.pop()
        self.out += b"\x0b"

    def _if(self, node: Node) -> None:
        """`(if CONDITION (then ...))` or `(if CONDITION (then ...) (else ...))`."""
        branches = [item for item in node[2:] if isinstance(item, Node)]
        if [branch[:1] for branch in branches] not in ([["then"]], [["then"], ["else"]]):
            raise wrong(node, "a condition, `then` and perhaps `else` are expected")
        self.write(node[1], node)
        self.out += b"\x04" + _NO_RESULT
        self._labels.append("")
        for position, branch in enumerate(branches):
            self.out += b"\x05" * position
            for item in branch[1:]:
                self.write(item, branch)
        self._labels.pop()
        self.out += b"\x0b"


def _only(words: Sequence[str]) -> str:
    (word,) = words
    if not word.startswith("$"):
        raise ValueError(word)
    return word


def _offset(words: Sequence[str]) -> int:
    if not words:
        return 0
    (word,) = words
    return int(word.removeprefix("offset="))
