"""Whatever happens, nothing that a host started is left: no process and no folder."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import asked
from howfar import hosts
from howfar.errors import UserError
from howfar.hosts import base, chromium, native
from howfar.hosts.base import Reaper, end_tree, fresh_folder, launched
from howfar.visits import Visit

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sessions and signals are POSIX")

SLEEP = ["sleep", "60"]
# Prints the pid of a grandchild whose parent is gone at once.
ORPHANING = ["sh", "-c", "sh -c 'sleep 60 & echo $!'; exec sleep 60"]


def runs(pid: int) -> bool:
    """Alive, and not merely unreaped."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def gone_within(seconds: float, *pids: int) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(runs, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def reaper() -> Iterator[Reaper]:
    made = Reaper()
    yield made
    made.close()


def test_the_end_of_a_tree_is_the_end_of_a_grandchild_whose_parent_is_gone() -> None:
    with subprocess.Popen(ORPHANING, stdout=subprocess.PIPE, text=True, start_new_session=True) as leader:
        assert leader.stdout is not None
        orphan = int(leader.stdout.readline())
        deadline = time.monotonic() + 5
        while psutil.Process(orphan).ppid() not in (1, os.getpid()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert orphan not in {child.pid for child in psutil.Process(leader.pid).children(recursive=True)}
        end_tree(leader.pid)
        assert not runs(orphan)
        assert not runs(leader.pid)


def test_the_end_of_a_tree_is_nobody_else_s_end() -> None:
    with (
        subprocess.Popen(SLEEP, start_new_session=True) as other,
        subprocess.Popen(SLEEP, start_new_session=True) as one,
    ):
        end_tree(one.pid)
        assert not runs(one.pid)
        assert runs(other.pid)
        end_tree(one.pid)  # once more does no harm
        end_tree(other.pid)


class Trouble(Exception):
    """What goes wrong in a body."""


@pytest.mark.parametrize("trouble", [None, Trouble, KeyboardInterrupt])
def test_what_was_launched_is_gone_afterwards(reaper: Reaper, trouble: type[BaseException] | None) -> None:
    started: list[int] = []
    try:
        with fresh_folder() as folder:
            (folder / "profile").mkdir()
            with launched(["sh", "-c", "sleep 60 & sleep 60"], folder, reaper, measuring_role="main") as running:
                deadline = time.monotonic() + 5
                while len(running.pids()) < 3 and time.monotonic() < deadline:
                    time.sleep(0.01)
                started += running.pids()
                assert running.alive()
                if trouble:
                    raise trouble
    except (Trouble, KeyboardInterrupt):
        assert trouble
    assert len(started) == 3
    assert not any(map(runs, started))
    assert not running.alive()
    assert not folder.exists()


def test_a_launched_process_can_be_read(reaper: Reaper, tmp_path: Path) -> None:
    command = ["sh", "-c", "echo not this; echo said >&2; touch $TMPDIR/left"]
    with launched(command, tmp_path, reaper, measuring_role="renderer") as running:
        assert gone_within(5, *running.pids())
        assert not running.alive()
        assert running.log() == "said\n"
        assert (tmp_path / "left").exists()
        assert running.measuring_role == "renderer"


def test_a_long_log_is_read_from_its_end(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 10_000 + "the end \N{GREEK SMALL LETTER MU}".encode())
    assert base.tail(tmp_path / "log", 14).endswith("the end \N{GREEK SMALL LETTER MU}")
    assert len(base.tail(tmp_path / "log")) <= 8000
    assert base.tail(tmp_path / "nowhere") == ""


def test_a_program_that_is_not_there_leaves_nothing(reaper: Reaper) -> None:
    with pytest.raises(FileNotFoundError), fresh_folder() as folder:  # noqa: SIM117 - the folder is looked at
        with launched([str(folder / "nowhere")], folder, reaper, measuring_role="main"):
            pass
    assert not folder.exists()


IS_KILLED = """
import time
from howfar.hosts.base import Reaper, fresh_folder, launched

with fresh_folder() as folder, fresh_folder() as other:
    reaper = Reaper()
    with launched(["sleep", "60"], other, reaper, measuring_role="main") as over:
        pass
    with launched(["sleep", "60"], folder, reaper, measuring_role="main") as running:
        print(running.pids()[0], folder, other, flush=True)
        time.sleep(60)
"""


def test_the_reaper_ends_what_a_killed_run_leaves() -> None:
    with subprocess.Popen([sys.executable, "-c", IS_KILLED], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        pid, folder, other = run.stdout.readline().split()
        (reaper,) = (child.pid for child in psutil.Process(run.pid).children() if "reaper" in " ".join(child.cmdline()))
        assert runs(int(pid))
        run.send_signal(signal.SIGKILL)
    assert gone_within(10, int(pid), reaper)
    assert not Path(folder).exists()
    assert Path(other).exists()  # of a process that had ended, so it was not the reaper's to remove
    shutil.rmtree(other)


def test_the_reaper_leaves_alone_what_was_ended(reaper: Reaper) -> None:
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        with reaper.watch(process.pid):
            pass
        reaper.close()
        assert runs(process.pid)
        end_tree(process.pid)


def test_there_is_a_host_for_every_browser_that_is_listed() -> None:
    assert "chromium" in hosts.browsers()
    assert not {"base", "lasting", "native", "reaper"} & set(hosts.browsers())


# The browser's program.


def program(folder: Path, content: str, mode: int = 0o755) -> Path:
    file = folder / "chromium"
    file.write_text(content)
    file.chmod(mode)
    return file


def test_the_browser_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = program(tmp_path, "#!/bin/sh\necho Chromium 99.0.1.2 built on Made\n")
    monkeypatch.setenv("HOWFAR_CHROMIUM", str(named))
    host = chromium.HOST(None)  # type: ignore[arg-type]  # asked, not launched
    assert host.path == named
    facts = host.checked_facts()
    assert facts["browser_version"] == "99.0.1.2"
    assert "--headless=new" in str(facts["browser_flags"])


@pytest.mark.parametrize(("content", "mode"), [("#!/bin/sh\n", 0o644), ("\x7fELF", 0o755), ("no program", 0o755)])
def test_what_is_no_program_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, mode: int
) -> None:
    monkeypatch.setenv("HOWFAR_CHROMIUM", str(program(tmp_path, content, mode)))
    with pytest.raises(UserError, match=str(tmp_path)) as caught:
        chromium.HOST(None).checked_facts()  # type: ignore[arg-type]  # asked, not launched
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("named", ["", "/nowhere/chromium"])
def test_where_there_is_no_browser_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("HOWFAR_CHROMIUM", named)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "MAC", ())
    with pytest.raises(UserError, match="HOWFAR_CHROMIUM") as caught:
        chromium.require()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("facts", "software"),
    [
        ({"webgl_renderer": "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero)), SwiftShader driver)"}, True),
        ({"webgl_renderer": "ANGLE (Mesa, llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5)"}, True),
        ({"webgl_renderer": "ANGLE (Microsoft, Microsoft Basic Render Driver Direct3D11)"}, True),
        ({"webgpu_adapter": "google swiftshader"}, True),
        ({"webgpu_adapter": "unnamed", "webgpu_fallback_adapter": True}, True),
        ({"webgl_renderer": "ANGLE (Intel, Intel(R) UHD Graphics 620, OpenGL 4.6)"}, False),
        ({"webgpu_adapter": "nvidia ada-lovelace", "webgpu_fallback_adapter": False}, False),
        ({}, False),
    ],
)
def test_a_gpu_in_name_only_is_told_from_a_real_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: dict[str, str | bool], software: bool
) -> None:
    monkeypatch.setenv("HOWFAR_CHROMIUM", str(program(tmp_path, "#!/bin/sh\n")))
    assert chromium.HOST(None).software_gpu(facts) is software  # type: ignore[arg-type]  # asked, not launched


