"""The local server: pages, framework files, models and data out; phases and reports in. Loopback only.

A page is trusted only with the token of the visit that it was opened for, only under a loopback name, and only with
messages that follow the schema and the size limit. It serves howfar's page folder, the packages that the registry
names, and the bytes registered with it: nothing else.
"""

import asyncio
import contextlib
import hmac
import mimetypes
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from howfar.errors import UserError
from howfar.handed import Assignment
from howfar.outcomes import Report
from howfar.pages import SafeHeaders, page_files, page_with
from howfar.records import PhaseName
from howfar.vendor import packages_dir
from howfar.visits import Visit

# The largest report seen is about 1 MB (3 metrics of 10 s at 0.4 ms a sample); a message past this is not one of ours.
MAX_MESSAGE_BYTES = 32_000_000

# A process says nothing while a phase lasts, and asks on the same connection when it is over: the usual 5 s cut off a
# native task that took 5.3 s to load its model.
KEEP_ALIVE_SECONDS = 86_400

# Models are served again and again, and made anew in seconds: the largest network's weights are a third of a gigabyte.
MAX_KEPT_BYTES = 256_000_000


Assign = Callable[[Mapping[str, str]], Assignment]
Routes = Sequence[BaseRoute]


class Server:
    """Use as a context manager; it runs in a thread of its own."""

    def __init__(
        self, *, port: int = 0, assign: Assign | None = None, adapters: Path | None = None, routes: Routes = ()
    ) -> None:
        """`port` 0 = any free one. `assign`: makes the assignment of a page that a person opened (none: 404).
        `adapters`: a folder of further adapters, served under /adapters. `routes`: what else is served."""
        self._assign = assign
        self._visits: dict[str, Visit] = {}
        self._blobs: dict[str, bytes] = {}
        self._files: dict[str, Path] = {}
        self._packages = StaticFiles(directory=packages_dir(), check_dir=False)
        self._opened = 0
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._app(adapters, routes),
            log_level="error",
            lifespan="off",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> "Server":
        self._thread.start()
        while not self._uvicorn.started and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(timeout=5)
        self._socket.close()

    def add_blob(self, path: str, make: Callable[[], bytes]) -> str:
        """Serves the bytes that `make` gives under /blobs/`path`; they are made once. Returns the URL path."""
        self._blobs[path] = self._blobs.pop(path) if path in self._blobs else make()
        return f"/blobs/{path}"

    def add_file(self, path: str, file: Path) -> str:
        """Serves a file from the disk under /files/`path`, piece by piece. Returns the URL path."""
        self._files[path] = file
        return f"/files/{path}"

    def forget_blobs(self) -> None:
        """Lets go of what was added longest ago, until what is left is no more than may be kept. Called before a task's
        own are added, however large those are."""
        kept = sum(map(len, self._blobs.values()))
        for path in list(self._blobs):
            if kept <= MAX_KEPT_BYTES:
                return
            kept -= len(self._blobs.pop(path))

    def blob_bytes(self, url: str) -> int:
        """The size of what was added under that URL path."""
        return len(self._blobs[url.removeprefix("/blobs/")])

    @contextlib.contextmanager
    def expect(self, assignment: Assignment) -> Iterator[Visit]:
        """Opens the door for one visit, and closes it again."""
        self._opened += 1
        token, task = secrets.token_urlsafe(16), assignment.task.id
        # A host name of its own gives the page an origin, and so a renderer process and storage, of its own.
        url = f"http://p{self._opened}.localhost:{self.port}/run/?task={task}&token={token}"
        visit = self._visits[task] = Visit(assignment, url, token)
        try:
            yield visit
        finally:
            del self._visits[task]

    def _app(self, adapters: Path | None, more: Routes) -> Starlette:
        routes = [
            Route("/run/", self._page),
            Route("/tasks/{task}", self._fetch),
            Route("/tasks/{task}/alive", self._alive),
            Route("/tasks/{task}/phase", self._phase, methods=["POST"]),
            Route("/tasks/{task}/report", self._report, methods=["POST"]),
            Route("/blobs/{path:path}", self._blob),
            Route("/files/{path:path}", self._file),
            Route("/page/{path:path}", self._page_file),
            Mount("/packages", self._package_file),
            *more,
        ]
        if adapters:
            routes.append(Mount("/adapters", StaticFiles(directory=adapters)))
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "*.localhost", "127.0.0.1"])
        return Starlette(routes=routes, middleware=[Middleware(SafeHeaders), hosts])

    def _visit(self, request: Request) -> Visit:
        visit = self._visits.get(request.path_params["task"])
        token = request.headers.get("x-howfar-token", "")
        if visit is None or not hmac.compare_digest(visit.token.encode(), token.encode()):
            raise HTTPException(404)
        return visit

    async def _fetch(self, request: Request) -> Response:
        visit = self._visit(request)
        visit.put("fetched")
        return json_answer(visit.assignment)

    async def _page_file(self, request: Request) -> Response:
        """From memory: a page waits for these files with a browser that has just started."""
        content = page_files().get(request.path_params["path"])
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type=mimetypes.guess_type(request.url.path)[0])

    async def _page(self, request: Request) -> Response:
        """The page with its assignment in it: of the visit whose task and token it names, else of a person's wish."""
        query = request.query_params
        visit = self._visits.get(query.get("task", ""))
        if visit and hmac.compare_digest(visit.token.encode(), query.get("token", "").encode()):
            visit.put("fetched")
            return Response(page_with(visit.assignment), media_type="text/html")
        return Response(page_with(self._wished(request)), media_type="text/html")

    def _wished(self, request: Request) -> Assignment:
        """Only a person's own navigation may ask: no other site's page, frame or link."""
        if self._assign is None or request.headers.get("sec-fetch-site", "none") != "none":
            raise HTTPException(404)
        try:
            return self._assign(dict(request.query_params))
        except UserError as error:
            raise HTTPException(400, str(error)) from None

    async def _alive(self, request: Request) -> Response:
        """Answers nothing: the connection lasts as long as the process that measures."""
        visit = self._visit(request)
        visit.put("arrived")
        while (await request.receive())["type"] != "http.disconnect":
            pass
        visit.put("gone")
        return Response()

    async def _phase(self, request: Request) -> Response:
        visit = self._visit(request)
        phase = await _read(request, visit, PhaseName)
        visit.put("phase", phase)
        visit.on_phase(phase)
        return Response()

    async def _report(self, request: Request) -> Response:
        visit = self._visit(request)
        report = await _read(request, visit, Report)
        if report.task_id != visit.assignment.task.id:
            raise _refuse(visit, "the report is of another task")
        visit.went_well = report.status == "ok"
        visit.put("report", report)
        return json_answer(await _onward(request, visit))

    async def _package_file(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page's host name tells whose request it is."""
        host = Headers(scope=scope).get("host", "")
        for visit in list(self._visits.values()):
            if visit.url.startswith(f"http://{host}/"):
                visit.library_files.add(scope["path"].removeprefix("/packages/"))
        await self._packages(scope, receive, send)

    async def _file(self, request: Request) -> Response:
        file = self._files.get(request.path_params["path"])
        if file is None:
            raise HTTPException(404)
        kind, _ = mimetypes.guess_type(file.name)
        return FileResponse(file, media_type=kind or "application/octet-stream")

    async def _blob(self, request: Request) -> Response:
        content = self._blobs.get(request.path_params["path"])
        if content is None:
            raise HTTPException(404)
        kind, _ = mimetypes.guess_type(request.path_params["path"])
        return Response(content, media_type=kind or "application/octet-stream")


def _listen(port: int) -> socket.socket:
    # asyncio sends small writes at once only on sockets that say they are TCP: otherwise the two parts of an answer
    # wait for an acknowledgement between them, 40 ms that a load over HTTP would be charged with.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        mend = "choose another with --port, or leave it out for a free one"
        raise UserError(f"port {port} can't be had ({error})", where="127.0.0.1", mend=mend) from None
    return listener


def json_answer(value: Any) -> Response:
    """A record, as it goes out."""
    return Response(msgspec.json.encode(value), media_type="application/json")


async def _onward(request: Request, visit: Visit) -> str:
    """Where its page goes from here, as soon as that is known; who hangs up meanwhile goes nowhere."""
    if visit.onward is None:
        return ""
    told = asyncio.wrap_future(visit.onward)
    hung_up = asyncio.ensure_future(request.receive())  # its message is read: what else comes is its end
    await asyncio.wait((told, hung_up), return_when=asyncio.FIRST_COMPLETED)
    hung_up.cancel()
    if told.done():
        return told.result()
    visit.onward.cancel()
    return ""


async def _read(request: Request, visit: Visit, kind: Any) -> Any:
    try:
        return await read_message(request, kind)
    except HTTPException as error:
        raise _refuse(visit, error.detail, error.status_code) from None


async def read_message(request: Request, kind: Any) -> Any:
    """What is posted, as a record of that kind.

    Raises: HTTPException where it is too large, or no such record.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_MESSAGE_BYTES:
            raise HTTPException(413, f"a message of over {MAX_MESSAGE_BYTES} bytes")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise HTTPException(400, str(error)) from None


def _refuse(visit: Visit, why: str, status: int = 400) -> HTTPException:
    visit.put("refused", why)
    return HTTPException(status, why)
