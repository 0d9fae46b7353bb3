"""The door: who is let in, what is served, and what is refused."""

import http.client
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psutil
import pytest

import asked
from howfar import pages, server
from howfar.errors import UserError
from howfar.handed import Assignment
from howfar.records import Status
from howfar.server import Server
from howfar.visits import Visit
from knocking import Answer, ask, embedded

TASK = asked.task()
ASSIGNMENT = asked.assignment(TASK)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a package in its cache, and a secret beside the packages."""
    cache = tmp_path_factory.mktemp("cache")
    package = cache / "packages" / "made" / "1.0.0"
    package.mkdir(parents=True)
    (package / "made.js").write_text("made = 'mu: \N{GREEK SMALL LETTER MU}';", "utf-8")
    (cache / "secret.txt").write_text("secret")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOWFAR_CACHE", str(cache))
        with Server() as running:
            running.add_blob("weights.bin", lambda: b"\0\1\2")
            for name in ("model.json", "kernels.js", "kernels.wasm", "model.onnx"):
                running.add_blob(f"made/{name}", name.encode)
            yield running


@pytest.fixture
def visit(served: Server) -> Iterator[Visit]:
    with served.expect(ASSIGNMENT) as opened:
        yield opened


def post(served: Server, visit: Visit, what: str, message: Any = None, **rest: Any) -> Answer:
    path = f"/tasks/{visit.assignment.task.id}/{what}"
    return ask(served.port, path, message, **({"x_howfar_token": visit.token} | rest))


def events(visit: Visit) -> list[tuple[str, Any]]:
    """All that came, oldest first; waits a while for the first."""
    found = [visit.events.get(timeout=5)]
    while not visit.events.empty():
        found.append(visit.events.get())
    return [(event.kind, event.value) for event in found]


def test_every_answer_isolates_the_page_and_is_not_kept(served: Server) -> None:
    for path in ("/page/main.js", "/blobs/weights.bin", "/packages/made/1.0.0/made.js", "/nowhere", "/tasks/x"):
        headers = ask(served.port, path).headers
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-embedder-policy"] == "require-corp"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/page/main.js", "/page/frameworks/tfjs.js", "/packages/made/1.0.0/made.js"])
def test_javascript_says_that_it_is_utf_8(served: Server, path: str) -> None:
    answer = ask(served.port, path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")


def test_files_are_served_as_they_are(served: Server) -> None:
    assert ask(served.port, "/blobs/weights.bin").body == b"\0\1\2"
    assert ask(served.port, "/page/main.js").body == (pages.PAGE / "main.js").read_bytes()
    assert ask(served.port, "/packages/made/1.0.0/made.js").body.decode() == "made = 'mu: \N{GREEK SMALL LETTER MU}';"
    assert ask(served.port, "/page/style.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("model.json", "application/json"),
        ("kernels.js", "text/javascript; charset=utf-8"),
        ("kernels.wasm", "application/wasm"),  # what streaming compilation asks for
        ("model.onnx", "application/octet-stream"),
    ],
)
def test_a_saved_model_s_files_are_of_their_own_kinds(served: Server, name: str, kind: str) -> None:
    answer = ask(served.port, f"/blobs/made/{name}")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, name.encode(), kind)


def test_a_blob_is_made_once_and_kept_until_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def make() -> bytes:
        made.append(1)
        return b"12345"

    with Server() as server:
        for name in ("a", "b", "a"):
            server.add_blob(name, make)
        assert len(made) == 2
        server.forget_blobs()
        monkeypatch.setattr("howfar.server.MAX_KEPT_BYTES", 5)
        server.forget_blobs()  # `b`, which was asked for longest ago
        server.add_blob("a", make)
        assert len(made) == 2
        server.add_blob("b", make)
        assert len(made) == 3


def test_a_blob_knows_its_size(served: Server) -> None:
    url = served.add_blob("made/sized.json", lambda: b"12345")
    assert url == "/blobs/made/sized.json"
    assert served.blob_bytes(url) == 5


@pytest.mark.parametrize(
    "path",
    [
        "/page/../records.py",
        "/page/%2e%2e/records.py",
        "/page/..%2frecords.py",
        "/page//etc/passwd",
        "/page/",
        "/packages/../secret.txt",
        "/packages/%2e%2e/secret.txt",
        "/packages/..%2fsecret.txt",
        "/packages/made/../../secret.txt",
        "/packages/made/%2e%2e/%2e%2e/secret.txt",
        "/packages//etc/passwd",
        "/packages/%2fetc%2fpasswd",
        "/packages/",
        "/packages/made",
        "/blobs/../page/main.js",
        "/blobs/",
        "/blobs/other.bin",
        "/adapters/any.js",
        "/",
    ],
)
def test_nothing_else_is_served(served: Server, path: str) -> None:
    assert ask(served.port, path).status == 404


@pytest.mark.parametrize("host", ["localhost", "p7.localhost", "127.0.0.1"])
def test_loopback_names_are_let_in(served: Server, host: str) -> None:
    assert ask(served.port, "/page/main.js", Host=f"{host}:{served.port}").status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1", ""])
def test_another_name_is_not(served: Server, host: str) -> None:
    """A name that someone else's server resolves to this machine gives their page this one's origin."""
    assert ask(served.port, "/page/main.js", Host=host).status == 400


def test_the_assignment_is_given_to_who_has_the_token(served: Server, visit: Visit) -> None:
    answer = ask(served.port, f"/tasks/{TASK.id}", x_howfar_token=visit.token)
    assert msgspec.json.decode(answer.body, type=Assignment) == ASSIGNMENT
    assert events(visit) == [("fetched", None)]


@pytest.mark.parametrize("token", [None, "", "wrong", "\xe4"])
@pytest.mark.parametrize("what", ["", "/alive", "/phase", "/report"])
def test_who_has_not_is_not_let_in(served: Server, visit: Visit, what: str, token: str | None) -> None:
    headers: dict[str, Any] = {} if token is None else {"x_howfar_token": token}
    message = {"/phase": "first", "/report": asked.report(TASK)}.get(what)
    assert ask(served.port, f"/tasks/{TASK.id}{what}", message, **headers).status == 404
    assert visit.events.empty()


def test_a_visit_s_token_is_no_other_s(served: Server, visit: Visit) -> None:
    other = asked.task(seed=1)
    with served.expect(asked.assignment(other)) as second:
        assert second.token != visit.token
        assert ask(served.port, f"/tasks/{other.id}", x_howfar_token=visit.token).status == 404


def test_the_door_is_closed_after_the_visit(served: Server) -> None:
    with served.expect(ASSIGNMENT) as over:
        pass
    assert ask(served.port, f"/tasks/{TASK.id}", x_howfar_token=over.token).status == 404
    assert ask(served.port, path_of(over)).status == 404


def path_of(visit: Visit) -> str:
    parts = urlsplit(visit.url)
    return f"{parts.path}?{parts.query}"


def test_a_visit_has_an_origin_of_its_own(served: Server, visit: Visit) -> None:
    with served.expect(asked.assignment(asked.task(seed=1))) as second:
        assert urlsplit(visit.url).netloc != urlsplit(second.url).netloc
        assert str(urlsplit(visit.url).hostname).endswith(".localhost")


def test_the_page_comes_with_its_assignment(served: Server, visit: Visit) -> None:
    answer = ask(served.port, path_of(visit))
    assert msgspec.json.decode(embedded(answer.body), type=Assignment) == ASSIGNMENT
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert events(visit) == [("fetched", None)]


@pytest.mark.parametrize("query", ["", "?task={task}", "?task={task}&token=wrong", "?task=other&token={token}"])
def test_the_page_of_a_visit_needs_its_token(served: Server, visit: Visit, query: str) -> None:
    path = "/run/" + query.format(task=TASK.id, token=visit.token)
    assert ask(served.port, path).status == 404
    assert visit.events.empty()


def test_what_is_embedded_can_not_leave_its_element(served: Server) -> None:
    script = "</script><script>alert(1)</script><!-- <script>"
    hostile = msgspec.structs.replace(ASSIGNMENT, data_url=script, adapter_url='/x"><script>alert(2)</script>')
    with served.expect(hostile) as visit:
        page = ask(served.port, path_of(visit)).body
    assert b"<script>alert" not in page
    assert msgspec.json.decode(embedded(page), type=Assignment) == hostile


def test_phases_and_the_report_arrive_in_order(served: Server, visit: Visit) -> None:
    told: list[str] = []
    visit.on_phase = told.append
    for phase in ("library_load", "first"):
        assert post(served, visit, "phase", phase).status == 200
    assert told == ["library_load", "first"]
    assert post(served, visit, "report", asked.report(TASK)).status == 200
    assert events(visit) == [("phase", "library_load"), ("phase", "first"), ("report", asked.report(TASK))]


def test_a_phase_is_told_before_the_page_goes_on(served: Server, visit: Visit) -> None:
    """The snapshots lie outside every sample because of this."""
    answered: list[bool] = []
    visit.on_phase = lambda _: answered.append(False)
    post(served, visit, "phase", "latency")
    assert answered == [False]


def test_a_page_is_told_where_to_go_when_it_has_reported(served: Server, visit: Visit) -> None:
    assert post(served, visit, "report", asked.report(TASK)).body == b'""'
    visit.onward = Future()
    threading.Timer(0.1, visit.onward.set_result, ["http://p2.localhost/"]).start()
    assert post(served, visit, "report", asked.report(TASK)).body == b'"http://p2.localhost/"'


def test_a_page_that_hangs_up_while_it_waits_goes_nowhere(served: Server, visit: Visit) -> None:
    visit.onward = Future()
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    body = msgspec.json.encode(asked.report(TASK))
    connection.request("POST", f"/tasks/{TASK.id}/report", body, {"x-howfar-token": visit.token})
    assert [kind for kind, _ in events(visit)] == ["report"]
    connection.close()
    with pytest.raises(CancelledError):
        visit.onward.result(timeout=5)


@pytest.mark.parametrize("status", ["ok", "page_error"])
def test_a_visit_knows_whether_it_went_well(served: Server, visit: Visit, status: Status) -> None:
    assert not visit.went_well
    post(served, visit, "report", msgspec.structs.replace(asked.report(TASK), status=status))
    assert visit.went_well is (status == "ok")


@pytest.mark.parametrize("name", ["negative-duration", "unknown-field", "sample-nan-as-string", "other-schema", "null"])
def test_a_report_against_the_schema_is_refused(served: Server, visit: Visit, name: str) -> None:
    (file,) = asked.fixtures("protocol", f"report-invalid-{name}.json")
    answer = post(served, visit, "report", body=file.read_bytes())
    assert answer.status == 400
    ((kind, why),) = events(visit)
    assert kind == "refused"
    assert answer.body.decode() == why


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'"coffee"', b"[]", b"[" * 100_000])
@pytest.mark.parametrize("what", ["phase", "report"])
def test_what_is_no_message_is_refused(served: Server, visit: Visit, what: str, body: bytes) -> None:
    assert post(served, visit, what, body=body).status == 400
    assert [kind for kind, _ in events(visit)] == ["refused"]


def test_a_report_of_another_task_is_refused(served: Server, visit: Visit) -> None:
    answer = post(served, visit, "report", asked.report(asked.task(seed=1)))
    assert answer.status == 400
    assert events(visit) == [("refused", "the report is of another task")]


def test_a_message_over_the_limit_is_refused(served: Server, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_MESSAGE_BYTES", 1000)
    assert post(served, visit, "report", asked.report(TASK, message="x" * 500)).status == 200
    assert post(served, visit, "report", asked.report(TASK, message="x" * 1000)).status == 413
    kinds = [kind for kind, _ in events(visit)]
    assert kinds == ["report", "refused"]


def test_a_report_as_large_as_they_get_is_taken(served: Server, visit: Visit) -> None:
    series = msgspec.structs.replace(asked.report(TASK).series[0], sample_ms=(0.123456789,) * 30_000)
    assert post(served, visit, "report", asked.report(TASK, series=(series,) * 5)).status == 200


def test_the_end_of_the_process_that_measures_is_seen(served: Server, visit: Visit) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", f"/tasks/{TASK.id}/alive", headers={"x-howfar-token": visit.token})
    assert visit.events.get(timeout=5).kind == "arrived"
    with pytest.raises(queue.Empty):
        visit.events.get(timeout=0.2)
    connection.close()
    assert events(visit) == [("gone", None)]


def test_a_port_that_is_taken_is_said_in_one_line(served: Server) -> None:
    with pytest.raises(UserError, match=f"port {served.port} can't be had") as caught:
        Server(port=served.port)
    assert "\n" not in str(caught.value)
    assert "--port" in str(caught.value)


@pytest.mark.parametrize("port", [-1, 65_536, 10**9])
def test_a_port_that_there_is_not_is_said_in_one_line(port: int) -> None:
    with pytest.raises(UserError, match=f"port {port} can't be had"):
        Server(port=port)


def test_only_this_machine_can_reach_it(served: Server) -> None:
    sockets = psutil.Process().net_connections("inet")
    listening = {one.laddr.ip for one in sockets if one.laddr.port == served.port and one.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_adapters_of_a_folder_are_served_from_it(tmp_path: Path) -> None:
    (tmp_path / "mine.js").write_text("export const adapter = {};")
    with Server(adapters=tmp_path) as running:
        answer = ask(running.port, "/adapters/mine.js")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert ask(running.port, "/adapters/../pyproject.toml").status == 404
