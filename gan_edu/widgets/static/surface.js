// DiscriminatorSurface: the plane, what the discriminator says everywhere, and who goes where.
const PAINTER = {
  players: true,
  slow: true,
  layers: [
    { key: "surface", text: "D(x)", on: true, title: "What the discriminator says: orange = generated, white = can't tell, blue = real" },
    { key: "contrast", text: "contrast", on: false, title: "Stretch the colours, so that small differences from ½ show; the scale below the picture says how far" },
    { key: "contour", text: "D = ½", on: true, title: "Where the discriminator can't tell" },
    { key: "real", text: "real", on: true, title: "Real points, blue dots" },
    { key: "fake", text: "generated", on: true, title: "Generated points, orange triangles" },
    { key: "pull", text: "gradient", on: false, title: "The gradient of the generator's loss at each generated point, downhill: where the point is pulled" },
    { key: "warp", text: "noise grid", on: false, title: "Where a square grid of noise goes" },
    { key: "best", text: "D*", on: false, title: "The optimal discriminator p / (p + q) instead of D; p is exact, q is a kernel estimate from the points shown" },
    { key: "gap", text: "|D − D*|", on: false, title: "How far the discriminator is from the optimal one: dark = far" },
  ],
  help: [
    "Blue dots are real data, orange triangles are what the generator makes. The background is D(x), the discriminator's opinion of every place: blue means “a point here would be real”, orange “generated”, and on the dark line it can't tell (D = ½). Where D is near ½ everywhere, all is nearly white: “contrast” stretches the colours, and the scale below says what they mean then.",
    "The gradient, as green arrows, shows where the generator's loss pulls each generated point. The noise grid shows how the generator bends a square of noise. D* is the best possible discriminator, p / (p + q): p is known exactly, q is estimated from the generated points (a kernel estimate), so its edges are a little soft; where there is nothing at all, D* fades to ½.",
    "Play trains; Step trains one step, of both players or of one. Drag the time line to look back: nothing is lost. “What if from here” starts a second run at the step shown; change a setting, and the two go on side by side.",
    "Keys: space plays and pauses, s d g step, the arrow keys walk through time, Home and End jump, r resets, n takes a new seed, p is for projectors.",
  ],
  charts: [
    { title: "losses", help: "What each player minimises. If D can't tell: ln 2 for G, 2 ln 2 for D (non-saturating loss)", series: [{ key: "loss_d", label: "D", color: "#009E73" }, { key: "loss_g", label: "G", color: "#D55E00", dash: [6, 2] }],
      lines: [{ y: Math.LN2, label: "ln 2" }, { y: 2 * Math.LN2, label: "2 ln 2" }] },
    { title: "accuracy of D", help: "The share of D's right answers: real points with D > ½, generated ones with D < ½", series: [{ key: "accuracy", label: "", color: "#009E73" }], low: 0, high: 1, lines: [{ y: 0.5, label: "½" }] },
    { title: "modes captured", help: "Modes of the data near which the generator puts enough points", series: [{ key: "modes", label: "", color: "#D55E00" }], low: 0, high: (runs) => runs[0].about.modes, optional: true },
    { title: "gradient norms", help: "How long the gradients of the last step were, over all weights of a net", series: [{ key: "grad_d", label: "D", color: "#009E73" }, { key: "grad_g", label: "G", color: "#D55E00", dash: [6, 2] }], low: 0 },
  ],
  buttons: [
    { text: "✎ Draw data", title: "Draw your own data with the mouse, then train on it", click: (api) => api.draw() },
  ],
  spoken: (frame) => {
    const v = frame.values;
    return `Accuracy of the discriminator ${Math.round(100 * v.accuracy)} percent.` + (v.modes === undefined ? "" : ` ${v.modes} modes captured.`);
  },

  make(api) {
    const { state, make, sharp, short, colors } = api;
    const lut = new Uint8ClampedArray(256 * 3), gapLut = new Uint8ClampedArray(256 * 3);
    const mix = (a, b, t) => a.map((c, i) => c + (b[i] - c) * t);
    for (let i = 0; i < 256; i++) {
      const t = i / 255, c = t < 0.5 ? mix([213, 94, 0], [255, 255, 255], 2 * t) : mix([255, 255, 255], [0, 114, 178], 2 * t - 1);
      // a little paler than the points on it
      lut.set(c.map((v) => v + (255 - v) * 0.25), 3 * i);
      gapLut.set(mix([255, 255, 255], [40, 40, 40], t), 3 * i);
    }
    let plates = [], drawing = null, strokes = [];
    const between = (low, x, high) => Math.round(Math.min(Math.max(x, low), high));
    const size = () => state.runs.length > 1 ? between(250, (api.room() - 10) / 2, state.big ? 640 : 530)
      : between(300, 0.5 * api.room(), state.big ? 640 : 470);
    // colours stretched no more than needed, in steps, so that they don't flicker
    const SCALES = [0.05, 0.1, 0.2, 0.35, 0.5];

    function plate(i) {
      const canvas = make("canvas", { role: "img", "aria-label": "The plane with data, generated points and the discriminator" });
      const caption = make("figcaption"), raster = document.createElement("canvas");
      const legend = make("div", { class: "legend" }, make("span"), make("span", { class: "scale" }), make("span"));
      const figure = make("figure", {}, caption, canvas, legend);
      canvas.addEventListener("pointermove", (event) => (drawing ? stroke(event, i) : hover(event, i)));
      canvas.addEventListener("pointerdown", (event) => { if (!drawing) return; canvas.setPointerCapture(event.pointerId); strokes.push([]); drawing.down = true; stroke(event, i); });
      canvas.addEventListener("pointerup", () => { if (drawing) drawing.down = false; });
      canvas.addEventListener("pointerleave", () => { if (!drawing) api.under.textContent = summary(); });
      return { canvas, caption, raster, figure, legend };
    }
    const place = (i, event) => {
      const box = plates[i].canvas.getBoundingClientRect(), e = state.runs[i].about.extent;
      return [((event.clientX - box.left) / box.width * 2 - 1) * e, (1 - (event.clientY - box.top) / box.height * 2) * e];
    };
    function stroke(event, i) { if (drawing.down) { strokes[strokes.length - 1].push(place(i, event)); api.refresh(); } }

    // --- drawing one's own data
    const done = make("button", { type: "button", onclick: () => { api.press("draw", { strokes }); end(); } }, "Train on my drawing");
    const clear = make("button", { type: "button", onclick: () => { strokes = []; api.refresh(); } }, "Clear");
    const cancel = make("button", { type: "button", onclick: () => end() }, "Cancel");
    const tools = make("div", { class: "row", role: "group", "aria-label": "Drawing" }, "Draw on the plane:", done, clear, cancel);
    function end() { drawing = null; strokes = []; tools.remove(); api.refresh(); }
    api.draw = () => { if (drawing) return end(); drawing = { down: false }; strokes = []; api.press("pause"); api.layerRow.after(tools); api.refresh(); };

    // --- the optimal discriminator on a 50×50 grid: p is exact, q a Gaussian kernel estimate from the generated points
    function best(run, frame) {
      if (!run.fixed.density) return null;
      if (frame.best) return frame.best;
      const R = 50, e = run.about.extent, fake = frame.arrays.fake, n = fake.length / 2, cell = 2 * e / R;
      const q = new Float32Array(R * R), width = kernelWidth(fake, n, e), reach = Math.ceil(3 * width / cell);
      const norm = 1 / (n * 2 * Math.PI * width * width);
      for (let k = 0; k < n; k++) {
        const x = fake[2 * k] / 32767 * 2 * e, y = fake[2 * k + 1] / 32767 * 2 * e;
        const cx = Math.floor((x + e) / cell), cy = Math.floor((y + e) / cell);
        for (let r = Math.max(0, cy - reach); r <= Math.min(R - 1, cy + reach); r++) {
          const dy = ((r + 0.5) * cell - e - y) / width, gy = Math.exp(-0.5 * dy * dy) * norm;
          for (let c = Math.max(0, cx - reach); c <= Math.min(R - 1, cx + reach); c++) {
            const dx = ((c + 0.5) * cell - e - x) / width;
            q[r * R + c] += gy * Math.exp(-0.5 * dx * dx);
          }
        }
      }
      const star = new Float32Array(R * R), p = run.fixed.density;
      // where neither lives the ratio says nothing, so it fades to ½
      const haze = 2e-3 / (e * e);
      for (let i = 0; i < R * R; i++) star[i] = (p[i] + haze / 2) / (p[i] + q[i] + haze);
      return (frame.best = star);
    }
    // Scott's rule on the typical distance to a neighbour would follow the modes; a sixteenth of the plane is a fair floor
    function kernelWidth(fake, n, e) {
      let sx = 0, sy = 0, xx = 0, yy = 0;
      for (let k = 0; k < n; k++) { const x = fake[2 * k] / 32767 * 2 * e, y = fake[2 * k + 1] / 32767 * 2 * e; sx += x; sy += y; xx += x * x; yy += y * y; }
      const spread = Math.sqrt(Math.max((xx - sx * sx / n + yy - sy * sy / n) / (2 * n), 1e-6));
      return Math.min(Math.max(0.35 * spread * Math.pow(n, -1 / 6), 2 * e / 60), e / 8);
    }
    const sample = (grid, R, e, x, y) => {
      const c = Math.min(Math.max(Math.floor((x + e) / (2 * e) * R), 0), R - 1), r = Math.min(Math.max(Math.floor((y + e) / (2 * e) * R), 0), R - 1);
      return grid[r * R + c];
    };

    // what the background shows of a frame: value(k), from 0 to 1, on R×R cells, in colours around `middle`
    function background(i, frame) {
      const L = state.layers, surface = frame.arrays.surface, R = surface.shape[0], star = L.best || L.gap ? best(state.runs[i], frame) : null;
      if (L.gap && star) return { R: 50, colours: gapLut, name: "|D − D*|", middle: 0, value: (k) => {
        const r = Math.floor(k / 50), c = k % 50, d = surface[Math.min(R - 1, Math.round((r + 0.5) * R / 50)) * R + Math.min(R - 1, Math.round((c + 0.5) * R / 50))] / 255;
        return Math.abs(d - star[k]);
      } };
      if (L.best && star) return { R: 50, colours: lut, name: "D*", middle: 0.5, value: (k) => star[k] };
      return L.surface ? { R, colours: lut, name: "D", middle: 0.5, value: (k) => surface[k] / 255 } : null;
    }
    // how far from the middle the colours reach: the same in all pictures, so that they can be compared
    function reachOf(fields) {
      const middle = fields.find(Boolean)?.middle;
      if (!state.layers.contrast) return middle || 1;
      let most = 0;
      for (const f of fields) if (f) for (let k = 0; k < f.R * f.R; k++) most = Math.max(most, Math.abs(f.value(k) - f.middle));
      return SCALES.map((s) => s * (middle ? 1 : 2)).find((s) => most <= s) ?? (middle || 1);
    }
    function raster(plate, { R, value, colours, name, middle }, reach) {
      const low = middle ? middle - reach : 0, high = middle + reach, [left, bar, right] = plate.legend.children;
      const words = [`${name} = ${short(low)}${middle ? ", generated" : ""}`, `${short(high)}${middle ? ", real" : ""}${high - middle < (middle || 1) ? " (colours stretched)" : ""}`];
      if (left.textContent !== words[0] || right.textContent !== words[1]) {
        [left.textContent, right.textContent] = words;
        const colour = (v) => `rgb(${colours[3 * v]},${colours[3 * v + 1]},${colours[3 * v + 2]})`;
        bar.style.background = `linear-gradient(to right, ${colour(0)}, ${colour(128)}, ${colour(255)})`;
      }
      const off = plate.raster; if (off.width !== R) { off.width = off.height = R; }
      const context = off.getContext("2d"), image = context.createImageData(R, R), data = image.data;
      for (let r = 0; r < R; r++) for (let c = 0; c < R; c++) {
        const v = Math.min(255, Math.max(0, Math.round(255 * (value(r * R + c) - low) / (high - low)))), to = 4 * ((R - 1 - r) * R + c);
        data[to] = colours[3 * v]; data[to + 1] = colours[3 * v + 1]; data[to + 2] = colours[3 * v + 2]; data[to + 3] = 255;
      }
      context.putImageData(image, 0, 0);
      return off;
    }

    // where the surface crosses ½, by marching squares
    function contour(context, grid, R, half, S) {
      const at = (c, r) => [(c + 0.5) / R * S, S - (r + 0.5) / R * S];
      context.beginPath();
      for (let r = 0; r < R - 1; r++) for (let c = 0; c < R - 1; c++) {
        const a = grid[r * R + c] - half, b = grid[r * R + c + 1] - half, d = grid[(r + 1) * R + c] - half, f = grid[(r + 1) * R + c + 1] - half;
        const points = [];
        if (a > 0 !== b > 0) points.push(at(c + a / (a - b), r));
        if (a > 0 !== d > 0) points.push(at(c, r + a / (a - d)));
        if (b > 0 !== f > 0) points.push(at(c + 1, r + b / (b - f)));
        if (d > 0 !== f > 0) points.push(at(c + d / (d - f), r + 1));
        for (let i = 0; i + 1 < points.length; i += 2) { context.moveTo(...points[i]); context.lineTo(...points[i + 1]); }
      }
      context.strokeStyle = "#222"; context.lineWidth = 1.6; context.stroke();
    }

    function one(i, frame, field, reach) {
      const run = state.runs[i], { canvas, caption } = plates[i], S = size(), e = run.about.extent, L = state.layers;
      const context = sharp(canvas, S, S), A = frame.arrays, surface = A.surface, R = surface.shape[0];
      const x = (v) => S / 2 + v / 32767 * S, y = (v) => S / 2 - v / 32767 * S;  // ±32767 is ±2·extent
      const phase = state.phase && state.phase.shows;
      caption.textContent = state.names[i] || "";
      context.imageSmoothingEnabled = true;
      const picture = field && raster(plates[i], field, reach);
      plates[i].legend.style.visibility = picture ? "" : "hidden";
      if (picture) context.drawImage(picture, 0, 0, S, S);
      const star = L.best ? best(run, frame) : null;
      if (L.contour) star ? contour(context, star, 50, 0.5, S) : contour(context, surface, R, 127.5, S);
      if (L.warp && A.warp) {
        context.strokeStyle = "#7B4EA3"; context.lineWidth = 0.9; context.beginPath();
        for (let r = 0; r < 21; r++) for (let c = 0; c < 21; c++) {
          const k = 2 * (r * 21 + c);
          if (c < 20) { context.moveTo(x(A.warp[k]), y(A.warp[k + 1])); context.lineTo(x(A.warp[k + 2]), y(A.warp[k + 3])); }
          if (r < 20) { context.moveTo(x(A.warp[k]), y(A.warp[k + 1])); context.lineTo(x(A.warp[k + 42]), y(A.warp[k + 43])); }
        }
        context.stroke();
      }
      const dot = state.big ? 3.2 : 2.2, real = run.fixed.real, fake = A.fake;
      if (L.real && real) {
        context.fillStyle = colors.REAL; context.globalAlpha = phase === "fake" ? 0.25 : 0.8; context.beginPath();
        for (let k = 0; k < real.length; k += 2) { const u = x(real[k]), v = y(real[k + 1]); context.moveTo(u + dot, v); context.arc(u, v, dot, 0, 7); }
        context.fill(); context.globalAlpha = 1;
      }
      if (L.fake) {
        const t = phase === "fake" ? dot * 2 : dot * 1.35;
        context.fillStyle = colors.FAKE; context.strokeStyle = "#fff"; context.lineWidth = 0.5;
        context.globalAlpha = phase === "real" ? 0.25 : 0.85; context.beginPath();
        for (let k = 0; k < fake.length; k += 2) { const u = x(fake[k]), v = y(fake[k + 1]); context.moveTo(u, v - t); context.lineTo(u + t, v + t * 0.8); context.lineTo(u - t, v + t * 0.8); context.closePath(); }
        context.fill(); context.stroke(); context.globalAlpha = 1;
      }
      if ((L.pull || phase === "pull") && A.pull) {
        context.strokeStyle = "#00513B"; context.lineWidth = state.big ? 1.6 : 1.1; context.beginPath();
        for (let k = 0; k < fake.length; k += 2) {
          const u = x(fake[k]), v = y(fake[k + 1]), dx = A.pull[k] / 127 * S * 0.09, dy = -A.pull[k + 1] / 127 * S * 0.09;
          if (dx * dx + dy * dy < 1) continue;
          const px = u + dx, py = v + dy; context.moveTo(u, v); context.lineTo(px, py);
          context.moveTo(px - dx * 0.3 - dy * 0.2, py - dy * 0.3 + dx * 0.2); context.lineTo(px, py); context.lineTo(px - dx * 0.3 + dy * 0.2, py - dy * 0.3 - dx * 0.2);
        }
        context.stroke();
      }
      if (drawing && i === 0) {
        context.fillStyle = "rgba(255,255,255,.6)"; context.fillRect(0, 0, S, S); context.strokeStyle = context.fillStyle = colors.REAL; context.lineWidth = 5; context.lineCap = "round";
        for (const line of strokes) {
          context.beginPath();
          line.forEach(([a, b], k) => { const u = (a / e + 1) / 2 * S, v = (1 - b / e) / 2 * S; k ? context.lineTo(u, v) : context.moveTo(u, v); });
          context.stroke(); if (line.length === 1) { context.beginPath(); context.arc((line[0][0] / e + 1) / 2 * S, (1 - line[0][1] / e) / 2 * S, 4, 0, 7); context.fill(); }
        }
      }
      context.strokeStyle = "#777"; context.lineWidth = 1; context.strokeRect(0.5, 0.5, S - 1, S - 1);
      context.fillStyle = "#111"; context.font = `${state.big ? 16 : 12}px system-ui, sans-serif`;
      context.fillText(`±${short(e)}`, 4, S - 5);
    }

    function summary() {
      return api.shown().map((frame, i) => {
        if (!frame) return "";
        const v = frame.values, about = state.runs[i].about, name = state.names[i] ? `${state.names[i]}: ` : "";
        return name + (about.modes ? `${v.modes} of ${about.modes} modes captured · ${Math.round(100 * v.high_quality)} % of the points near a mode · ` : "")
          + `accuracy of D ${Math.round(100 * v.accuracy)} %`;
      }).join("  |  ");
    }
    function hover(event, i) {
      const frame = api.shown()[i], run = state.runs[i]; if (!frame) return;
      const [px, py] = place(i, event), e = run.about.extent, A = frame.arrays, star = best(run, frame);
      let nearest = -1, closest = Infinity;
      for (let k = 0; k < A.fake.length; k += 2) { const d = (A.fake[k] / 32767 * 2 * e - px) ** 2 + (A.fake[k + 1] / 32767 * 2 * e - py) ** 2; if (d < closest) { closest = d; nearest = k; } }
      const pull = A.pull && nearest >= 0 ? ` · gradient at the nearest generated point: towards ${direction(A.pull[nearest], A.pull[nearest + 1])}` : "";
      api.under.textContent = `x = (${px.toFixed(2)}, ${py.toFixed(2)}) · D = ${(sample(A.surface, A.surface.shape[0], e, px, py) / 255).toFixed(2)}`
        + (star ? ` · D* ≈ ${sample(star, 50, e, px, py).toFixed(2)}` : "") + pull;
      hovering = performance.now();
    }
    let hovering = -1e9;
    const direction = (dx, dy) => Math.hypot(dx, dy) < 3 ? "nowhere" : ["the right", "the upper right", "the top", "the upper left", "the left", "the lower left", "the bottom", "the lower right"][(Math.round(Math.atan2(dy, dx) / (Math.PI / 4)) + 8) % 8];

    return {
      paint(frames) {
        while (plates.length < state.runs.length) { plates.push(plate(plates.length)); api.runsBox.append(plates[plates.length - 1].figure); }
        while (plates.length > state.runs.length) plates.pop().figure.remove();
        const fields = frames.map((frame, i) => frame && background(i, frame)), reach = reachOf(fields);
        frames.forEach((frame, i) => { if (frame) one(i, frame, fields[i], reach); });
        if (performance.now() > hovering + 3000) api.under.textContent = summary();
      },
    };
  },
};
