"""What the widgets reach in a real JupyterLab and a real browser: frames, training speed, answers, memory.

Prints a Markdown table. Needs the test extras and Chromium. `--minutes` is how long the memory test plays.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/browser"))

from lab_harness import CHROMIUM_FLAGS, Notebook, Server, jupyterlab  # noqa: E402

from gan_edu.cli import find_chromium  # noqa: E402

IMPORT = """
import os, threading, time
import torch
from gan_edu import data, training
from gan_edu.widgets import DiscriminatorSurface, LatentSpace, ModeCollapse, SeeingDoing
from gan_edu.device import one_thread

def speed(widget, seconds):
    before, start = widget.step_number, time.perf_counter()
    time.sleep(seconds)
    return (widget.step_number - before) / (time.perf_counter() - start)

def rss():
    import gc; gc.collect()
    return int(open('/proc/self/statm').read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20
"""
ASK = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    let text = '';
    const future = kernel.requestExecute({ code });
    future.onIOPub = m => { if (m.header.msg_type === 'stream') text += m.content.text;
                            if (m.header.msg_type === 'error') text += 'ERROR ' + m.content.evalue };
    await future.done;
    return text }"""
# milliseconds that Jupyter itself takes: an empty message to the kernel, which sends one back (after LISTEN there)
ECHO = """async count => {
    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    const comm = kernel.createComm('echo'), times = [];
    let back; comm.onMsg = () => back();
    await comm.open().done;
    for (let i = 0; i < count; i++) {
        await new Promise(done => setTimeout(done, 100));
        const start = performance.now();
        await new Promise(done => { back = done; comm.send({}) });
        times.push(performance.now() - start) }
    comm.close(); return times }"""
LISTEN = """
import comm
comm.get_comm_manager().register_target("echo", lambda c, _: c.on_msg(lambda m: c.send({})))
"""
# milliseconds from a click on a button to the change that it brings, on the page's own clock
CLICK = """(root, [text, attribute]) => new Promise(done => {
    const button = [...root.querySelectorAll('button')].find(b => b.textContent === text), start = performance.now();
    const before = attribute === 'text' ? button.textContent : root.dataset[attribute];
    const look = () => (attribute === 'text' ? button.textContent : root.dataset[attribute]) !== before
        ? done(performance.now() - start) : performance.now() > start + 5000 ? done(NaN) : setTimeout(look, 1);
    button.click(); look() })"""
SCRUB = """root => new Promise(done => {
    const slider = root.querySelector('.time'), start = performance.now(), from = Number(root.dataset.painted);
    let i = 0;
    const move = () => { slider.value = i++ % (Number(slider.max) + 1);
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        performance.now() < start + 3000 ? requestAnimationFrame(move)
            : done((Number(root.dataset.painted) - from) / (performance.now() - start) * 1000) };
    move() })"""
SLIDE = """(root, to) => new Promise(done => {
    const slider = root.querySelector('.time'), before = root.dataset.painted, start = performance.now();
    slider.value = Math.round(to * slider.max); slider.dispatchEvent(new Event('input', { bubbles: true }));
    const look = () => root.dataset.painted !== before ? done(performance.now() - start) : setTimeout(look, 1);
    look() })"""
# moves the held ring about for three seconds: pictures a second
DRAG = """root => new Promise(done => {
    const canvas = root.querySelector('canvas[tabindex]'), box = canvas.getBoundingClientRect();
    const start = performance.now(), from = Number(root.dataset.painted);
    const move = () => { const t = (performance.now() - start) / 500;
        canvas.dispatchEvent(new PointerEvent('pointermove', { bubbles: true,
            clientX: box.x + box.width * (0.5 + 0.3 * Math.cos(t)),
            clientY: box.y + box.height * (0.5 + 0.3 * Math.sin(t)) }));
        performance.now() < start + 3000 ? requestAnimationFrame(move)
            : done((Number(root.dataset.painted) - from) / (performance.now() - start) * 1000) };
    move() })"""
# milliseconds from letting go of the ring to the exact picture
LET_GO = """root => new Promise(done => {
    const canvas = root.querySelector('canvas[tabindex]'), picture = root.querySelector('canvas[data-exact]');
    canvas.addEventListener('pointerup', () => { const start = performance.now();
        const look = () => picture.dataset.exact === 'true' ? done(performance.now() - start) : setTimeout(look, 1);
        setTimeout(look, 1) }, { once: true }) })"""
NEW_PICTURES = """(root, seconds) => new Promise(done => {
    const start = performance.now(); let step = root.dataset.step, count = 0;
    const look = () => { if (root.dataset.step !== step) { step = root.dataset.step; count++ }
        performance.now() < start + 1000 * seconds ? requestAnimationFrame(look)
            : done(count / (performance.now() - start) * 1000) };
    look() })"""
# milliseconds from a move of the first arrow's slider to the slope, and the picture, that it gives
STRENGTH = """(root, to) => new Promise(done => {
    const slider = root.querySelector('.arrow input'), slope = root.querySelector('[data-slope="seen"] b');
    const before = slope.textContent, start = performance.now();
    slider.value = to; slider.dispatchEvent(new Event('input', { bubbles: true }));
    const look = () => slope.textContent !== before ? done(performance.now() - start)
        : performance.now() > start + 5000 ? done(NaN) : setTimeout(look, 1);
    look() })"""
HEAP = "() => { if (window.gc) window.gc(); return performance.memory.usedJSHeapSize / 2**20 }"


def p95(values):
    return statistics.quantiles(values, n=20)[-1]


def row(what, value, goal):
    print(f"| {what} | {value} | {goal} |", flush=True)


def new_pictures(widget, seconds):
    """Frames of other steps that the view paints in a second."""
    return widget.evaluate(NEW_PICTURES, seconds)


def notebook_of(*cells):
    path = Path(tempfile.mkdtemp(), "benchmark.ipynb")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells], metadata={"kernelspec": kernel})
    nbformat.write(nb, path)
    return path


