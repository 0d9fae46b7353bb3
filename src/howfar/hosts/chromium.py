"""Chromium and Chrome: whatever stock build is found, as a plain process with a fresh profile for every task (ceilings
share one)."""

import contextlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from howfar.environment import has_gpu
from howfar.errors import UserError
from howfar.hosts import devtools
from howfar.hosts.base import LaunchedProcess, Reaper, Running, end_tree, fresh_folder, launched, own_environment
from howfar.hosts.lasting import Lasting
from howfar.records import Fact
from howfar.visits import Visit

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = ("Chromium.app/Contents/MacOS/Chromium", "Google Chrome.app/Contents/MacOS/Google Chrome")

BASE_FLAGS = (
    "--headless=new",
    # Nothing that a first start, an update or a sync would do beside the task.
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-search-engine-choice-screen",
    "--disable-quic",
    "--metrics-recording-only",
    "--noerrdialogs",
    # The address bar's suggestions are a page of their own, loaded beside the one that is measured: of the first second
    # and a half it took 1.2 s of a core of two, where all else together takes 0.1, and 0.15 s of the start.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
    # No key ring of the desktop: it would ask the person for a password.
    "--password-store=basic",
    "--use-mock-keychain",
    # The page is measured although nobody looks at it.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # Exact heap sizes instead of coarse ones.
    "--enable-precise-memory-info",
)
WEBGPU_FLAG = "--enable-unsafe-webgpu"  # without it Chromium on Linux gives no adapter at all
SWIFTSHADER_WEBGPU_FLAG = "--use-webgpu-adapter=swiftshader"
# The system's own GL: the GPU where there is one, else Mesa's llvmpipe. Measured on two cores without a GPU, 256^3
# products: llvmpipe 54 ms, SwiftShader 157 ms. Both are software.
EGL_FLAGS = ("--use-gl=angle", "--use-angle=gl-egl", "--ignore-gpu-blocklist")
SWIFTSHADER_FLAGS = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
# On Linux WebGPU is SwiftShader beside a real GPU (an NVIDIA H200) unless Chromium itself uses Vulkan; and without a
# display that starts only if no surface is asked for. WebGL keeps EGL where that is the GPU: it is what a page of today
# meets by default, where Vulkan is still a flag.
VULKAN_FLAGS = ("--use-angle=vulkan", "--enable-features=Vulkan", "--disable-vulkan-surface", "--ignore-gpu-blocklist")

GPU_BACKENDS = ("webgl", "webgpu")
# measureUserAgentSpecificMemory() answers in 26 ms instead of 10 to 20 s.
MEMORY_FLAG = "--enable-blink-features=ForceEagerMeasureMemory"
# What can be watched only from within.
INSPECTED = ("stacks", "experience")

SOFTWARE_RENDERER = re.compile(r"swiftshader|llvmpipe|lavapipe|softpipe|basic render", re.IGNORECASE)


def find() -> Path | None:
    """The browser to use: `$HOWFAR_CHROMIUM`, else the first one installed."""
    if named := os.environ.get("HOWFAR_CHROMIUM"):
        program = shutil.which(named)
        return Path(program) if program else None
    applications = [Path("/Applications") / name for name in MAC]
    found = [Path(path) for name in NAMES if (path := shutil.which(name))]
    return next((path for path in [*found, *applications] if path.is_file()), None)


def require() -> Path:
    """The browser to use.

    Raises: UserError where there is none.
    """
    if path := find():
        return path
    if named := os.environ.get("HOWFAR_CHROMIUM"):
        raise UserError("no such program", where=f"HOWFAR_CHROMIUM={named}", mend="name the browser's program")
    mend = "install one (Debian: apt-get install chromium), or name its program in HOWFAR_CHROMIUM"
    raise UserError("no Chromium or Chrome is installed here", mend=mend)


