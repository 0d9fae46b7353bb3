"""The server's door for the extension: which page is to be open, and what was sampled of it.

The extension asks again and again, and says each time which page it has open; it is answered as soon as that is to be
another one. So nothing is lost with it: when its browser stops it, its next life is told where the run stands.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import html
import json
import math
import mimetypes
import secrets
import threading
import time
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from howfar.errors import UserError
from howfar.observed import ExtensionSamples
from howfar.records import SCHEMA, Count, Text
from howfar.server import json_answer, read_message
from howfar.visits import Visit

FOLDER = Path(str(files("howfar").joinpath("extension")))
# What of the folder its page needs; the rest is the browser's to load.
PAGE_FILES = ("page.js", "page.css")

# So long an asking extension is kept waiting. A browser stops one whose question is not answered in 30 s.
ANSWER_SECONDS = 10.0
# It asks again at once; one that has not asked for so much longer is gone.
SILENCE_SECONDS = ANSWER_SECONDS + 5.0

# So often a wait for a person looks up. Python runs no handler of a signal while its main thread waits for a lock, if
# the signal came to another thread: a wait without end could not be stopped by Ctrl-C.
LOOK_SECONDS = 1.0

Name = Annotated[str, Meta(max_length=200)]


class Asking(Struct, frozen=True, forbid_unknown_fields=True):
    """What the extension says of itself: the task whose page it has open, in which tab; why it samples nothing; the
    browser's own process. `life`: it has another when it was stopped and started again."""

    life: Name
    task: Name = ""
    tab: Count | None = None
    unavailable: Text = ""
    browser_pid: Count | None = None
    browser_version: Name = ""
    schema: Literal[3] = SCHEMA


class Wanted(Struct, frozen=True):
    """The page that is to be open, none without a task. `what`: as a person says it. `tab`: where it is open already.
    `since_ms`: when the visit began, in ms of Unix time. `ended`: the run is over."""

    task: str = ""
    url: str = ""
    what: str = ""
    tab: int | None = None
    since_ms: float = 0.0
    ended: bool = False


class Upload(Struct, frozen=True, forbid_unknown_fields=True):
    """What was sampled of one page, when it is closed."""

    task: Name
    samples: ExtensionSamples
    schema: Literal[3] = SCHEMA


