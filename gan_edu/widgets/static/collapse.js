// ModeCollapse: seeds side by side, with what each holds of the modes, what it has lost, and how often that happens.
const PAINTER = {
  layers: [
    { key: "real", text: "real", on: true, title: "Real points, blue dots, and the modes, blue discs three standard deviations wide" },
    { key: "fake", text: "generated", on: true, title: "Generated points, orange triangles" },
    { key: "marks", text: "lost modes (✕)", on: true, title: "A cross where this seed had a mode and holds it no longer: too few good points are left there (others may lie beside it)" },
  ],
  help: [
    "Each panel is one GAN; all have the same settings and differ in their seed only. Blue: the real data, a disc for each mode. Orange triangles: what this seed's generator makes. For digits, the panel shows generated images.",
    "“6 of 8” counts the modes that a seed holds: those that get more than a quarter of the points they deserve, where only good points count. “Captured” is what papers count: at least one good point. A point is good when it lies within three standard deviations of a mode (a digit: when a classifier trained on MNIST finds it among the real ones; of real digits, between eight and nine in ten are).",
    "The bars are the shares of the modes, in their order; the blue line says how high each should be. The line below is the number of held modes over the steps. In the chart, the thick line is the median seed and the band goes from the lowest to the highest.",
    "A black frame and a cross: this seed had a mode (at least half of the points it deserves, in two frames in a row) and no longer holds it. The list says at which step, and what the measurements suggest as the cause; it is a guess, not a verdict.",
    "Change a setting while it trains: a second row of the same seeds goes on with it, and the first goes on as before. Drag the time line back and press “What if from here” to try it earlier; from step 0 on it is a race from the start. Spectral norm, packing and minibatch std need another discriminator, so the second row's discriminators begin afresh.",
    "“How often?” trains new seeds for every pair of two settings and counts how many collapse. Keys: space plays and pauses, s steps, arrows walk through time, r resets, n takes new seeds, p is for projectors.",
  ],
  buttons: [
    { text: "How often?", title: "Train many seeds for every pair of two settings, and count how many collapse", click: (api) => api.openSweep() },
  ],
  spoken: (frame) => `The median seed holds ${frame.values.held} modes. ${Math.round(100 * frame.values.complete)} percent of the seeds hold all.`,

  make(api) {
    const { state, make, sharp, short, colors } = api;
    const WHAT_IF = "#7B4EA3", GAP = 8;
    // here the runs stand one above the other
    for (const node of api.root.querySelectorAll("button")) {
      if (node.textContent === "Keep the left run") node.textContent = "Keep “as before”";
      if (node.textContent === "Keep the right run") node.textContent = "Keep “what if”";
      if (node.textContent === "New seed") { node.textContent = "New seeds"; node.title = "Begin again with other seeds (n)"; }
    }
    let plates = [], hovered = null;
    const unit = () => state.runs[0]?.about.unit || "mode";  // or "region"
    const percent = (x) => `${(100 * x).toFixed(x < 0.0995 ? 1 : 0)} %`;
    const score = (run, frame, seed, name) => frame.arrays.scores[seed * frame.arrays.scores.shape[1] + run.about.scores.indexOf(name)];
    // modes that are lost at the step shown, and not held for a moment: rows of number, seed, mode, step, back, why, cause
    const missing = (run, frame) => (run.about.lost || []).filter((row) => row && row[3] <= frame.step && (row[4] === null || row[4] > frame.step)
      && frame.arrays.counts[row[1] * run.about.modes + row[2]] <= 0.25 * run.about.samples * run.fixed.truth[row[2]]);

    // --- where things are: one canvas for each run, a grid of panels on it
    function layout() {
      const big = state.big, two = state.runs.length > 1, seeds = state.runs[0].about.seeds || 1;
      const width = Math.max(300, api.root.clientWidth - 18), beside = big ? 420 : 330, size = big ? 17 : 12;
      const below = two || width < beside + 4 * (big ? 140 : 100);  // charts below the panels, or at their right
      const space = below ? width : width - beside - 14;
      let columns = two || seeds > 8 ? Math.min(seeds, 8) : seeds > 4 ? 4 : Math.min(seeds, below ? 4 : 2);
      if (Math.floor((space + GAP) / columns) - GAP < (big ? 92 : 84)) columns = Math.min(columns, 4);
      const side = Math.min(big ? 230 : seeds > 4 ? 170 : 190, Math.floor((space + GAP) / columns) - GAP);
      const head = Math.round(size * 2.9), bars = big ? 40 : 28, line = big ? 36 : 26, across = big || width < 700 ? 2 : 3;
      const chart = below ? Math.max(260, Math.floor((width - 12 * (across - 1)) / across) - 1) : beside;
      return { columns, side, size, head, bars, line, rows: Math.ceil(seeds / columns), seeds, tall: head + side + bars + line + 14, two, below, chart };
    }

    function plate(r) {
      const canvas = make("canvas", { role: "img" }), caption = make("figcaption"), figure = make("figure", {}, caption, canvas);
      canvas.addEventListener("pointermove", (event) => {
        const box = canvas.getBoundingClientRect(), L = layout();
        const column = Math.floor((event.clientX - box.left) / (L.side + GAP)), row = Math.floor((event.clientY - box.top) / (L.tall + GAP));
        const seed = row * L.columns + column;
        hovered = seed < L.seeds && column < L.columns ? { r, seed, x: event.clientX - box.left - column * (L.side + GAP), y: event.clientY - box.top - row * (L.tall + GAP) } : null;
        api.refresh();
      });
      canvas.addEventListener("pointerleave", () => { hovered = null; api.refresh(); });
      return { canvas, caption, figure };
    }

    function fit(context, width, ...texts) {
      return texts.find((text) => context.measureText(text).width <= width) || texts[texts.length - 1];
    }

    function panel(context, L, r, frame, seed, X, Y) {
      const run = state.runs[r], about = run.about, S = L.side, K = about.modes, A = frame.arrays, layers = state.layers;
      const lost = run.open.filter((row) => row[1] === seed), held = score(run, frame, seed, "held");
      context.textBaseline = "top"; context.textAlign = "left"; context.fillStyle = "#111";
      context.font = `600 ${L.size}px system-ui, sans-serif`;
      const number = seed + about.first_seed, name = context.measureText(`seed ${number}  ${K}/${K}`).width <= S ? `seed ${number}` : `${number}:`;
      context.fillText(name, X, Y);
      const room = S - context.measureText(name).width - 8;
      context.textAlign = "right"; context.fillText(fit(context, room, `${held} of ${K} held`, `${held} of ${K}`, `${held}/${K}`, ""), X + S, Y);
      context.textAlign = "left"; context.font = `${L.size - 1}px system-ui, sans-serif`; context.fillStyle = "#333";
      const captured = score(run, frame, seed, "captured"), good = percent(score(run, frame, seed, "high_quality"));
      context.fillText(fit(context, S, `${captured} captured · ${good} good`, `${captured} capt. · ${good} good`, `${good} good`, good), X, Y + L.size * 1.4);

      const top = Y + L.head;
      context.save(); context.beginPath(); context.rect(X, top, S, S); context.clip();
      if (about.world === "plane") plane(context, run, A, seed, X, top, S, layers.marks ? lost.map((row) => row[2]) : []);
      else images(context, A, seed, X, top, S);
      context.restore();
      context.strokeStyle = lost.length ? "#000" : "#999"; context.lineWidth = lost.length ? 3 : 1;
      const inset = lost.length ? 1.5 : 0.5;
      context.strokeRect(X + inset, top + inset, S - 2 * inset, S - 2 * inset);

      // shares of the modes against the truth
      const low = top + S + 4 + L.bars, truth = run.fixed.truth, most = 1.8 * Math.max(...truth), width = S / K;
      for (let k = 0; k < K; k++) {
        const share = A.counts[seed * K + k] / about.samples, x = X + k * width, thick = Math.max(width - (width > 6 ? 3 : 1), 1);
        const tall = L.bars * Math.min(share, most) / most;
        context.fillStyle = colors.FAKE; context.fillRect(x + (width - thick) / 2, low - tall, thick, tall);
        const due = low - L.bars * truth[k] / most;
        context.strokeStyle = colors.REAL; context.lineWidth = state.big ? 2.5 : 1.8;
        context.beginPath(); context.moveTo(x, due); context.lineTo(x + width, due); context.stroke();
        if (layers.marks && lost.some((row) => row[2] === k)) cross(context, x + width / 2, low - 5, Math.min(4, width / 3));
      }
      context.strokeStyle = "#777"; context.lineWidth = 1; context.beginPath(); context.moveTo(X, low + 0.5); context.lineTo(X + S, low + 0.5); context.stroke();

      // held modes over the steps
      const floor = low + 6 + L.line, steps = run.steps, last = Math.max(...state.runs.map((one) => one.steps[one.steps.length - 1] || 1), 1);
      const px = (step) => X + S * step / last, py = (value) => floor - (L.line - 2) * value / K;
      context.strokeStyle = "#ccc"; context.beginPath(); context.moveTo(X, py(K)); context.lineTo(X + S, py(K)); context.stroke();
      context.strokeStyle = "#777"; context.beginPath(); context.moveTo(X, floor + 0.5); context.lineTo(X + S, floor + 0.5); context.stroke();
      context.strokeStyle = r ? WHAT_IF : colors.FAKE; context.lineWidth = state.big ? 2 : 1.4; context.lineJoin = "round"; context.beginPath();
      const stride = Math.max(1, Math.ceil(steps.length / 150));
      let begun = false;
      for (let i = 0; i < steps.length; i += stride) {
        const one = run.frames.get(steps[i]); if (!one) continue;
        const x = px(steps[i]), y = py(score(run, one, seed, "held"));
        begun ? context.lineTo(x, y) : context.moveTo(x, y); begun = true;
      }
      context.stroke();
      if (state.cursor !== null) { context.strokeStyle = "#111"; context.lineWidth = 1; context.beginPath(); context.moveTo(px(frame.step), floor - L.line); context.lineTo(px(frame.step), floor); context.stroke(); }
    }

    function cross(context, x, y, t) {
      for (const [color, width] of [["#fff", 4.5], ["#000", 2.2]]) {
        context.strokeStyle = color; context.lineWidth = width; context.lineCap = "round"; context.beginPath();
        context.moveTo(x - t, y - t); context.lineTo(x + t, y + t); context.moveTo(x - t, y + t); context.lineTo(x + t, y - t); context.stroke();
      }
      context.lineCap = "butt";
    }

    function plane(context, run, A, seed, X, Y, S, lost) {
      const { modes, real } = run.fixed, all = A.fake, n = all.shape[1], full = all instanceof Int8Array ? 127 : 32767;
      const x = (v, f) => X + S / 2 + v / f * S, y = (v, f) => Y + S / 2 - v / f * S;  // the full range is ±2·extent
      if (state.layers.real) {
        const reach = Math.max(2.5, run.about.reach / (2 * run.about.extent) * S);
        context.fillStyle = "#d3e6f2"; context.beginPath();
        for (let k = 0; k < modes.length; k += 2) { const u = x(modes[k], 32767), v = y(modes[k + 1], 32767); context.moveTo(u + reach, v); context.arc(u, v, reach, 0, 7); }
        context.fill();
        context.fillStyle = colors.REAL; context.globalAlpha = 0.55; context.beginPath();
        for (let k = 0; k < real.length; k += 2) context.rect(x(real[k], 32767) - 0.8, y(real[k + 1], 32767) - 0.8, 1.6, 1.6);
        context.fill(); context.globalAlpha = 1;
      }
      if (state.layers.fake) {
        const t = S > 180 ? 3 : S > 120 ? 2.3 : 1.8;
        context.fillStyle = colors.FAKE; context.globalAlpha = 0.8; context.beginPath();
        for (let i = seed * n; i < (seed + 1) * n; i++) { const u = x(all[2 * i], full), v = y(all[2 * i + 1], full); context.moveTo(u, v - t); context.lineTo(u + t, v + t * 0.8); context.lineTo(u - t, v + t * 0.8); context.closePath(); }
        context.fill(); context.globalAlpha = 1;
      }
      for (const k of lost) cross(context, x(modes[2 * k], 32767), y(modes[2 * k + 1], 32767), S > 120 ? 6 : 5);
    }

    const stamp = document.createElement("canvas");
    function images(context, A, seed, X, Y, S) {
      const [, n, h, w] = A.fake.shape, columns = Math.ceil(Math.sqrt(n)), cell = S / columns;
      stamp.width = columns * w; stamp.height = columns * h;
      const ink = stamp.getContext("2d"), picture = ink.createImageData(stamp.width, stamp.height);
      for (let i = 0; i < n; i++) for (let p = 0; p < h * w; p++) {
        const to = 4 * ((Math.floor(i / columns) * h + Math.floor(p / w)) * stamp.width + (i % columns) * w + p % w), v = A.fake[(seed * n + i) * h * w + p];
        picture.data[to] = picture.data[to + 1] = picture.data[to + 2] = v; picture.data[to + 3] = 255;
      }
      ink.putImageData(picture, 0, 0);
      context.imageSmoothingEnabled = true; context.drawImage(stamp, X, Y, S, cell * columns);
    }

    // --- charts over the steps; a second run is dashed, and purple where a colour is free
    api.runsBox.style.marginTop = "4px";
    const CHARTS = [
      { get title() { return `${unit()}s held: median, lowest to highest seed`; }, get brief() { return `${unit()}s held: median and spread`; }, lines: [{ key: "held", band: ["held_low", "held_high"] }], high: (run) => run.about.modes },
      { title: "D says", lines: [{ key: "d_real", label: "on real", color: colors.REAL }, { key: "d_fake", label: "on generated", color: colors.FAKE, thin: true }], high: () => 1, middle: 0.5 },
      { title: "share of good samples", lines: [{ key: "high_quality" }], high: () => 1 },
    ];
    const chartsBox = api.root.querySelector(".charts");
    for (const chart of CHARTS) {
      chart.canvas = make("canvas", { role: "img", "aria-label": `${chart.title}, over the steps` });
      chartsBox.append(chart.canvas);
    }
    let chartDue = 0, chartFor = "";
    function drawChart(chart, width) {
      const big = state.big, two = state.runs.length > 1, size = big ? 17 : 12, height = big ? 200 : 140;
      const context = sharp(chart.canvas, width, height), high = chart.high(state.runs[0]);
      const left = big ? 42 : 30, right = width - 8, top = (two ? 2.6 : 1.3) * size + 6, bottom = height - size - 8;
      const last = Math.max(...state.runs.map((run) => run.steps[run.steps.length - 1] || 1), 1);
      const x = (step) => left + (right - left) * step / last, y = (value) => bottom - (bottom - top) * Math.min(Math.max(value, 0), high) / high;
      context.font = `${size}px system-ui, sans-serif`; context.textBaseline = "middle"; context.textAlign = "right"; context.fillStyle = "#111";
      context.fillText("0", left - 5, bottom); context.fillText(String(high), left - 5, top);
      context.textBaseline = "top"; context.fillText(`step ${last}`, right, bottom + 4); context.textAlign = "left"; context.fillText("0", left, bottom + 4);
      context.strokeStyle = "#777"; context.lineWidth = 1; context.beginPath(); context.moveTo(left, top); context.lineTo(left, bottom); context.lineTo(right, bottom); context.stroke();
      context.strokeStyle = colors.THEORY; context.setLineDash([5, 3]);
      const level = chart.middle || high; context.beginPath(); context.moveTo(left, y(level)); context.lineTo(right, y(level)); context.stroke(); context.setLineDash([]);
      if (chart.middle) { context.textAlign = "right"; context.textBaseline = "middle"; context.fillText("½", left - 5, y(level)); }
      const trace = (frames, key) => frames.forEach((frame, i) => (i ? context.lineTo(x(frame.step), y(frame.values[key])) : context.moveTo(x(frame.step), y(frame.values[key]))));
      state.runs.forEach((run, r) => chart.lines.forEach((line) => {
        const frames = run.steps.map((step) => run.frames.get(step)).filter((frame) => frame && Number.isFinite(frame.values[line.key]));
        if (!frames.length) return;
        const color = line.color || (r ? WHAT_IF : colors.FAKE);
        if (line.band) {
          context.fillStyle = color; context.globalAlpha = 0.2; context.beginPath(); trace(frames, line.band[1]);
          for (const frame of [...frames].reverse()) context.lineTo(x(frame.step), y(frame.values[line.band[0]]));
          context.fill(); context.globalAlpha = 1;
        }
        context.strokeStyle = color; context.lineWidth = (big ? 2.8 : 2) - (line.thin ? 0.5 : 0); context.setLineDash(r ? [6, 3] : []);
        context.beginPath(); trace(frames, line.key); context.stroke(); context.setLineDash([]);
      }));
      context.textAlign = "left"; context.textBaseline = "top"; context.fillStyle = "#111";
      const title = fit(context, width - 6, chart.title, chart.brief || chart.title);
      context.fillText(title, 2, 0);
      let at = context.measureText(title).width + 12;
      const legend = (label, color, dash, row) => {
        context.strokeStyle = color; context.lineWidth = 3; context.setLineDash(dash); context.beginPath();
        context.moveTo(at, (row + 0.5) * size); context.lineTo(at + 20, (row + 0.5) * size); context.stroke(); context.setLineDash([]);
        context.fillText(label, at + 24, row * size); at += 34 + context.measureText(label).width;
      };
      for (const line of chart.lines) if (line.label) legend(line.label, line.color, [], 0);
      if (two) { at = left; ["as before", "what if"].forEach((name, r) => legend(name, chart.lines[0].color ? "#444" : r ? WHAT_IF : colors.FAKE, r ? [6, 3] : [], 1.3)); }
      if (state.cursor !== null) { context.strokeStyle = "#111"; context.lineWidth = 1; context.beginPath(); context.moveTo(x(api.now()), top); context.lineTo(x(api.now()), bottom); context.stroke(); }
    }
    function drawCharts(L) {
      chartsBox.style.flexBasis = L.below ? "100%" : "";
      CHARTS.forEach((chart, i) => {
        const shown = !state.big || i < 2 || !L.below;
        chart.canvas.style.display = shown ? "block" : "none";
        if (shown) drawChart(chart, L.chart);
      });
    }

    // --- words
    const summary = make("div"), alarms = make("div", { role: "status", "aria-live": "polite", style: "overflow-y:auto" });
    api.under.append(summary, alarms);
    const nameOf = (r) => (state.runs.length > 1 ? ["as before: ", "what if: "][r] : "");
    function say(frames) {
      const lines = frames.map((frame, r) => {
        const run = state.runs[r], v = frame && frame.values; if (!v) return "";
        return `${nameOf(r)}the median seed holds ${v.held} of ${run.about.modes} ${unit()}s (${v.held_low} to ${v.held_high}) · ${Math.round(v.complete * run.about.seeds)} of ${run.about.seeds} seeds hold all`;
      });
      const told = hovered && about(frames);
      summary.replaceChildren(...(told ? [told] : lines).map((text) => make("div", {}, text)));
      summary.style.minHeight = `${1.4 * frames.length}em`;
      const groups = new Map();  // modes that one seed lost at one step
      frames.forEach((frame, r) => (frame ? state.runs[r].open || [] : []).forEach(([, seed, mode, step, , why, cause]) => {
        const key = `${r}/${seed}/${step}`;
        if (!groups.has(key)) groups.set(key, { r, seed, step, why, help: (api.setup.advice || {})[cause], modes: [] });
        groups.get(key).modes.push(state.runs[r].about.labels[mode]);
      }));
      const open = [...groups.values()].map((one) => ({ ...one,
        text: `⚠ ${nameOf(one.r)}seed ${one.seed + state.runs[one.r].about.first_seed} lost ${unit()}${one.modes.length > 1 ? "s" : ""} ${one.modes.join(", ")} at step ${one.step}: ${one.why}` }));
      open.sort((a, b) => b.step - a.step);
      const text = open.length ? open.slice(0, 12).map((one) => one.text) : [frames.some((frame) => frame && frame.step > 0) ? `No seed lacks a ${unit()} that it held before.` : ""];
      if (open.length && open[0].help) text.splice(1, 0, `What may help: ${open[0].help}.`);
      if (open.length > 12) text.push(`and ${open.length - 12} more`);
      if (alarms.textContent !== text.join("")) alarms.replaceChildren(...text.map((line) => make("div", {}, line)));
      alarms.style.height = "5.7em"; alarms.tabIndex = 0;  // so that the keyboard can scroll it
    }
    function about(frames) {
      const { r, seed, x, y } = hovered, run = state.runs[r], frame = frames[r]; if (!frame || !run) return null;
      const L = layout(), K = run.about.modes, of = (name) => short(score(run, frame, seed, name));
      let mode = -1;
      if (y > L.head + L.side && y < L.head + L.side + L.bars + 6) mode = Math.min(K - 1, Math.max(0, Math.floor(x / L.side * K)));
      else if (run.about.world === "plane" && y > L.head && y < L.head + L.side) {
        let closest = Infinity; const M = run.fixed.modes;
        for (let k = 0; k < K; k++) { const d = (L.side / 2 + M[2 * k] / 32767 * L.side - x) ** 2 + (L.side / 2 - M[2 * k + 1] / 32767 * L.side - (y - L.head)) ** 2; if (d < closest) { closest = d; mode = k; } }
      }
      return `${nameOf(r)}seed ${seed + run.about.first_seed}` + (mode < 0 ? "" : `, ${unit()} ${run.about.labels[mode]}: ${percent(frame.arrays.counts[seed * K + mode] / run.about.samples)} of the points, should be ${percent(run.fixed.truth[mode])}`)
        + ` · D says ${of("d_real")} on real, ${of("d_fake")} on generated · losses D ${of("loss_d")}, G ${of("loss_g")} · gradients D ${of("grad_d")}, G ${of("grad_g")}`;
    }

    // --- how often does it collapse?
    const NAMES = { lr: "both rates", lr_g: "G's rate", lr_d: "D's rate", discriminator_steps: "D steps", penalty_weight: "penalty weight", packing: "packing", unroll: "unrolling" };
    const known = api.setup.sweeps || [];
    const menu = (label, chosen) => make("select", { "aria-label": label }, ...known.map((name) => make("option", { value: name, selected: name === chosen }, NAMES[name] || name)));
    const across = menu("Setting across", "lr"), down = menu("Setting down", "discriminator_steps");
    const length = make("select", { "aria-label": "Steps of each training" }, ...[300, 600, 1200].map((n) => make("option", { value: n, selected: n === 600 }, `${n} steps`)));
    const start = make("button", { type: "button", onclick: () => { api.press("sweep", { x: across.value, y: down.value, steps: Number(length.value) }); } }, "Start");
    const stop = make("button", { type: "button", onclick: () => api.press("stop_sweep") }, "Stop");
    const bar = make("progress", { max: 1, value: 0, "aria-label": "Progress of the sweep" });
    const heat = make("canvas", { role: "img" }), words = make("div");
    const tools = make("div", { class: "row" }, make("b", {}, "How often does it collapse?"), make("label", {}, "across", across), make("label", {}, "down", down), length, start, stop, bar);
    const box = make("div", { style: "display:none; border-top:1px solid #999; margin-top:6px; padding-top:6px" }, tools, words, heat);
    api.under.before(box);
    let sweep = null;
    api.openSweep = () => { box.style.display = box.style.display === "none" ? "" : "none"; api.refresh(); };
    const plain = (value) => String(Number(Number(value).toPrecision(3)));
    function drawSweep() {
      if (box.style.display === "none") return;
      bar.style.display = stop.style.display = sweep && sweep.running ? "" : "none"; start.disabled = !!(sweep && sweep.running);
      heat.style.display = sweep ? "block" : "none";
      if (!sweep) { words.textContent = "Choose two settings. Every pair is tried with new nets, with as many seeds as above."; return; }
      bar.value = sweep.done;
      words.textContent = `How many of ${sweep.seeds} seeds hold fewer than 90 % of the ${sweep.modes} ${unit()}s after ${sweep.steps} steps, and below it how many ${unit()}s a seed holds on average`
        + (sweep.running ? "" : sweep.done < 1 ? " (stopped before its end)." : ".");
      const big = state.big, size = big ? 17 : 12, w = big ? 130 : 92, h = big ? 66 : 46, left = big ? 150 : 100, top = 4;
      const context = sharp(heat, left + w * sweep.xs.length + 12, top + h * sweep.ys.length + size * 3.4);
      context.font = `${size}px system-ui, sans-serif`; context.textBaseline = "middle";
      sweep.cells.forEach((row, j) => row.forEach((cell, i) => {
        const x = left + i * w, y = top + j * h;
        context.strokeStyle = "#999"; context.lineWidth = 1;
        if (cell) {
          const t = cell.collapsed, mix = (a, b) => Math.round(a + (b - a) * t);
          context.fillStyle = `rgb(${mix(255, 74)}, ${mix(255, 36)}, ${mix(255, 112)})`; context.fillRect(x, y, w, h);
          context.fillStyle = t > 0.5 ? "#fff" : "#111"; context.textAlign = "center";
          context.font = `600 ${size + 2}px system-ui, sans-serif`; context.fillText(`${Math.round(cell.collapsed * sweep.seeds)} of ${sweep.seeds}`, x + w / 2, y + h * 0.34);
          context.font = `${size}px system-ui, sans-serif`; context.fillText(cell.diverged ? "diverged" : `holds ${cell.held.toFixed(1)}`, x + w / 2, y + h * 0.72);
        }
        context.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
      }));
      context.fillStyle = "#111"; context.textAlign = "right";
      sweep.ys.forEach((value, j) => context.fillText(plain(value), left - 8, top + (j + 0.5) * h));
      context.textAlign = "center";
      sweep.xs.forEach((value, i) => context.fillText(plain(value), left + (i + 0.5) * w, top + h * sweep.ys.length + size));
      context.fillText(NAMES[sweep.x] || sweep.x, left + w * sweep.xs.length / 2, top + h * sweep.ys.length + size * 2.4);
      context.textAlign = "left"; context.fillText(NAMES[sweep.y] || sweep.y, 0, top + h * sweep.ys.length / 2);
      heat.setAttribute("aria-label", `Collapsed seeds of ${sweep.seeds}: ` + sweep.cells.map((row, j) => row.map((cell, i) => `${NAMES[sweep.x]} ${sweep.xs[i]}, ${NAMES[sweep.y]} ${sweep.ys[j]}: ${cell ? Math.round(cell.collapsed * sweep.seeds) : "not known"}`).join("; ")).join("; "));
    }

    if (typeof ResizeObserver === "function") new ResizeObserver(() => api.refresh()).observe(api.root);

    return {
      receive(content) {
        if (content.kind === "lost") { const about = state.runs[content.run].about; about.lost = about.lost || []; for (const row of content.rows) about.lost[row[0]] = row; }
        else if (content.kind === "sweep") { if (!sweep) box.style.display = ""; sweep = content.sweep; }
      },
      paint(frames) {
        const L = layout();
        for (const box of api.layerRow.querySelectorAll("label")) box.style.display = state.runs[0].about.world === "digits" ? "none" : "";
        while (plates.length < state.runs.length) { plates.push(plate(plates.length)); api.runsBox.append(plates[plates.length - 1].figure); }
        while (plates.length > state.runs.length) plates.pop().figure.remove();
        frames.forEach((frame, r) => {
          if (!frame || !state.runs[r].fixed.truth) return;
          const { canvas, caption } = plates[r];
          state.runs[r].open = missing(state.runs[r], frame);
          caption.textContent = state.names[r] || "";
          caption.style.color = r ? WHAT_IF : "";
          const context = sharp(canvas, L.columns * (L.side + GAP) - GAP, L.rows * (L.tall + GAP) - GAP);
          for (let seed = 0; seed < L.seeds; seed++) panel(context, L, r, frame, seed, (seed % L.columns) * (L.side + GAP), Math.floor(seed / L.columns) * (L.tall + GAP));
          canvas.setAttribute("aria-label", `${state.names[r] || "Samples of all seeds"}: ${unit()}s held ` + Array.from({ length: L.seeds }, (_, seed) => score(state.runs[r], frame, seed, "held")).join(", "));
        });
        const key = `${state.cursor}/${state.big}/${state.runs.length}`;
        if (performance.now() >= chartDue || key !== chartFor || !state.playing) { drawCharts(L); chartDue = performance.now() + 250; chartFor = key; }
        say(frames); drawSweep();
      },
    };
  },
};
