"""What was appended is never lost, and what is not a store of ours is refused in one line."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import asked
from howfar import sharing, store
from howfar.errors import UserError
from howfar.outcomes import Check, Noise, Outcome, Phase, RunFacts, Series, Span
from howfar.records import SCHEMA, Model, Task
from howfar.study import Part, Study

STUDY = asked.study()
MESSAGE = "a 'quoted' text; -- with \N{GREEK SMALL LETTER MU}s"
TASKS = [asked.task(model=Model("mlp", depth, 8)) for depth in (1, 2, 3)]

# What an operation took of it: the median of its samples, three operations each.
SECONDS = 0.1 / 3 / 1000


def outcome(task: Task = TASKS[0], **changes: Any) -> Outcome:
    """One with something in every field."""
    whole: dict[str, Any] = {
        "status": "ok",
        "environment": "here",
        "started_at": "2025-06-01T10:00:00+00:00",
        "message": MESSAGE,
        "facts": {"backend": "wasm", "tick_us": 5.0, "cross_origin_isolated": True, "gpu": None},
        "phases": (Phase("first", 1 / 3),),
        "series": (Series("latency", "timed", 3, (0.1, 0.2, 1e-9), "interval"),),
        "losses": (2.3, None),
        "check": Check(None, 5e-6),
        "live_tensors": (3, 4),
        "noise": Noise(1.5, 0.01, 0.2, (), (0.2, 0.25)),
        "timeline": (Span("idle", 0.25),),
    }
    return Outcome(task, **(whole | changes))


def run_facts(of: Study = STUDY) -> RunFacts:
    return RunFacts(of, "0.1.0", "2025-06-01T09:00:00+00:00", {"cores": 2}, asked.NAMES)


def filled(folder: Path, *outcomes: Outcome) -> Path:
    with store.create(folder) as opened:
        opened.add_run(run_facts())
        opened.add_environment("here", {"cores": 2})
        for one in outcomes or (outcome(),):
            opened.append(one)
    return folder


def test_what_was_appended_is_read_back_exactly(tmp_path: Path) -> None:
    written = [outcome(task) for task in TASKS]
    with store.read(filled(tmp_path, *written)) as opened:
        found = opened.results()
    assert found.outcomes == tuple(written)
    assert found.run == run_facts()
    assert found.environments == {"here": {"cores": 2}}


def test_a_run_whose_study_has_a_key_that_is_no_more_is_read(tmp_path: Path) -> None:
    file = filled(tmp_path) / store.FILE_NAME
    with sqlite3.connect(file) as connection:
        connection.execute("""UPDATE runs SET run = replace(run, '"study":{', '"study":{"first_backends":["cpu"],')""")
    connection.close()
    with store.read(tmp_path) as opened:
        assert opened.latest() == run_facts()


def test_the_file_itself_can_be_named(tmp_path: Path) -> None:
    with store.read(filled(tmp_path) / store.FILE_NAME) as opened:
        assert len(opened.results().outcomes) == 1


def begun(folder: Path, *outcomes: Outcome, **changes: Any) -> None:
    """A store of a study with these changes."""
    with store.create(folder) as opened:
        opened.add_run(run_facts(asked.study(**changes)))
        opened.add_environment("here", {"cores": 2})
        for one in outcomes:
            opened.append(one)


PARTS = tuple(Part(name, 1.0) for name in ("b", "a", "c", "d"))


def test_the_parts_of_its_study_are_in_folders_beneath(tmp_path: Path) -> None:
    begun(tmp_path, outcome(), parts=PARTS)
    for name in ("a", "b", "neighbour"):
        begun(tmp_path / name, outcome(), name=name)
    begun(tmp_path / "c", name="c")  # which a run has not come to
    begun(tmp_path / "d", outcome(), name="d", seed=7)  # of another seed
    found = store.whole(tmp_path)
    assert len(found.outcomes) == 1
    assert [part.run.study.name for part in found.parts] == ["b", "a"]
    assert not store.whole(tmp_path / "a").parts


def test_where_only_parts_were_measured_the_first_holds_the_others(tmp_path: Path) -> None:
    begun(tmp_path, parts=PARTS)
    assert "nothing was measured yet" in refusal(lambda: store.whole(tmp_path))
    for name in ("a", "b"):
        begun(tmp_path / name, outcome(), name=name)
    found = store.whole(tmp_path)
    assert [one.run.study.name for one in (found, *found.parts)] == ["b", "a"]


def test_the_last_attempt_wins_and_the_others_are_kept(tmp_path: Path) -> None:
    attempts = [outcome(attempt=1, disturbed=True), outcome(TASKS[1]), outcome(attempt=2)]
    with store.read(filled(tmp_path, *attempts)) as opened:
        found = opened.results().outcomes
    assert {one.task.id: one.attempt for one in found} == {TASKS[0].id: 2, TASKS[1].id: 1}
    with sqlite3.connect(tmp_path / store.FILE_NAME) as connection:
        rows = connection.execute("SELECT task_id, attempt FROM outcomes ORDER BY id").fetchall()
    connection.close()
    assert rows == [(TASKS[0].id, 1), (TASKS[1].id, 1), (TASKS[0].id, 2)]


def test_outcomes_of_two_environments_stand_side_by_side(tmp_path: Path) -> None:
    both = [outcome(), outcome(environment="there")]
    with store.read(filled(tmp_path, *both)) as opened:
        assert {one.environment for one in opened.results().outcomes} == {"here", "there"}


def test_outcomes_of_another_seed_are_kept_but_not_mixed_in(tmp_path: Path) -> None:
    stray = outcome(asked.task(seed=1))
    with store.read(filled(tmp_path, stray, outcome())) as opened:
        assert opened.results().outcomes == (outcome(),)
        assert stray.task.id in opened.done({"here"})


def test_a_resumed_run_knows_what_is_done_in_its_environment(tmp_path: Path) -> None:
    filled(tmp_path, outcome(disturbed=True), outcome(TASKS[1], status="hung"), outcome(TASKS[2], environment="there"))
    with store.create(tmp_path) as opened:
        assert opened.done({"here"}) == {
            TASKS[0].id: store.Done("ok", 1, True, MESSAGE, SECONDS),
            TASKS[1].id: store.Done("hung", 1, False, MESSAGE),
        }
        opened.append(outcome(attempt=2))
        assert opened.done({"here"})[TASKS[0].id] == store.Done("ok", 2, False, MESSAGE, SECONDS)
        assert opened.done(set()) == {}


def test_an_environment_that_is_seen_again_is_the_newest(tmp_path: Path) -> None:
    with store.create(tmp_path) as opened:
        opened.add_run(run_facts())
        for name in ("here", "there", "here"):
            opened.add_environment(name, {"cores": 2})
        opened.append(outcome())
        assert list(opened.results().environments) == ["there", "here"]


def test_a_second_run_is_refused_while_the_first_is_open(tmp_path: Path) -> None:
    with store.create(tmp_path):
        assert "another run is writing" in refusal(lambda: store.create(tmp_path))
    with store.create(tmp_path):
        pass


def test_a_report_can_be_read_while_a_run_writes(tmp_path: Path) -> None:
    filled(tmp_path)
    with store.create(tmp_path) as writing, store.read(tmp_path) as reading:
        writing.append(outcome(TASKS[1]))
        assert len(reading.results().outcomes) == 2


def refusal(opening: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as caught, opening() as opened:
        opened.results()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def foreign(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE contacts (name TEXT)")
    connection.commit()
    connection.close()


def newer(file: Path) -> None:
    filled(file.parent)
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()


def corrupted(file: Path) -> None:
    filled(file.parent, *(outcome(task) for task in TASKS * 20))
    content = bytearray(file.read_bytes())
    content[4096:-4096] = b"\xa5" * (len(content) - 8192)
    file.write_bytes(content)


def cut(file: Path) -> None:
    filled(file.parent, *(outcome(task) for task in TASKS * 20))
    file.write_bytes(file.read_bytes()[:5000])


def text(file: Path) -> None:
    file.write_text("name,value\n" * 1000)


def bad_record(file: Path) -> None:
    filled(file.parent)
    connection = sqlite3.connect(file)
    connection.execute("UPDATE outcomes SET outcome = '{}'")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (foreign, "not a store of howfar"),
        (newer, f"its schema is {SCHEMA + 1}, this howfar reads {SCHEMA}"),
        (corrupted, "can't be used"),
        (cut, "can't be used"),
        (text, "can't be used (file is not a database)"),
        (bad_record, "can't be used"),
    ],
)
def test_what_is_no_good_store_is_refused_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], None], word: str
) -> None:
    file = tmp_path / store.FILE_NAME
    spoil(file)
    before = file.read_bytes()
    for opening in (store.read, store.create):
        said = refusal(lambda opening=opening: opening(tmp_path))  # type: ignore[misc]
        assert said.startswith(f"{file}: ")
        assert word in said
    assert file.read_bytes() == before


def test_the_file_has_a_write_ahead_log(tmp_path: Path) -> None:
    connection = sqlite3.connect(filled(tmp_path) / store.FILE_NAME)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize("name", ["nowhere", "nowhere/outcomes.sqlite", "."])
def test_where_there_is_no_store_it_says_so(tmp_path: Path, name: str) -> None:
    assert "no outcomes.sqlite there" in refusal(lambda: store.read(tmp_path / name))
    assert not (tmp_path / "nowhere").exists()


def test_a_store_in_which_nothing_was_measured_says_so(tmp_path: Path) -> None:
    with store.create(tmp_path):
        pass
    assert "nothing was measured yet" in refusal(lambda: store.read(tmp_path))


def test_a_folder_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        assert str(folder) in refusal(lambda folder=folder: store.create(folder))  # type: ignore[misc]


APPENDS_AND_IS_KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from howfar import store
from howfar.outcomes import Outcome

outcome = msgspec.json.decode(sys.argv[2], type=Outcome)
with store.create(Path(sys.argv[1])) as opened:
    for attempt in range(1, 6):
        opened.append(msgspec.structs.replace(outcome, attempt=attempt))
    os.kill(os.getpid(), signal.SIGKILL)
"""

