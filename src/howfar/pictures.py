"""Figures as SVG and PNG, worked out and drawn by processes beside this one: vl-convert holds the interpreter while it
draws, which was a quarter of a report's time, and Altair takes half a second to be there.
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from multiprocessing import resource_tracker
from pathlib import Path
from threading import Thread
from typing import Any

import vl_convert
from msgspec import Struct

from howfar.plotted import Spec

Chart = Callable[..., Spec]

# Beside whoever works out the tables: a second one takes a third off a report of many figures on two cores already.
PAINTERS = 2


class Drawn(Struct, frozen=True):
    """A figure in Vega-Lite, and as an SVG on white ground."""

    spec: Mapping[str, Any]
    svg: str


@contextlib.contextmanager
def painters() -> Iterator[None]:
    """Has the painters start and draw a first, empty figure each (a second's work) while what they are to draw is still
    being worked out. What is not drawn yet when that fails, by Ctrl-C too, is not wanted any more."""
    for _ in range(PAINTERS):
        begin(_nothing)
    try:
        yield
    except BaseException:
        stop()
        raise


def begin(chart: Chart, *given: Any, file: Path | None = None) -> Callable[[], Drawn]:
    """Begins to draw what `chart` makes of what is given; what it returns waits for it. Where `file` is named, without
    a suffix, `FILE.svg` and `FILE.png` are written too."""
    order = chart, given, file
    with contextlib.suppress(RuntimeError), _deaf_to_stops():  # of a pool that is broken, or was stopped
        return partial(_awaited, _painters().submit(_drawn, *order), *order)
    return partial(_drawn, *order)


def stop() -> None:
    """What is not drawn yet is not wanted any more."""
    for painter in multiprocessing.active_children():
        painter.terminate()
    _painters().shutdown(cancel_futures=True)  # else its thread and the interpreter's end may be in each other's way


def _awaited(drawing: Future[Drawn], chart: Chart, given: tuple[Any, ...], file: Path | None) -> Drawn:
    try:
        return drawing.result()
    except (BrokenProcessPool, CancelledError):
        return _drawn(chart, given, file)  # the painter was killed, as for want of memory, or stopped: here, then


def _drawn(chart: Chart, given: tuple[Any, ...], file: Path | None) -> Drawn:
    spec = chart(*given)
    # Files are looked at by themselves, on whatever ground.
    white = {**spec, "config": {**spec["config"], "background": "white"}}
    svg: str = vl_convert.vegalite_to_svg(white, allowed_base_urls=[])
    if file:
        file.with_suffix(".svg").write_text(svg, encoding="utf-8")
        file.with_suffix(".png").write_bytes(vl_convert.svg_to_png(svg, scale=2))
    return Drawn(spec, svg)


def _nothing() -> Spec:
    from howfar import drawing  # noqa: F401, PLC0415 (it is there then)

    return {"mark": "point", "data": {"values": [{}]}, "config": {}}


@cache
def _painters() -> ProcessPoolExecutor:
    """Started anew, not forked: this process has threads. They last as long as this one."""
    return ProcessPoolExecutor(PAINTERS, multiprocessing.get_context("spawn"), _beside)


@contextlib.contextmanager
def _deaf_to_stops() -> Iterator[None]:
    """What is started meanwhile never hears a stop at the keyboard, which a terminal tells all processes: it is this
    one's to answer. Here it is heard a moment later."""
    resource_tracker.ensure_running()  # it is deaf itself, and its start would undo this
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _beside() -> None:
    """The painter gives way to who asked, for whom it starts early, and ends with it, however that ends."""
    if hasattr(os, "nice"):
        os.nice(10)  # on two cores it took a tenth of the time of whoever reads 100,000 outcomes meanwhile
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)
