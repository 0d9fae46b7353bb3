"""The extension's door: who is let in, what it is told, and what it may say."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import asked
from howfar import driving, server
from howfar.driving import Asking, Driving, Upload, Wanted
from howfar.observed import ExtensionSample, ExtensionSamples
from howfar.server import Server
from howfar.visits import Visit
from knocking import Answer, ask

TASK = asked.task()
ORIGIN = f"chrome-extension://{driving.extension_id()}"
SAMPLES = ExtensionSamples((ExtensionSample(1.5, "page", 7, 99.5, 10**8, 10**6), ExtensionSample(1.5, "gpu", 8)))
NEW = Asking("one")
OPEN = Asking("one", TASK.id, tab=3)

# A question that nothing happens to is answered after so many seconds, instead of as many as in a run.
PATIENCE = 0.5


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driving]:
    monkeypatch.setattr(driving, "ANSWER_SECONDS", PATIENCE)
    made = Driving()
    with Server(routes=made.routes()) as served:
        made.port = served.port
        yield made


def visit(task: Any = TASK) -> Visit:
    return Visit(asked.assignment(task), "http://p1.localhost:1/run/", "token")


def post(driver: Driving, what: str, message: Any = None, **rest: Any) -> Answer:
    headers = {"x_howfar_token": driver.token, "Origin": ORIGIN}
    return ask(driver.port, f"/extension/{what}", message, **(headers | rest))


def wanted(answer: Answer) -> Wanted:
    assert answer.status == 200, answer.body
    return msgspec.json.decode(answer.body, type=Wanted)


def ask_in_time(driver: Driving, asking: Asking, then: Callable[[], None]) -> tuple[Wanted, float]:
    """Asks, and lets something happen 50 ms later. Returns the answer and how long it took."""
    timer = threading.Timer(0.05, then)
    start = time.monotonic()
    timer.start()
    answer = wanted(post(driver, "next", asking))
    took = time.monotonic() - start
    timer.join()
    return answer, took


def test_the_manifest_asks_for_no_more_than_it_needs() -> None:
    manifest = json.loads((driving.FOLDER / "manifest.json").read_bytes())
    assert manifest["manifest_version"] == 3
    assert manifest["permissions"] == ["processes"]
    assert manifest["host_permissions"] == ["http://localhost/*"]
    assert manifest["externally_connectable"] == {"matches": ["http://localhost/extension/*"]}
    assert "connect-src http://localhost:*" in manifest["content_security_policy"]["extension_pages"]
    assert not {"content_scripts", "optional_permissions", "web_accessible_resources"} & set(manifest)


def test_its_name_is_what_chromium_makes_of_its_key() -> None:
    assert driving.extension_id() == "ilgohjkphaeokbcaecbgmlcnpogmjkkf"


def test_the_page_that_says_how_needs_the_token(driver: Driving) -> None:
    page = ask(driver.port, driver.page_url.partition(str(driver.port))[2])
    assert page.status == 200
    text = page.body.decode()
    assert str(driving.FOLDER) in text and driving.extension_id() in text and "<!--" not in text
    for query in ("", "?token=", "?token=wrong"):
        assert ask(driver.port, f"/extension/{query}").status == 404


@pytest.mark.parametrize(
    ("name", "status"),
    [("page.js", 200), ("page.css", 200), ("manifest.json", 404), ("worker.js", 404), ("..%2fserver.py", 404)],
)
def test_of_its_folder_only_the_page_s_files_are_served(driver: Driving, name: str, status: int) -> None:
    assert ask(driver.port, f"/extension/{name}").status == status


@pytest.mark.parametrize("what", ["", "next", "samples", "page.js"])
def test_a_run_without_the_extension_has_no_door_for_it(what: str) -> None:
    with Server() as plain:
        assert ask(plain.port, f"/extension/{what}", {} if what else None).status == 404


@pytest.mark.parametrize(
    "rest",
    [
        {"x_howfar_token": ""},
        {"x_howfar_token": "wrong"},
        {"x_howfar_token": "\xe4"},
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://localhost"},
        {"Origin": "chrome-extension://abcdefghijklmnopabcdefghijklmnop"},
    ],
)
@pytest.mark.parametrize(("what", "message"), [("next", NEW), ("samples", Upload(TASK.id, SAMPLES))])
def test_who_is_not_the_extension_of_this_run_is_not_let_in(
    driver: Driving, what: str, message: Any, rest: dict[str, str]
) -> None:
    assert post(driver, what, message, **rest).status == 404
    assert not driver.answers()


@pytest.mark.parametrize("what", ["next", "samples"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"life": 1}', b'{"task": "a"}', b'{"life": "a", "more": 1}'])
def test_what_is_no_message_is_refused(driver: Driving, what: str, body: bytes) -> None:
    assert post(driver, what, body=body).status == 400
    assert not driver.answers()


@pytest.mark.parametrize(
    "change",
    [
        {"cpu_percent": -1},
        {"cpu_percent": "NaN"},
        {"role": "browser"},
        {"pid": -1},
        {"private_bytes": 1.5},
        {"at_s": None},
        {"more": 1},
    ],
)
def test_samples_against_the_schema_are_refused(driver: Driving, change: dict[str, Any]) -> None:
    driver.open(visit())
    driver_asks(driver)
    sample = {**msgspec.to_builtins(SAMPLES.samples[0]), **change}
    message = {"task": TASK.id, "samples": {"samples": [sample], "unavailable": ""}, "schema": 3}
    assert post(driver, "samples", message).status == 400


def driver_asks(driver: Driving) -> None:
    """The extension has the page open, and asks on."""
    threading.Thread(target=post, args=(driver, "next", OPEN), daemon=True).start()
    while not driver.answers():
        time.sleep(0.005)


def test_too_much_at_once_is_refused(driver: Driving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_MESSAGE_BYTES", 1000)
    much = ExtensionSamples(SAMPLES.samples * 100)
    assert post(driver, "samples", Upload(TASK.id, much)).status == 413


def test_samples_of_a_page_that_is_not_open_are_refused(driver: Driving) -> None:
    assert post(driver, "samples", Upload(TASK.id, SAMPLES)).status == 400
    driver.open(visit())
    driver_asks(driver)
    assert post(driver, "samples", Upload("another", SAMPLES)).status == 400
    assert post(driver, "samples", Upload(TASK.id, SAMPLES)).status == 200


def test_it_is_told_at_once_what_is_to_be_open(driver: Driving) -> None:
    answer, took = ask_in_time(driver, NEW, lambda: driver.open(visit()))
    assert (answer.task, answer.url, answer.tab, answer.ended) == (TASK.id, "http://p1.localhost:1/run/", None, False)
    assert answer.what == TASK.describe()
    assert 0.05 <= took < 0.25
    assert abs(answer.since_ms / 1000 - time.time()) < 1


def test_where_there_is_nothing_new_it_is_answered_after_a_while(driver: Driving) -> None:
    start = time.monotonic()
    assert wanted(post(driver, "next", NEW)) == Wanted()
    assert PATIENCE <= time.monotonic() - start < 1


def test_a_page_is_opened_and_closed_and_its_samples_come_back(driver: Driving) -> None:
    found: list[ExtensionSamples] = []
    driver.open(visit())
    closing = threading.Thread(target=lambda: found.append(driver.close(5)))
    answer, _ = ask_in_time(driver, OPEN, closing.start)
    assert answer == Wanted()
    assert post(driver, "samples", Upload(TASK.id, SAMPLES)).status == 200
    time.sleep(0.05)
    assert not found  # its tab may still be there
    assert wanted(post(driver, "next", NEW)) == Wanted()
    closing.join()
    assert found == [SAMPLES]


def test_an_extension_that_says_nothing_leaves_a_reason(driver: Driving) -> None:
    driver.open(visit())
    found = driver.close(0.05)
    assert found == ExtensionSamples(unavailable="the extension did not say within 0.05 s what it sampled")
    assert not driver.is_free()
    assert driver.wait(0.05) is None


def test_another_browser_s_extension_waits_until_the_first_is_silent(
    driver: Driving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A life that was stopped is silent too: the next one takes its page over."""
    driver.open(visit())
    driver_asks(driver)
    assert post(driver, "next", Asking("two")).status == 409
    monkeypatch.setattr(driving, "SILENCE_SECONDS", 0.0)
    answer = wanted(post(driver, "next", Asking("two")))
    assert (answer.task, answer.tab) == (TASK.id, 3)