IS_KILLED_WHILE_IT_MAKES_THE_STORE = """
import os, signal, sys
from pathlib import Path
from howfar import database, store

def create_all(connection):
    database.RUNS.create(connection)
    os.kill(os.getpid(), signal.SIGKILL)

database.METADATA.create_all = create_all
with store.create(Path(sys.argv[1])):
    pass
"""


def run_killed(script: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_run_that_is_killed_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    run_killed(APPENDS_AND_IS_KILLED, str(tmp_path), msgspec.json.encode(outcome()).decode())
    with store.create(tmp_path) as opened:
        assert opened.done({"here"}) == {TASKS[0].id: store.Done("ok", 5, False, MESSAGE, SECONDS)}
        opened.add_run(run_facts())
        assert opened.results().outcomes == (outcome(attempt=5),)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_run_that_is_killed_while_it_makes_the_store_can_begin_again(tmp_path: Path) -> None:
    run_killed(IS_KILLED_WHILE_IT_MAKES_THE_STORE, str(tmp_path))
    assert (tmp_path / store.FILE_NAME).exists()
    with store.read(filled(tmp_path)) as opened:
        assert len(opened.results().outcomes) == 1


def test_of_two_disturbed_attempts_the_less_disturbed_is_read(tmp_path: Path) -> None:
    quiet, loud = Noise(1.5, 0.3, 0.2, ()), Noise(1.5, 0.3, 0.9, ())
    both = [outcome(attempt=1, disturbed=True, noise=quiet), outcome(attempt=2, disturbed=True, noise=loud)]
    with store.read(filled(tmp_path, *both, outcome(TASKS[1], disturbed=True, noise=quiet))) as opened:
        found = opened.results().outcomes
    assert {one.task.id: one.attempt for one in found} == {TASKS[0].id: 1, TASKS[1].id: 1}


def test_what_outcomes_have_in_common_is_held_once_and_stays_what_it_was() -> None:
    one = outcome(facts={"threads": 1, "simd": True})
    other = outcome(asked.task(model=Model("mlp", 1, 8), seed=3), facts={"threads": True, "simd": 1})
    reader = sharing.Reader()
    found = [reader.outcome(msgspec.json.encode(each).decode()) for each in (one, other, one)]
    assert found == [one, other, one]
    assert found[0].task.cell is found[1].task.cell and found[0].facts is found[2].facts
    assert found[1].facts["threads"] is True and found[1].facts["simd"] == 1