@cache
def version(browser: Path) -> str:
    """`156.0.8078.79`, as the browser says itself.

    Raises: UserError where it can't be started.
    """
    try:
        done = subprocess.run([str(browser), "--version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"can't be started ({error})", where=str(browser), mend="install it again") from None
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return found.group() if found else "unknown"


def is_software(facts: Mapping[str, Fact]) -> bool:
    """Whether the GPU that a report's facts name is one in name only."""
    found = f"{facts.get('webgl_renderer', '')} {facts.get('webgpu_adapter', '')}"
    return bool(SOFTWARE_RENDERER.search(found)) or facts.get("webgpu_fallback_adapter") is True


def sandbox_flags() -> tuple[str, ...]:
    """Root can't have a sandbox."""
    return ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()


@cache
def gpu_flags(browser: Path) -> Mapping[str, tuple[str, ...]]:
    """What gives WebGL and what gives WebGPU here: the GPU where there is one, else the fastest software that works."""
    if platform.system() != "Linux":
        return dict.fromkeys(GPU_BACKENDS, (WEBGPU_FLAG,))
    by_egl = _webgl_renderer(browser, EGL_FLAGS)
    egl = EGL_FLAGS if by_egl else ()
    if not has_gpu():
        return dict.fromkeys(GPU_BACKENDS, (*(egl or SWIFTSHADER_FLAGS), WEBGPU_FLAG, SWIFTSHADER_WEBGPU_FLAG))
    webgpu = VULKAN_FLAGS if _is_gpu(_webgl_renderer(browser, VULKAN_FLAGS)) else egl
    webgl = egl if _is_gpu(by_egl) else webgpu
    return {"webgl": (*webgl, WEBGPU_FLAG), "webgpu": (*webgpu, WEBGPU_FLAG)}


def _is_gpu(renderer: str) -> bool:
    return bool(renderer) and not is_software({"webgl_renderer": renderer})


def _webgl_renderer(browser: Path, flags: tuple[str, ...]) -> str:
    """What WebGL says that it runs on, asked of the browser itself with a page; nothing where it has none."""
    script = (
        "const gl = document.createElement('canvas').getContext('webgl'), "
        "names = gl && gl.getExtension('WEBGL_debug_renderer_info');"
        "if (gl) document.title = gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER)"
    )
    page = f"data:text/html,<script>{script}</script>"
    with fresh_folder() as folder:
        own = (*BASE_FLAGS, *sandbox_flags(), *flags, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page)
        command, quiet = [str(browser), *own], subprocess.DEVNULL
        pipe, env = subprocess.PIPE, own_environment(folder)
        with subprocess.Popen(command, stdout=pipe, stderr=quiet, env=env, text=True, start_new_session=True) as asked:
            try:
                found = re.search("<title>([^<]+)", asked.communicate(timeout=20)[0])
                return found.group(1) if found else ""
            except subprocess.TimeoutExpired:
                return ""
            finally:
                end_tree(asked.pid)


class Chromium:
    """A host; `extra_flags` come last and win."""

    def __init__(self, reaper: Reaper, extra_flags: tuple[str, ...] = ()) -> None:
        self.path, self._reaper = require(), reaper
        self._version = version(self.path)
        self._flags = (*BASE_FLAGS, *sandbox_flags(), *extra_flags)
        self.gpu_flags = gpu_flags(self.path)
        self._lasting = Lasting(self._start)

    def software_gpu(self, facts: Mapping[str, Fact]) -> bool:
        return is_software(facts)

    def checked_facts(self) -> Mapping[str, Fact]:
        facts = {"browser": "chromium", "browser_version": self._version, "browser_flags": " ".join(self._flags)}
        gpu = " | ".join(dict.fromkeys(" ".join(flags) for flags in self.gpu_flags.values()))
        return {**facts, "browser_gpu_flags": gpu, "headless": True}

    def command(self, folder: Path, flags: Sequence[str], *rest: str) -> list[str]:
        """Starts it with a profile in the folder, and with these flags before its own; `rest`: what follows all of
        them."""
        return [str(self.path), *flags, *self._flags, f"--user-data-dir={folder / 'profile'}", *rest]

    def launch(self, visit: Visit) -> AbstractContextManager[Running]:
        cell = visit.assignment.task.cell
        if cell.workload == "ceilings":
            return self._lasting.launch(visit, self._flags_of_ceilings(cell.target.backend))
        self._lasting.close()
        inspected = devtools.SUPPORTED and cell.observe in INSPECTED
        watched = (MEMORY_FLAG,) if cell.observe == "processes" else (devtools.FLAG,) if inspected else ()
        # Only a task on the GPU asks for one: it is dearer to start (0.07 s on two cores), and the others then meet the
        # browser as it is.
        flags = (*self.gpu_flags.get(cell.target.backend, ()), *watched)
        return self._start(flags, visit.url, inspected=inspected)

    def _flags_of_ceilings(self, backend: str) -> tuple[str, ...]:
        """Those of a GPU for all, so that one browser will do: arithmetic on a processor does not depend on them."""
        return self.gpu_flags.get(backend, self.gpu_flags["webgl"])

    @contextlib.contextmanager
    def _start(self, flags: Sequence[str], url: str, *, inspected: bool = False) -> Iterator[LaunchedProcess]:
        with fresh_folder() as folder:
            command, role = self.command(folder, flags, url), "renderer"
            with launched(command, folder, self._reaper, measuring_role=role, with_devtools=inspected) as running:
                yield running

    def rest(self) -> None:
        self.close()

    def close(self) -> None:
        self._lasting.close()


HOST = Chromium
