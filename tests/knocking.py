"""Raw requests at the server's door."""

import http.client
import re
from typing import Any, NamedTuple

import msgspec


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def ask(port: int, path: str, message: Any = None, *, body: bytes | None = None, **headers: str) -> Answer:
    """A raw request: the path is sent as it is. Header names are written with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    content = msgspec.json.encode(message) if message is not None else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET" if content is None else "POST", path, content, named)
        answer = connection.getresponse()
        return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def embedded(page: bytes) -> str:
    (found,) = re.findall(r'<script id="assignment" type="application/json">(.*?)</script>', page.decode(), re.DOTALL)
    return str(found)
