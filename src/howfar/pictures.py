"""Figures as SVG and PNG, drawn by a process beside this one: vl-convert holds the interpreter while it draws, which
was a quarter of a report's time."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import vl_convert


def begin(spec: Mapping[str, Any], file: Path | None = None) -> Callable[[], str]:
    """Begins to draw a figure in Vega-Lite; what it returns waits for its SVG, on white ground. Where `file` is given,
    without a suffix, `FILE.svg` and `FILE.png` are written too."""
    order = msgspec.json.encode(spec), file
    with contextlib.suppress(BrokenProcessPool):
        return partial(_awaited, _painter().submit(_drawn, *order), *order)
    return partial(_drawn, *order)


def stop() -> None:
    """What is not drawn yet is not wanted any more."""
    for painter in multiprocessing.active_children():
        painter.terminate()


def _awaited(drawing: Future[str], spec: bytes, file: Path | None) -> str:
    try:
        return drawing.result()
    except BrokenProcessPool:
        return _drawn(spec, file)  # the painter was killed, as for want of memory: here, then


def _drawn(spec: bytes, file: Path | None) -> str:
    given = msgspec.json.decode(spec)
    given["config"]["background"] = "white"  # files are looked at by themselves, on whatever ground
    svg: str = vl_convert.vegalite_to_svg(given, allowed_base_urls=[])
    if file:
        file.with_suffix(".svg").write_text(svg, encoding="utf-8")
        file.with_suffix(".png").write_bytes(vl_convert.svg_to_png(svg, scale=2))
    return svg


@cache
def _painter() -> ProcessPoolExecutor:
    """Started anew, not forked: this process has threads. It lasts as long as this one."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _alone)


def _alone() -> None:
    """A stop at the keyboard is this process's to answer, and the painter ends with it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
