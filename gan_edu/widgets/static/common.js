// What the widgets share in the browser. For those that train: a store of frames, a time line, buttons, charts, and a
// player without kernel; a painter draws: PAINTER = { help, charts, layers, make(shell) → { paint(shown) } }. For all:
// the style sheet, nodes, sharp canvases, and when a stored page should begin.
const ganEdu = (() => {
  const REAL = "#0072B2", FAKE = "#D55E00", DISC = "#009E73", THEORY = "#000000", GREY = "#4D4D4D";
  const TYPES = { uint8: Uint8Array, int8: Int8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array,
    float32: Float32Array, float64: Float64Array };

  const CSS = `
/* beside a live view, the outputs for readers without a kernel only confuse */
.jp-OutputArea-child:has(.gan-edu-live) + .jp-OutputArea-child:has(.jp-RenderedImage):has(+ .jp-OutputArea-child .gan-edu-player),
.jp-OutputArea-child:has(.gan-edu-live) ~ .jp-OutputArea-child:has(.gan-edu-player) { display: none !important; }
.gan-edu { font: 14px/1.4 system-ui, "DejaVu Sans", sans-serif; color: #111; background: #fff; padding: 8px;
  border: 1px solid #999; border-radius: 6px; max-width: 1100px; box-sizing: border-box; }
.gan-edu.big { font-size: 20px; max-width: 1600px; }
.gan-edu:focus-visible, .gan-edu button:focus-visible, .gan-edu input:focus-visible, .gan-edu select:focus-visible,
.gan-edu summary:focus-visible { outline: 3px solid #0072B2; outline-offset: 1px; }
.gan-edu .row { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin: 3px 0; }
.gan-edu button, .gan-edu select { font: inherit; color: #111; background: #f2f2f2; border: 1px solid #777;
  border-radius: 4px; padding: 3px 9px; cursor: pointer; min-height: 1.9em; }
.gan-edu button:disabled { color: #777; cursor: default; }
.gan-edu button[aria-pressed="true"] { background: #cfe4f3; border-color: #0072B2; }
.gan-edu .row > .last { margin-left: auto; }
.gan-edu .legend { display: flex; gap: 6px; align-items: center; font-size: .86em; margin-top: 3px; }
.gan-edu .legend .scale { flex: 1; height: .8em; border: 1px solid #777; }
.gan-edu label { display: inline-flex; gap: 4px; align-items: center; white-space: nowrap; }
.gan-edu .time { flex: 1; min-width: 180px; }
.gan-edu .at { font-weight: 600; min-width: 7.5em; font-variant-numeric: tabular-nums; }
.gan-edu .message { background: #fff3cd; border: 1px solid #8a6d00; border-radius: 4px; padding: 4px 8px; margin: 4px 0; }
.gan-edu .message:empty { display: none; }
.gan-edu .stage { display: flex; flex-wrap: wrap; gap: 10px; align-items: flex-start; }
.gan-edu .runs { display: flex; flex-wrap: wrap; gap: 10px; }
.gan-edu figure { margin: 0; } .gan-edu figcaption { font-weight: 600; }
.gan-edu canvas { display: block; background: #fff; }
.gan-edu .charts { display: flex; flex-wrap: wrap; gap: 4px 12px; flex: 1 1 300px; min-width: 0; align-content: flex-start; }
.gan-edu .under { min-height: 2.8em; font-variant-numeric: tabular-nums; }
.gan-edu .code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; white-space: pre-wrap; margin: 4px 0; }
.gan-edu .charts .code { flex: 1 1 100%; } .gan-edu .code:empty { display: none; }
.gan-edu .code div { padding: 1px 6px; } .gan-edu .code .now { background: #ffe08a; font-weight: 700; }
.gan-edu .help { max-width: 62em; } .gan-edu .help p { margin: 4px 0; }
`;

  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null));
    return node;
  };

  // --- frames

  function arraysOf(heads, buffers) {
    const arrays = {};
    heads.forEach((head, i) => {
      const view = buffers[i], Type = TYPES[head.dtype];
      const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
      arrays[head.name] = Object.assign(new Type(bytes), { shape: head.shape });
    });
    return arrays;
  }

  class Run {
    constructor() { this.about = {}; this.fixed = {}; this.frames = new Map(); this.steps = []; }
    add(frame) {
      const last = this.steps[this.steps.length - 1];
      if (!this.frames.has(frame.step) && !this.steps.includes(frame.step)) {
        this.steps.push(frame.step);
        if (last !== undefined && frame.step < last) this.steps.sort((a, b) => a - b);
      }
      this.frames.set(frame.step, frame);
    }
    keep(steps) {
      this.steps = steps.slice();
      const kept = new Set(steps);
      for (const step of this.frames.keys()) if (!kept.has(step)) this.frames.delete(step);
    }
    drop(step) { this.frames.delete(step); const i = this.steps.lastIndexOf(step); if (i >= 0) this.steps.splice(i, 1); }
    missing() { return this.steps.filter((step) => !this.frames.has(step)); }
    // the last frame that is here at or before a step
    at(step) {
      let low = 0, high = this.steps.length;
      while (low < high) { const middle = (low + high) >> 1; if (this.steps[middle] <= step) low = middle + 1; else high = middle; }
      for (let i = Math.max(0, low - 1); i >= 0; i--) if (this.frames.has(this.steps[i])) return this.frames.get(this.steps[i]);
      for (const step of this.steps) if (this.frames.has(step)) return this.frames.get(step);
      return null;
    }
  }

  // --- pictures

  // a canvas of a size in CSS pixels, sharp on every screen; draw(context, width, height)
  function sharp(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  const short = (x) => x === null || x === undefined || !isFinite(x) ? "–"
    : Math.abs(x) >= 1000 || (Math.abs(x) < 0.01 && x !== 0) ? x.toExponential(1) : String(Number(x.toPrecision(3)));

  // lines over steps: chart = { title, series: [{ key, label, color, dash, spread: [low, high] }], lines: [{ y, label }], low, high }
  function drawChart(canvas, chart, runs, cursor, big, width) {
    const height = big ? 190 : 118, size = big ? 17 : 12;
    const context = sharp(canvas, width, height);
    const left = big ? 58 : 42, right = width - 8, top = size + 10, bottom = height - size - 8;
    let low = chart.low, high = typeof chart.high === "function" ? chart.high(runs) : chart.high, last = 1;
    const found = [];
    runs.forEach((run, r) => chart.series.forEach((series) => {
      const points = [];
      for (const step of run.steps) {
        const frame = run.frames.get(step), value = frame && frame.values[series.key];
        if (value !== undefined && value !== null && isFinite(value)) points.push([step, value]);
        last = Math.max(last, step);
      }
      found.push({ series, points, r });
    }));
    canvas.style.display = found.some(({ points }) => points.length) || !chart.optional ? "block" : "none";
    const values = found.flatMap(({ points }) => points.map((point) => point[1])).concat((chart.lines || []).map((l) => l.y));
    if (low === undefined) low = Math.min(...values, 0);
    if (high === undefined) high = Math.max(...values, low + 1e-6) * 1.05;
    const x = (step) => left + (right - left) * step / last;
    const y = (value) => bottom - (bottom - top) * (Math.min(Math.max(value, low), high) - low) / (high - low || 1);
    context.font = `${size}px system-ui, sans-serif`; context.lineWidth = 1; context.strokeStyle = "#777";
    context.beginPath(); context.moveTo(left, top); context.lineTo(left, bottom); context.lineTo(right, bottom); context.stroke();
    context.fillStyle = "#111"; context.textAlign = "right"; context.textBaseline = "middle";
    context.fillText(short(low), left - 4, bottom); context.fillText(short(high), left - 4, top);
    context.textBaseline = "top"; context.fillText(`step ${last}`, right, bottom + 4);
    context.textAlign = "left"; context.fillText("0", left, bottom + 4);
    for (const line of chart.lines || []) {
      context.setLineDash([5, 3]); context.strokeStyle = THEORY; context.beginPath();
      context.moveTo(left, y(line.y)); context.lineTo(right, y(line.y)); context.stroke(); context.setLineDash([]);
      context.textAlign = "right"; context.textBaseline = "bottom"; context.fillText(line.label, right, y(line.y) - 1);
    }
    for (const { series, points, r } of found) {
      context.strokeStyle = series.color; context.lineWidth = series.thin ? 1 : big ? 2.6 : 1.8;
      context.globalAlpha = series.thin ? 0.45 : 1;
      context.setLineDash(r ? [2, 2] : series.dash || []); context.beginPath();
      points.forEach(([step, value], i) => i ? context.lineTo(x(step), y(value)) : context.moveTo(x(step), y(value)));
      context.stroke(); context.setLineDash([]); context.globalAlpha = 1;
    }
    let at = left; context.textAlign = "left"; context.textBaseline = "top";
    if (chart.title) { context.fillStyle = "#111"; context.fillText(chart.title, at, 0); at += context.measureText(chart.title).width + 12; }
    for (const series of chart.series) {
      if (!series.label) continue;
      context.strokeStyle = series.color; context.lineWidth = 3; context.setLineDash(series.dash || []);
      context.beginPath(); context.moveTo(at, size / 2); context.lineTo(at + 18, size / 2); context.stroke(); context.setLineDash([]);
      context.fillStyle = "#111"; context.fillText(series.label, at + 22, 0); at += 32 + context.measureText(series.label).width;
    }
    if (cursor !== null) {
      context.strokeStyle = "#111"; context.lineWidth = 1; context.beginPath();
      context.moveTo(x(cursor), top); context.lineTo(x(cursor), bottom); context.stroke();
    }
  }

  // --- the shell

  function shell(root, send, painter, setup, live) {
    const state = { runs: [new Run()], names: [""], cursor: null, big: false, playing: false, layers: {}, phase: null, live };
    for (const layer of painter.layers || []) state.layers[layer.key] = !!layer.on;
    let dirty = false, asked = new Set(), replay = null, frameTimes = [];

    const shown = () => state.runs.map((run) => state.cursor === null ? run.at(Infinity) : run.at(state.cursor));
    const allSteps = () => state.runs.length === 1 ? state.runs[0].steps
      : [...new Set(state.runs.flatMap((run) => run.steps))].sort((a, b) => a - b);
    const now = () => { const frames = shown().filter(Boolean); return frames.length ? Math.max(...frames.map((f) => f.step)) : 0; };
    const press = (kind, what = {}) => send({ kind, ...what });
    const button = (text, title, click, more = {}) => make("button", { type: "button", title, onclick: click, ...more }, text);

    const play = button("▶ Play", "Play (space)", () => toggle());
    const stepBoth = button("Step", "One training step of both players (s)", () => { state.cursor = null; press("step", { player: "both" }); });
    const at = make("span", { class: "at" }, "step 0");
    const time = make("input", { type: "range", class: "time", min: 0, max: 0, value: 0, step: 1, "aria-label": "Time line: training step shown" });
    const latest = button("Latest", "Go to the latest frame (End)", () => seek(null));
    const whatIf = button("What if from here…", "Branch: a second run from the step shown, beside the first", () => { press("branch", { step: now() }); root.focus(); });
    const message = make("div", { class: "message", role: "alert" });
    const spoken = make("div", { role: "status", "aria-live": "polite", style: "position:absolute;left:-9999px" });
    const under = make("div", { class: "under" });
    const code = make("div", { class: "code", "aria-label": "The step in slow motion" });
    const bar = make("div", { class: "row", role: "toolbar", "aria-label": "Training" });
    const layerRow = make("div", { class: "row", role: "group", "aria-label": "Layers" });
    const runsBox = make("div", { class: "runs" }), chartsBox = make("div", { class: "charts" });
    const help = make("details", { class: "help" }, make("summary", {}, "What am I looking at?"));
    for (const paragraph of painter.help) help.append(make("p", {}, paragraph));
    const projector = button("A⁺", "Large type, for a projector (p)", () => { state.big = !state.big; refresh(); }, { "aria-pressed": "false", "aria-label": "Large type" });
    const keepFirst = button("Keep the left run", "Go on with the run as before alone", () => { press("keep", { run: 0 }); root.focus(); });
    const keepSecond = button("Keep the right run", "Go on with the what-if run alone", () => { press("keep", { run: 1 }); root.focus(); });

    bar.append(play);
    if (live) {
      bar.append(stepBoth);
      if (painter.players) bar.append(
        button("Step D", "One step of the discriminator alone (d)", () => { state.cursor = null; press("step", { player: "discriminator" }); }),
        button("Step G", "One step of the generator alone (g)", () => { state.cursor = null; press("step", { player: "generator" }); }));
      const speed = make("select", { "aria-label": "Speed", onchange: () => press("speed", { speed: speed.value }) },
        ...(setup.speeds || []).map((name) => make("option", { value: name, selected: name === setup.speeds[setup.speeds.length - 1] }, name)));
      bar.append(speed);
      if (painter.slow) {
        const slow = button("Slow motion", "Run each training step line by line", () => {
          const on = slow.getAttribute("aria-pressed") !== "true"; slow.setAttribute("aria-pressed", String(on)); press("slow", { on });
          if (!on) { state.phase = null; }
          refresh();
        }, { "aria-pressed": "false" });
        bar.append(slow);
      }
      bar.append(button("Reset", "Begin again with the same seed (r)", () => { state.cursor = null; press("reset"); }));
      if (painter.seeds !== false) bar.append(button("New seed", "Begin again with another seed (n)", () => { state.cursor = null; press("new_seed"); }));
      for (const extra of painter.buttons || []) bar.append(button(extra.text, extra.title, () => extra.click(api)));
    }
    for (const layer of painter.layers || []) {
      const box = make("input", { type: "checkbox", onchange: () => { state.layers[layer.key] = box.checked; refresh(); } });
      box.checked = !!layer.on;
      layerRow.append(make("label", { title: layer.title || "" }, box, layer.text));
    }
    projector.classList.add("last"); layerRow.append(projector);
    const timeRow = make("div", { class: "row" }, at, time, latest);
    if (live && painter.branches !== false) timeRow.append(whatIf, keepFirst, keepSecond);

    root.classList.add("gan-edu"); root.tabIndex = 0; root.dataset.lmSuppressShortcuts = "true";
    root.setAttribute("role", "group"); root.setAttribute("aria-label", setup.name || "Widget");
    const style = make("style"); style.textContent = CSS;
    root.append(style, bar, layerRow, message, make("div", { class: "stage" }, runsBox, chartsBox), under, timeRow, help, spoken);

    chartsBox.append(code);

    const api = { state, make, press, refresh, root, under, sharp, short, setup, runsBox, layerRow, now, shown, room: () => room(),
      colors: { REAL, FAKE, DISC, THEORY, GREY }, say: (text) => { message.textContent = text; } };
    const painted = painter.make(api);
    const charts = (painter.charts || []).map((chart) => { const canvas = make("canvas", { role: "img", "aria-label": chart.title || "chart", title: chart.help }); chartsBox.append(canvas); return { chart, canvas }; });

    function seek(step) { state.cursor = step; refresh(); }
    function move(by) {
      const steps = allSteps(); if (!steps.length) return;
      const here = steps.findIndex((step) => step >= now());
      const there = Math.min(Math.max((here < 0 ? steps.length - 1 : here) + by, 0), steps.length - 1);
      seek(there === steps.length - 1 && !replay ? null : steps[there]);
    }
    function toggle() {
      if (live) { press(state.playing ? "pause" : "play"); if (!state.playing) state.cursor = null; return; }
      if (replay) { clearInterval(replay); replay = null; } else {
        if (state.cursor === null) seek(allSteps()[0]);
        replay = setInterval(() => { const steps = allSteps(), here = steps.indexOf(now());
          if (here >= steps.length - 1) { clearInterval(replay); replay = null; state.playing = false; seek(null); } else seek(steps[here + 1]); }, 120);
      }
      state.playing = !!replay; refresh();
    }
    time.addEventListener("input", () => { const steps = allSteps(), i = Number(time.value); seek(i >= steps.length - 1 ? null : steps[i]); });
    root.addEventListener("keydown", (event) => {
      event.stopPropagation();  // JupyterLab would take letters for its own commands
      const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
      const onButton = event.target.tagName === "BUTTON" || event.target.tagName === "SUMMARY";
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const keys = { ArrowLeft: () => move(-1), ArrowRight: () => move(1), PageUp: () => move(-10), PageDown: () => move(10),
        Home: () => seek(allSteps()[0] ?? null), End: () => seek(null), p: () => projector.click() };
      if (live) Object.assign(keys, { s: () => stepBoth.click(), r: () => { state.cursor = null; press("reset"); },
        ...(painter.seeds === false ? {} : { n: () => { state.cursor = null; press("new_seed"); } }),
        ...(painter.players ? { d: () => press("step", { player: "discriminator" }), g: () => press("step", { player: "generator" }) } : {}) });
      if (!onButton) keys[" "] = toggle;
      if (typing && !(event.target === time && [" ", "s", "r", "p", "d", "g", "n"].includes(event.key))) return;
      if (painted.key && painted.key(event)) { event.preventDefault(); return; }
      if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
    });

    // the room inside, and what each chart gets of it: beside the runs, or below where that is too narrow
    const room = () => Math.max(root.clientWidth - 16, 300);
    function chartWidth() {
      const gap = 12, least = state.big ? 420 : 300, beside = room() - runsBox.offsetWidth - gap;
      const wide = runsBox.offsetWidth && beside >= least ? beside : room();
      const columns = Math.max(1, Math.min(charts.length, Math.floor((wide + gap) / (least + gap))));
      return Math.floor((wide - gap * (columns - 1)) / columns) - 1;
    }
    let lastRoom = 0;
    const resized = new ResizeObserver(() => { if (room() !== lastRoom) { lastRoom = room(); refresh(); } });
    resized.observe(root);
    function refresh() { if (!dirty) { dirty = true; requestAnimationFrame(paint); } }
    let lastSpoken = 0, chartsDue = 0;
    function paint() {
      dirty = false;
      if (!root.isConnected) return;
      const begin = performance.now(), frames = shown(), steps = allSteps();
      time.max = Math.max(steps.length - 1, 0);
      const here = state.cursor === null ? steps.length - 1 : steps.findIndex((step) => step >= now());
      if (Number(time.value) !== here) time.value = here;
      at.textContent = `step ${now()}`;
      time.setAttribute("aria-valuetext", at.textContent);
      play.textContent = state.playing ? "‖ Pause" : "▶ Play";
      play.title = state.playing ? "Pause (space)" : "Play (space)";
      projector.setAttribute("aria-pressed", String(state.big)); root.classList.toggle("big", state.big);
      keepFirst.style.display = keepSecond.style.display = state.runs.length > 1 ? "" : "none";
      whatIf.style.display = state.runs.length > 1 ? "none" : "";
      if (frames.some(Boolean)) painted.paint(frames);
      // charts change slowly: while training, four times a second is enough
      if (!state.playing || begin >= chartsDue || state.cursor !== null) {
        const width = chartWidth();
        for (const { chart, canvas } of charts) drawChart(canvas, chart, state.runs, state.cursor === null ? null : now(), state.big, width);
        chartsDue = begin + 250;
      } else if (state.playing) setTimeout(refresh, 260);
      if (frames[0] && begin > lastSpoken + 1500) { spoken.textContent = `${at.textContent}. ${painter.spoken ? painter.spoken(frames[0], state) : ""}`; lastSpoken = begin; }
      code.replaceChildren(...(state.phase && setup.code ? setup.code.map((line, i) => make("div", { class: i === state.phase.line ? "now" : "" }, line)) : []));
      if (state.phase && state.phase.says) code.append(make("div", {}, `→ ${state.phase.says}`));
      frameTimes.push(begin); if (frameTimes.length > 120) frameTimes.shift();
      root.dataset.step = now(); root.dataset.painted = Number(root.dataset.painted || 0) + 1;
      root.dataset.frames = steps.length; root.dataset.paintMs = (performance.now() - begin).toFixed(2);
      fill();
    }
    // ask for frames that were made before this view was there
    function fill() {
      if (!live) return;
      state.runs.forEach((run, r) => {
        const wanted = run.missing().filter((step) => !asked.has(`${r}/${step}`)).slice(0, 40);
        if (!wanted.length) return;
        wanted.forEach((step) => asked.add(`${r}/${step}`));
        press("want", { run: r, steps: wanted });
      });
    }

    Object.assign(api, {
      receive(content, buffers) {
        const run = state.runs[content.run];
        if (content.kind === "runs") { state.runs = Array.from({ length: content.count }, () => new Run()); state.names = content.names; state.cursor = null; asked = new Set(); painted.reset && painted.reset(); }
        else if (!run) return;
        else if (content.kind === "fixed") { run.about = content.about; run.fixed = arraysOf(content.arrays, buffers); run.frames.clear(); run.steps = []; painted.reset && painted.reset(); }
        else if (content.kind === "frame") { (content.gone || []).forEach((step) => run.drop(step)); run.add({ step: content.step, values: content.values, arrays: arraysOf(content.arrays, buffers) }); state.phase = content.phase || null; }
        else if (content.kind === "steps") run.keep(content.steps);
        else if (painted.receive) painted.receive(content, buffers);
        refresh();
      },
      tell(text) { message.textContent = text; },
      setPlaying(playing) { state.playing = playing; refresh(); },
      disable() { for (const node of bar.querySelectorAll("button, select")) if (node !== projector) node.disabled = true; whatIf.disabled = true; },
      stop() { if (replay) clearInterval(replay); resized.disconnect(); },
    });
    return api;
  }

  // --- live, in a notebook

  // calls lost() when JupyterLab marks the widget as disconnected; gives a function that stops watching
  function whenKernelStops(el, lost) {
    const watcher = new MutationObserver(() => { if (el.closest(".jupyter-widgets-disconnected")) lost(); });
    const watch = () => { for (let node = el; node && node !== document.body; node = node.parentElement) watcher.observe(node, { attributes: true, attributeFilter: ["class"] }); };
    requestAnimationFrame(watch);
    return () => watcher.disconnect();
  }

  function render(model, el, painter) {
    const root = make("div", { class: "gan-edu-live" }); el.append(root);
    const api = shell(root, (content) => model.send(content), painter, model.get("setup"), true);
    const onMessage = (content, buffers) => api.receive(content, buffers || []);
    const onPlaying = () => api.setPlaying(model.get("playing"));
    const onText = () => api.tell(model.get("message"));
    model.on("msg:custom", onMessage); model.on("change:playing", onPlaying); model.on("change:message", onText);
    onPlaying(); onText();
    // a restarted or stopped kernel leaves the picture and the time line, and says so
    const unwatch = whenKernelStops(el, () => {
      api.setPlaying(false); api.disable();
      api.tell("The kernel behind this picture has stopped. You can still scrub; run the cell again to train on.");
    });
    model.send({ kind: "ready" });
    return () => {
      unwatch(); api.stop();
      model.off("msg:custom", onMessage); model.off("change:playing", onPlaying); model.off("change:message", onText);
      try { model.send({ kind: "gone" }); } catch (error) { /* the widget is closed already */ }
    };
  }

  // --- without a kernel

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  const play = (root, ...what) => whenSeen(root, () => unfold(root, ...what));

  // Begins when it can be seen: a live view hides it. While that is still loading, or its kernel is looked for, it waits.
  function whenSeen(root, start) {
    const loading = () => root.closest(".jp-OutputArea-child")?.previousElementSibling?.previousElementSibling
      ?.querySelector(':scope > [data-mime-type="application/vnd.jupyter.widget-view+json"]:not(.jupyter-widgets)');
    let begun = false;
    const begin = () => {
      if (begun || root.offsetParent === null) return;
      if (loading()) { setTimeout(begin, 200); return; }
      begun = true; watcher.disconnect(); start();
    };
    const watcher = new ResizeObserver(begin);
    watcher.observe(root);
  }

  async function unfold(root, content, packed, painter) {
    const bytes = await unpack(packed);
    let place = 0;
    const take = (head, before) => {
      const Type = TYPES[head.dtype], length = head.shape.reduce((a, b) => a * b, 1);
      const array = new Type(bytes.slice(place, place + length * Type.BYTES_PER_ELEMENT).buffer);
      place += length * Type.BYTES_PER_ELEMENT;
      if (head.delta) for (let i = 0; i < length; i++) array[i] += before[i];
      return Object.assign(array, { shape: head.shape });
    };
    const api = shell(root, () => {}, painter, content.setup, false);
    api.state.runs = content.runs.map((stored) => {
      const run = new Run(); run.about = stored.about;
      for (const head of stored.fixed) run.fixed[head.name] = take(head);
      let before = {};
      for (const frame of stored.frames) {
        const arrays = {};
        for (const head of frame.arrays) arrays[head.name] = before[head.name] = take(head, before[head.name]);
        run.add({ step: frame.step, values: frame.values, arrays });
      }
      return run;
    });
    api.state.names = content.names;
    root.classList.add("gan-edu-drawn");
    api.refresh();
  }

  return { render, play, make, sharp, CSS, whenSeen, whenKernelStops };
})();