Flags = tuple[str, ...]

SAYS_ITS_RENDERER = """#!/bin/sh
case "$*" in
  *use-angle=vulkan*) echo "$VULKAN" ;;
  *use-angle=gl-egl*) echo "$EGL" ;;
esac
"""
CARD = "<title>ANGLE (NVIDIA, Vulkan 1.4.312 (NVIDIA NVIDIA H200 (0x00002335)), NVIDIA)</title>"
SOFTWARE = "<title>ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)</title>"
# What is dumped where the script found no WebGL.
SCRIPT = "<script>if (gl) document.title = gl.getParameter(names.UNMASKED_RENDERER_WEBGL)</script>"
LLVMPIPE = "<title>ANGLE (Mesa/X.org, llvmpipe (LLVM 15.0.6 256 bits), OpenGL ES 3.2)</title>"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the browser finds its GPU by itself")
@pytest.mark.parametrize(
    ("gpu", "says", "webgl", "webgpu"),
    [
        (True, {"VULKAN": CARD, "EGL": "<title>ANGLE (NVIDIA)"}, chromium.EGL_FLAGS, chromium.VULKAN_FLAGS),
        (True, {"VULKAN": SOFTWARE, "EGL": "<title>ANGLE (Intel)"}, chromium.EGL_FLAGS, chromium.EGL_FLAGS),
        (True, {"VULKAN": CARD, "EGL": ""}, chromium.VULKAN_FLAGS, chromium.VULKAN_FLAGS),
        (True, {"VULKAN": CARD, "EGL": LLVMPIPE}, chromium.VULKAN_FLAGS, chromium.VULKAN_FLAGS),
        (True, {"VULKAN": LLVMPIPE, "EGL": LLVMPIPE}, chromium.EGL_FLAGS, chromium.EGL_FLAGS),
        (True, {"VULKAN": SCRIPT, "EGL": SCRIPT}, (), ()),
        (True, {"VULKAN": "", "EGL": ""}, (), ()),
        (False, {"VULKAN": SOFTWARE, "EGL": LLVMPIPE}, chromium.EGL_FLAGS, chromium.EGL_FLAGS),
        (False, {"VULKAN": SOFTWARE, "EGL": ""}, chromium.SWIFTSHADER_FLAGS, chromium.SWIFTSHADER_FLAGS),
    ],
)
def test_each_gpu_back_end_has_what_gives_it_the_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: bool, says: dict[str, str], webgl: Flags, webgpu: Flags
) -> None:
    monkeypatch.setattr(chromium, "has_gpu", lambda: gpu)
    for name, renderer in says.items():
        monkeypatch.setenv(name, renderer)
    found = chromium.gpu_flags(program(tmp_path, SAYS_ITS_RENDERER))
    software = () if gpu else (chromium.SWIFTSHADER_WEBGPU_FLAG,)
    assert found["webgl"] == (*webgl, chromium.WEBGPU_FLAG, *software)
    assert found["webgpu"] == (*webgpu, chromium.WEBGPU_FLAG, *software)


