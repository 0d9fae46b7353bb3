"""The page folder as it is served: its files, the first page with its assignment, and the headers on every answer."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from howfar.handed import Assignment

# Isolation gives the 5 us clock and threads; no-store keeps every load a cold one.
HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


PAGE = Path(str(files("howfar").joinpath("page")))


@cache
def page_files() -> Mapping[str, bytes]:
    """Every file of the page folder, by its path in it."""
    return {path.relative_to(PAGE).as_posix(): path.read_bytes() for path in PAGE.rglob("*") if path.is_file()}


def page_with(assignment: Assignment) -> str:
    """index.html with the assignment in it, a round trip less for a browser that has just started, and with the map of
    imports, which must be there before any module."""
    parts = {"assignment": assignment, "imports": {"imports": assignment.imports}}
    page = page_files()["index.html"].decode()
    for name, part in parts.items():
        page = page.replace(f"<!-- {name} -->", msgspec.json.encode(part).decode().replace("<", "\\u003c"))
    return page


class SafeHeaders:
    """Puts HEADERS on every answer, and UTF-8 on JavaScript (brain.js dies without it)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if "javascript" in headers.get("content-type", ""):
                    headers["content-type"] = "text/javascript; charset=utf-8"
            await send(message)

        await self.app(scope, receive, send_with_headers)