def surface(page, server, minutes):
    notebook = Notebook(page, server, server.add(notebook_of(IMPORT, "w = DiscriminatorSurface(seed=1)\nw")))
    ask = lambda code: page.evaluate(ASK, code).strip()  # noqa: E731
    notebook.run_all()
    widget = page.locator(".gan-edu").first
    widget.wait_for()
    ask("w.run(200)")

    ask("w2 = DiscriminatorSurface(seed=1)")  # what making it takes, imports aside
    made = float(ask("t = time.perf_counter(); w2 = DiscriminatorSurface(seed=1); print(time.perf_counter() - t)"))
    ready = page.evaluate(
        """async () => { const start = performance.now(), before = document.querySelectorAll('.gan-edu').length;
        const panel = window.jupyterapp.shell.currentWidget;
        panel.content.activeCellIndex = 1; window.jupyterapp.commands.execute('notebook:run-cell');
        const old = document.querySelector('.gan-edu');
        return await new Promise(done => { const look = () => { const now = document.querySelector('.gan-edu');
            if (now && now !== old && now.dataset.painted) done(performance.now() - start); else setTimeout(look, 5) };
            look() }) }"""
    )
    row("first frame after the cell runs, imports aside", f"{ready / 1000:.2f} s ({made:.2f} s in Python)", "≤ 1 s")
    ask("w.run(200)")

    sizes = "sent = []; real = w.view.send\n"
    sizes += "w.view.send = lambda c, b=None: (sent.append(sum(map(len, b or []))), real(c, b))\nw.step(); "
    row(
        "bytes of a frame (100×100 surface, 1,000 points)",
        ask(sizes + "print(max(sent)); w.view.send = real"),
        "≤ 20,480",
    )

    rates = {"without": [], "15": [], "30": [], "painted": []}
    plain = "g = w.gan.copy()\nwith one_thread():\n"
    plain += "    t = time.perf_counter(); training.run(g, data.toy.ring(), 1500, progress=False)\n"
    plain += "print(1500 / (time.perf_counter() - t))"
    for _ in range(3):
        rates["without"].append(float(ask(plain)))
        for fps in ("15", "30"):
            ask(f"w.pace.rate = {fps}; w.play()")
            rates[fps].append(float(ask("print(speed(w, 4))")))
            if fps == "30":
                rates["painted"].append(new_pictures(widget, 4))
            ask("w.pause(); w.wait()")
    median = {name: statistics.median(values) for name, values in rates.items()}
    row("steps a second without a view (2-64-64, batch 128)", f"{median['without']:.0f}", "")
    for fps, goal in (("15", "≥ 80 %"), ("30", "≥ 600 a second")):
        share = median[fps] / median["without"]
        row(f"steps a second with the view at {fps} frames", f"{median[fps]:.0f} ({100 * share:.0f} %)", goal)
    row("frames painted a second while training, at 30", f"{median['painted']:.1f}", "≥ 30")
    paint = float(widget.get_attribute("data-paint-ms"))
    row("one painting in the browser", f"{paint:.1f} ms", "")

    widget.evaluate(CLICK, ["Step", "step"])
    clicks = []
    for _ in range(40):
        page.wait_for_timeout(100)  # nobody clicks faster
        clicks.append(widget.evaluate(CLICK, ["Step", "step"]))
    row(
        "click on Step to the new picture",
        f"median {statistics.median(clicks):.0f}, p95 {p95(clicks):.0f} ms",
        "p95 ≤ 50 ms",
    )
    ask(LISTEN)
    echoes = page.evaluate(ECHO, 40)
    row(
        "for comparison: an empty message to the kernel and back",
        f"median {statistics.median(echoes):.0f}, p95 {p95(echoes):.0f} ms",
        "",
    )
    stops = []
    for _ in range(20):
        ask("w.play()")
        page.wait_for_timeout(200)
        stops.append(widget.evaluate(CLICK, ["‖ Pause", "text"]))
        page.wait_for_timeout(100)
        ask("w.wait()")
    row(
        "click on Pause while training",
        f"median {statistics.median(stops):.0f}, p95 {p95(stops):.0f} ms",
        "p95 ≤ 100 ms",
    )

    slides = [widget.evaluate(SLIDE, i % 17 / 17) for i in range(60)]
    row("time line to the old picture", f"median {statistics.median(slides):.0f}, p95 {p95(slides):.0f} ms", "≤ 100 ms")
    row("scrubbing", f"{widget.evaluate(SCRUB):.0f} pictures a second", "≥ 50")

    ask("w.reset(); w.play()")
    page.wait_for_timeout(30_000)  # until the recording is full: that much is meant to stay
    # it then has between half of its frames and all of them; so compare moments with about equally many
    moments, end = [], time.perf_counter() + 60 * minutes
    while time.perf_counter() < end:
        frames, kernel = ask("print(len(w.recording), rss())").split()
        moments.append((int(frames), page.evaluate(HEAP), float(kernel)))
        page.wait_for_timeout(2000)
    last = moments[-1]
    first = min(moments[: len(moments) // 4], key=lambda moment: abs(moment[0] - last[0]))
    steps = ask("w.pause(); w.wait(); print(w.step_number)")
    row(
        f"memory after {minutes:g} minutes of play ({steps} steps; at {first[0]} and {last[0]} frames)",
        f"browser {last[1] - first[1]:+.1f} MiB, kernel {last[2] - first[2]:+.1f} MiB",
        "≤ +5 MiB",
    )
    notebook.close()


def collapse(page, server):
    notebook = Notebook(page, server, server.add(notebook_of(IMPORT, "w = ModeCollapse(seed=1)\nw")))
    ask = lambda code: page.evaluate(ASK, code).strip()  # noqa: E731
    notebook.run_all()
    widget = page.locator(".gan-edu").first
    widget.wait_for()
    plain = "g = w.runs[0].model.copy()\nwith one_thread():\n"
    plain += "    t = time.perf_counter(); training.run(g, data.toy.ring(), 300, progress=False)\n"
    plain += "print(300 / (time.perf_counter() - t))"
    without, seen, frames = [], [], []
    for _ in range(3):
        without.append(float(ask(plain)))
        ask("w.play()")
        seen.append(float(ask("print(speed(w, 4))")))
        frames.append(new_pictures(widget, 4))
        ask("w.pause(); w.wait()")
    share = statistics.median(seen) / statistics.median(without)
    row(
        "eight seeds: steps a second without a view, with it",
        f"{statistics.median(without):.0f}, {100 * share:.0f} %",
        "",
    )
    row("eight seeds: frames painted a second while training", f"{statistics.median(frames):.1f}", "")
    notebook.close()


def latent(page, server):
    notebook = Notebook(page, server, server.add(notebook_of(IMPORT, "w = LatentSpace()\nw")))
    notebook.run_all()
    widget = page.locator(".gan-edu").first
    widget.locator("canvas[data-exact=true]").first.wait_for()
    box = widget.locator("canvas[tabindex]").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    dragged, exact = [], []
    for i in range(12):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20, y + 10 + i)
        if i < 3:
            dragged.append(widget.evaluate(DRAG))
        widget.evaluate(f"root => {{ window.letGo = ({LET_GO})(root) }}")
        page.mouse.up()
        exact.append(page.evaluate("() => window.letGo"))
    row("dragging in latent space", f"{statistics.median(dragged):.0f} pictures a second", "≥ 50")
    row("the exact picture after letting go", f"median {statistics.median(exact):.0f} ms", "≤ 60 ms")
    notebook.close()


def seeing(page, server):
    notebook = Notebook(page, server, server.add(notebook_of(IMPORT, 'w = SeeingDoing("fork")\nw')))
    notebook.run_all()
    widget = page.locator(".gan-edu").first
    widget.locator(".arrow input").first.wait_for()
    answers = []
    for i in range(40):
        answers.append(widget.evaluate(STRENGTH, round(0.1 * (i % 8), 1)))
        page.wait_for_timeout(100)
    row(
        "a strength's slider to the new slope",
        f"median {statistics.median(answers):.0f}, p95 {p95(answers):.0f} ms",
        "≤ 100 ms",
    )
    notebook.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", choices=("surface", "collapse", "latent", "seeing"), help="one widget alone")
    minutes = parser.parse_args().minutes
    from playwright.sync_api import sync_playwright

    folder = Path(tempfile.mkdtemp())
    (folder / "home").mkdir()
    server = Server(jupyterlab(), folder / "home", folder)
    try:
        with sync_playwright() as playwright:
            flags = [*CHROMIUM_FLAGS, "--enable-precise-memory-info", "--js-flags=--expose-gc"]
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
            print("| what | measured | goal |\n|---|---|---|")
            only = parser.parse_args().only
            for name, measure in {"latent": latent, "seeing": seeing, "collapse": collapse, "surface": surface}.items():
                if only in (None, name):
                    more = [minutes] if name == "surface" else []
                    measure(browser.new_page(viewport={"width": 1280, "height": 900}), server, *more)
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