def test_a_tab_of_one_browser_is_not_looked_for_in_another(driver: Driving, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.open(visit())
    driver_asks(driver)
    monkeypatch.setattr(driving, "SILENCE_SECONDS", 0.0)
    answer = wanted(post(driver, "next", Asking("two", browser_pid=7)))
    assert (answer.task, answer.tab) == (TASK.id, None)


def test_a_browser_that_was_ended_is_forgotten_with_what_it_had_open(driver: Driving) -> None:
    driver.open(visit())
    driver_asks(driver)
    driver.forget()
    assert not driver.answers()
    assert wanted(post(driver, "next", Asking("two"))) == Wanted()
    assert driver.wait(0) == Asking("two")
    time.sleep(PATIENCE + 0.1)  # the question that was forgotten has been answered meanwhile
    assert driver.wait(0) == Asking("two")


def test_the_end_of_the_run_is_told(driver: Driving) -> None:
    answer, took = ask_in_time(driver, NEW, driver.end)
    assert answer.ended and took < 0.25
    assert not driver.answers()
    start = time.monotonic()
    driver.end()  # with nobody there to be told
    assert time.monotonic() - start < 0.1


def test_the_server_ends_without_a_word_while_the_extension_of_a_dead_browser_waits(
    capfd: pytest.CaptureFixture[str],
) -> None:
    made = Driving()
    with Server(routes=made.routes()) as served:
        made.port = served.port
        threading.Thread(target=post, args=(made, "next", NEW), daemon=True).start()
        assert made.wait(5) == NEW
        made.forget()
        made.end()
        start = time.monotonic()
    assert time.monotonic() - start < 0.9
    assert capfd.readouterr().err == ""


def test_the_folder_is_an_extension_that_a_browser_can_load() -> None:
    manifest = json.loads((driving.FOLDER / "manifest.json").read_bytes())
    assert (driving.FOLDER / manifest["background"]["service_worker"]).is_file()
    assert {path.name for path in Path(driving.FOLDER).iterdir()} >= {"page.html", *driving.PAGE_FILES}
