"""The text format's lists and words: what stands between parentheses, and in which line."""

import re
from collections.abc import Iterable


class WatError(ValueError):
    """Text that this assembler can't take; says in which line, and why."""


class Node(list["Node | str"]):
    """What stands between two parentheses, and the line that it begins in."""

    __slots__ = ("line",)
    line: int

    @classmethod
    def at(cls, line: int) -> "Node":
        """An empty one."""
        node = cls()
        node.line = line
        return node


# `(local.get $a)` stays one word: it is half of all lists in the kernels, and this halves the time that they take.
_TOKEN = re.compile(r';;[^\n]*|\n|\(local\.get \$\w+\)|[()]|"[^"]*"|[^\s()";]+')


def parse(text: str) -> Node:
    """The one list that the text is.

    Raises: WatError where parentheses don't match, or where there are several lists.
    """
    top = Node.at(1)
    open_lists, line = [top], 1
    for token in _TOKEN.findall(text):
        if token == "(":
            open_lists[-1].append(node := Node.at(line))
            open_lists.append(node)
        elif token == ")":
            _close(open_lists, line)
        elif token == "\n":
            line += 1
        elif not token.startswith(";;"):
            open_lists[-1].append(token)
    if len(open_lists) > 1:
        raise wrong(open_lists[-1], "never closed")
    if len(top) != 1 or not isinstance(top[0], Node):
        raise WatError("line 1: one module is expected")
    return top[0]


def _close(open_lists: list[Node], line: int) -> None:
    if len(open_lists) == 1:
        raise WatError(f"line {line}: a closing parenthesis too many")
    open_lists.pop()


def wrong(node: Node, why: str) -> WatError:
    """The error that names a list by its line and its first words."""
    words = [item for item in node[:2] if isinstance(item, str)]
    return WatError(f"line {node.line}: ({' '.join(words)} ...): {why}")


def lists(node: Node) -> list[Node]:
    """What a list holds behind its head, of which each must be a list."""
    for item in node[1:]:
        if isinstance(item, str):
            raise wrong(node, f"{item!r} stands where a list is expected; instructions are folded here")
    return [item for item in node[1:] if isinstance(item, Node)]


def words_of(node: Node, items: Iterable["Node | str"]) -> list[str]:
    """The items, of which each must be a word."""
    found = [item for item in items]
    if any(isinstance(item, Node) for item in found):
        raise wrong(node, "a list stands where words are expected")
    return [item for item in found if isinstance(item, str)]


def name_of(item: "Node | str") -> str:
    """The item if it is a name (`$a`), else nothing."""
    return item if isinstance(item, str) and item.startswith("$") else ""


def taken(fields: list["Node | str"], head: str) -> list[Node]:
    """The lists of that head that `fields` begins with, taken off it."""
    found: list[Node] = []
    while fields and isinstance(fields[0], Node) and fields[0][:1] == [head]:
        found.append(fields[0])
        fields.pop(0)
    return found