class Driving:
    """The one extension of a run: what the runner wants of it, and what it says. The runner calls from its thread, the
    extension through the server's."""

    def __init__(self, invite: Callable[[str], None] | None = None) -> None:
        """`invite`: a person opens the browser, and loads the extension; told of the page that says how, whenever there
        is no extension and one is needed."""
        self._invite = invite
        self._version = ""  # the person's browser's, when it came first
        self.token = secrets.token_urlsafe(16)
        self.port = 0  # the server's, once it has one
        # Why there is no extension, where none answered when the run began.
        self.silence = ""
        self._changed = threading.Condition()
        self._wanted = Wanted()
        self._asking: Asking | None = None
        self._asked_at = -math.inf
        self._uploads: dict[str, ExtensionSamples] = {}
        # Of those who ask and are kept waiting: set, they are answered.
        self._waiting: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def by_hand(self) -> bool:
        """Whether a person opens the browser."""
        return self._invite is not None

    @property
    def page_url(self) -> str:
        """The page that says how, and that hands the token to the extension."""
        return f"http://localhost:{self.port}/extension/?token={self.token}"

    def answers(self) -> bool:
        """Whether the extension is there."""
        return time.monotonic() - self._asked_at < SILENCE_SECONDS

    def wait(self, seconds: float) -> Asking | None:
        """What the extension says of itself, as soon as it is there; nothing where it was silent for so long."""
        with self._changed:
            self._changed.wait_for(self.answers, seconds)
            return self._asking if self.answers() else None

    def person(self) -> Asking:
        """What the extension in a person's browser says of itself; the person, who may have closed it, is waited for.

        Raises: UserError where it comes back in another version than the run began with.
        """
        asking = self.wait(0)
        if asking is None and self._invite:
            self._invite(self.page_url)
        while asking is None:
            asking = self.wait(LOOK_SECONDS)
        if self._version not in ("", asking.browser_version):
            what = f"{asking.browser_version or 'another browser'} answers, and the run began with {self._version}"
            raise UserError(what, where="the extension", mend="the same command goes on, by what answers then")
        self._version = asking.browser_version
        return asking

    def forget(self) -> None:
        """Its browser is gone, or another comes: who asks next is a new one."""
        with self._changed:
            self._asked_at, self._asking = -math.inf, None
        self._want(Wanted())

    def open(self, visit: Visit) -> None:
        """Has the extension open the page of a visit."""
        task = visit.assignment.task
        since_s = time.time() - (time.monotonic() - visit.opened_at)
        self._uploads.clear()
        self._want(Wanted(task.id, visit.url, task.describe(), since_ms=since_s * 1000))

    def close(self, seconds: float) -> ExtensionSamples:
        """Has it close the page that is open. Returns what it sampled; where it does not answer within so long, why
        there is nothing."""
        task = self._wanted.task
        self._want(Wanted())
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed(task), seconds)
            return self._uploads.pop(task, None) or self._nothing(seconds)

    def is_free(self) -> bool:
        """Whether the extension is there, and has no page open."""
        return self.answers() and self._asking is not None and not self._asking.task

    def end(self) -> None:
        """The run is over: the extension is told, if it is there."""
        self._want(Wanted(ended=True))
        with self._changed:
            self._changed.wait_for(lambda: not self.answers(), 1.0)

    def _nothing(self, seconds: float) -> ExtensionSamples:
        return ExtensionSamples(unavailable=f"the extension did not say within {seconds:g} s what it sampled")

    def _is_closed(self, task: str) -> bool:
        return task in self._uploads and self.is_free()

    def _want(self, wanted: Wanted) -> None:
        with self._changed:
            self._wanted = wanted
        with contextlib.suppress(RuntimeError):  # the server has ended
            if self._loop:
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()

    # The extension's side.

    def routes(self) -> list[Route]:
        """For the server."""
        return [
            Route("/extension/", self._page),
            Route("/extension/next", self._next, methods=["POST"]),
            Route("/extension/samples", self._samples, methods=["POST"]),
            Route("/extension/{name}", self._page_file),
        ]

    def _admit(self, request: Request, token: str) -> None:
        if not hmac.compare_digest(self.token.encode(), token.encode()):
            raise HTTPException(404)
        if request.method == "POST" and request.headers.get("origin") != f"chrome-extension://{extension_id()}":
            raise HTTPException(404)

    async def _page(self, request: Request) -> Response:
        self._admit(request, request.query_params.get("token", ""))
        page = (FOLDER / "page.html").read_text("utf-8")
        for name, value in {"extension": extension_id(), "folder": str(FOLDER)}.items():
            page = page.replace(f"<!-- {name} -->", html.escape(value))
        return Response(page, media_type="text/html")

    async def _page_file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in PAGE_FILES:
            raise HTTPException(404)
        return Response((FOLDER / name).read_bytes(), media_type=mimetypes.guess_type(name)[0])

    async def _next(self, request: Request) -> Response:
        asking: Asking = await self._read(request, Asking)
        self._note(asking)
        self._loop = asyncio.get_running_loop()
        await self._wait_for_news(asking)
        return json_answer(self._answer(asking))

    async def _wait_for_news(self, asking: Asking) -> None:
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            if not self._news_for(asking):
                await asyncio.wait_for(event.wait(), ANSWER_SECONDS)
        except TimeoutError:
            pass  # it asks again
        finally:
            self._waiting.discard(event)

    def _answer(self, asking: Asking) -> Wanted:
        with self._changed:
            if self._asking is asking:  # and not one that was forgotten, or has asked again, meanwhile
                self._asked_at = -math.inf if self._wanted.ended else time.monotonic()
                self._changed.notify_all()
            return self._wanted

    def _note(self, asking: Asking) -> None:
        with self._changed:
            before = self._asking
            if before and before.life != asking.life:
                if self.answers():
                    raise HTTPException(409, "the extension of another browser is at work")
                self._adopt(before, asking)
            self._asking, self._asked_at = asking, time.monotonic()
            self._changed.notify_all()

    def _adopt(self, before: Asking, asking: Asking) -> None:
        """The page that an earlier life in the same browser had opened stays open, where it is still wanted."""
        if before.task and before.task == self._wanted.task and before.browser_pid == asking.browser_pid:
            self._wanted = structs.replace(self._wanted, tab=before.tab)

    def _news_for(self, asking: Asking) -> bool:
        return self._wanted.ended or self._wanted.task != asking.task

    async def _samples(self, request: Request) -> Response:
        upload: Upload = await self._read(request, Upload)
        with self._changed:
            if not self._asking or upload.task != self._asking.task:
                raise HTTPException(400, "no such task is open")
            self._uploads[upload.task] = upload.samples
            self._changed.notify_all()
        return json_answer(None)

    async def _read(self, request: Request, kind: Any) -> Any:
        self._admit(request, request.headers.get("x-howfar-token", ""))
        return await read_message(request, kind)


@cache
def extension_id() -> str:
    """What Chromium calls the extension: its manifest's key, hashed, in the letters from a to p."""
    key = base64.b64decode(json.loads((FOLDER / "manifest.json").read_bytes())["key"])
    return "".join(chr(ord("a") + int(digit, 16)) for digit in hashlib.sha256(key).hexdigest()[:32])