# The native host, with a program in its parent's place.

ANSWERS_AT_ONCE = """#!/bin/sh
while read line; do
  echo "$line" >> "$0.lines"
  printf '%s\\nended 0\\n' $$
done
"""


def test_a_native_task_that_is_over_at_once_holds_nobody_up(
    reaper: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pid and its end can come in one piece: the second line must not be waited for."""
    parent = program(tmp_path, ANSWERS_AT_ONCE)
    monkeypatch.setattr(sys, "executable", str(parent))
    host = native.HOST(reaper)
    task = asked.task(asked.NUMPY)
    visit = Visit(asked.assignment(task), "http://p1.localhost:5/run/?task=a&token=b", "b")
    monkeypatch.setattr(native.NativeProcess, "pids", lambda _: [])  # the program answers with its own pid
    start = time.monotonic()
    for _ in range(2):
        with host.launch(visit) as running:
            assert runs(running.pid)
    assert time.monotonic() - start < 5
    assert (tmp_path / "chromium.lines").read_text().splitlines() == [
        "numpy http://127.0.0.1:5/run/?task=a&token=b"
    ] * 2
    host.close()
    assert not runs(running.pid)


def test_a_native_parent_that_dies_is_seen_as_not_alive(
    reaper: Reaper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(program(tmp_path, "#!/bin/sh\nexit 1\n")))
    host = native.HOST(reaper)
    visit = Visit(asked.assignment(), "http://p1.localhost:5/run/?task=a&token=b", "b")
    with host.launch(visit) as running:
        assert not running.alive()
    host.close()


def test_a_native_task_that_something_killed_leaves_word_of_it(reaper: Reaper) -> None:
    """The real parent and a fork of it, which waits for a server that answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = native.HOST(reaper)
        url = f"http://p1.localhost:{silent.getsockname()[1]}/run/?task=a&token=b"
        with host.launch(Visit(asked.assignment(asked.task(asked.NUMPY)), url, "b")) as running:
            psutil.Process(running.pid).kill()
            time.sleep(0.2)
            assert running.log().endswith("ended by SIGKILL")
        host.close()
