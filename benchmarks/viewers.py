"""What a slice viewer costs, by the page's clock: JupyterLab in a real browser, without a graphics card.

One volume of 300 slices of 512 x 512 int16: the time from running its cell to the first picture, what went
over the wire until then, the time to the next slice, and the frames in a second while the window is dragged,
with the messages that the kernel got meanwhile. Then eight viewers in one notebook: the longest time for
which the page was busy, and the size of the saved notebook.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.browser.conftest import FLAGS, Lab, Server

SCROLLS = 30
EIGHT = 8
VOLUME = """
import numpy as np
from medlab.data.volumes import Volume
from medlab_widgets import SliceViewer
noise = np.random.default_rng(0).integers(-1000, 1000, (300, 512, 512), dtype=np.int16)
scan = Volume(noise, (1.0, 0.7, 0.7), modality="simulated CT", units="HU")
"""
# Runs an action, and answers after how many milliseconds a line of the viewer says what is wanted.
UNTIL = """
([action, wanted]) => new Promise(resolve => {
  const shown = new RegExp(wanted), start = performance.now();
  const says = () => [...document.querySelectorAll(".cross")].some(p => shown.test(p.textContent));
  const look = () => says() ? resolve(performance.now() - start) : requestAnimationFrame(look);
  eval(action);
  look();
})
"""
RUN = "jupyterapp.commands.execute('notebook:run-cell')"
WHEEL = """document.querySelector('[data-testid=plane-z]').dispatchEvent(
  new WheelEvent('wheel', {deltaY: 100, cancelable: true}))"""
JUMP = """{ const z = document.querySelector('input[aria-label="slice z"]'); z.value = %d;
  z.dispatchEvent(new Event('input', {bubbles: true})); }"""
# One move of the pointer a frame, for three seconds; the frames that were drawn, and the longest gap in ms.
DRAG = """
() => new Promise(resolve => {
  const canvas = document.querySelector('[data-testid=plane-z]'), box = canvas.getBoundingClientRect();
  const send = (kind, n) => canvas.dispatchEvent(new PointerEvent(kind, {
    button: 2, buttons: 2, pointerId: 1, bubbles: true, cancelable: true,
    clientX: box.left + 100 + 40 * Math.sin(n / 9), clientY: box.top + 100 + 40 * Math.cos(n / 9)}));
  canvas.setPointerCapture = () => {};
  send('pointerdown', 0);
  const start = performance.now(), width = () => document.querySelector('[aria-label="width, number"]').value;
  let frames = 0, last = start, gap = 0, before = '';
  const step = (now) => {
    if (width() !== before) [frames, before] = [frames + 1, width()];
    [gap, last] = [Math.max(gap, now - last), now];
    if (now - start > 3000) return send('pointerup', 0), resolve([1000 * frames / (now - start), gap]);
    send('pointermove', now / 20);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})
"""
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver(list => longTasks.push(...list.getEntries().map(task => task.duration)))
  .observe({type: 'longtask', buffered: true});
"""


# Name, value, what was asked (at most; at least where it is negative; None: nothing), and unit.
Row = tuple[str, float, float | None, str]


class Wire:
    """Counts what goes through a page's sockets."""

    def __init__(self, page: Page) -> None:
        self.sent, self.received = 0, 0
        page.on("websocket", self._watch)

    def _watch(self, socket: Any) -> None:
        socket.on("framesent", lambda _payload: self._count("sent", 1))
        socket.on("framereceived", lambda payload: self._count("received", len(payload)))

    def _count(self, name: str, amount: int) -> None:
        setattr(self, name, getattr(self, name) + amount)


def one_volume(lab: Lab) -> list[Row]:
    """Return what one large volume costs."""
    wire = Wire(lab.page)
    page = lab.open_cells(VOLUME, "SliceViewer(scan)")
    lab.run(lab.cell("cell-0"))
    before = wire.received
    first_ms = page.evaluate(UNTIL, [RUN, "z 150, y 256, x 256: -?[0-9]+ HU"])
    page.wait_for_timeout(1500)
    sent_mb = (wire.received - before) / 1e6
    next_ms = []
    for number in range(1, SCROLLS + 1):
        next_ms.append(page.evaluate(UNTIL, [WHEEL, f"z {150 + number}, y 256, x 256: -?[0-9]+ HU"]))
        page.wait_for_timeout(100)
    far_ms = []
    for z in range(5, 145, 14):
        page.wait_for_timeout(500)  # what was asked for ahead is on its way
        far_ms.append(page.evaluate(UNTIL, [JUMP % z, f"z {z}, .*HU"]))
    page.wait_for_timeout(1500)
    messages = wire.sent
    frames, gap_ms = page.evaluate(DRAG)
    messages = wire.sent - messages
    return [
        ("first picture", first_ms / 1000, 2, "s"),
        ("over the wire before scrolling", sent_mb, 2, "MB"),
        (f"next slice, median of {SCROLLS}", statistics.median(next_ms), 100, "ms"),
        (f"next slice, slowest of {SCROLLS}", max(next_ms), 100, "ms"),
        ("slice far away, median of 10", statistics.median(far_ms), None, "ms"),
        ("frames while the window is dragged", frames, -30, "a second"),
        ("longest gap between frames", gap_ms, None, "ms"),
        ("messages to the kernel meanwhile", messages, 0, ""),
    ]


def eight_viewers(lab: Lab) -> list[Row]:
    """Return what eight viewers in one notebook cost."""
    lab.page.add_init_script(LONG_TASKS)
    page = lab.open_cells(VOLUME, *["SliceViewer(scan, window='lung')"] * EIGHT)
    page.evaluate("longTasks.length = 0")
    lab.run_all(120)
    page.wait_for_timeout(1500)
    running_ms = max(page.evaluate("longTasks"), default=0)
    page.evaluate("longTasks.length = 0")
    for number in range(1, EIGHT + 1):
        plane = lab.cell(f"cell-{number}").get_by_test_id("plane-z")
        plane.scroll_into_view_if_needed()
        plane.hover()
        for _ in range(5):
            page.mouse.wheel(0, 100)
            page.wait_for_timeout(60)
    using_ms = max(page.evaluate("longTasks"), default=0)
    lab.save()
    page.wait_for_timeout(1000)  # the file is being written
    return [
        ("eight viewers: longest task while they are made", running_ms, None, "ms"),
        ("eight viewers: longest task while scrolling", using_ms, None, "ms"),
        ("eight viewers: saved notebook", lab.size() / 1e6, 1, "MB"),
    ]


def main() -> int:
    """Print what was measured beside what was asked; return 1 if something was missed."""
    missed = False
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ.setdefault("MPLBACKEND", "agg")
        server = Server(Path(folder))
        try:
            server.wait()
            path = os.environ.get("MEDLAB_CHROMIUM")
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
            for measure in (one_volume, eight_viewers):
                context = browser.new_context(viewport={"width": 1300, "height": 1000})
                for name, value, asked, unit in measure(Lab(server, context, measure.__name__)):
                    verdict = ""
                    if asked is not None:
                        reached = value >= -asked if asked < 0 else value <= asked
                        missed |= not reached
                        bound = f"at least {-asked}" if asked < 0 else f"at most {asked}"
                        verdict = f"(asked {bound}): {'reached' if reached else 'MISSED'}"
                    print(f"{name:50s} {value:8.2f} {unit:9s} {verdict}", flush=True)
                context.close()
                server.end_sessions()
            browser.close()
        finally:
            server.stop()
    return missed


if __name__ == "__main__":
    sys.exit(main())
