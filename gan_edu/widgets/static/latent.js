// LatentSpace: where pictures lie, what every place decodes to, and how much each number of the code says.
const PAINTER = {
  layers: [
    { key: "points", text: "codes", on: true, title: "Where pictures lie (of a GAN: its noise), coloured by class" },
    { key: "glyphs", text: "as digits", on: false, title: "Write each point as the number of its class" },
    { key: "ellipses", text: "posterior ellipses", on: true, title: "One standard deviation of each picture's cloud q(z|x)" },
    { key: "prior", text: "prior circles", on: true, title: "1, 2 and 3 standard deviations of the prior N(0, I)" },
    { key: "pictures", text: "decoded pictures", on: true, title: "What each place decodes to" },
    { key: "holes", text: "holes", on: false, title: "Where the prior promises pictures and no code lies near" },
  ],
  help: [
    "Every dot is the code of a picture, one that the model has not learned from (a net of your own may have); its colour, and the big digit amid its class, say what it shows. The little pictures behind are what each place decodes to. Drag the black ring, or walk it with the arrow keys after a click: the picture beside follows. While you drag it is blended from its neighbours (approximate); when you let go, the model itself decodes (exact).",
    "Dashed circles: 1, 2 and 3 standard deviations of the prior. A VAE's pictures are small clouds, drawn as ellipses; all clouds together should fill the prior. Purple crosses mark holes: places that the prior promises (inside its disc of 95 %) where the pictures' clouds together have less than a tenth of its density. In an autoencoder nothing sees to it that there are none.",
    "Bars: the KL divergence of each number of the code, in nats. A number below 0.01 nats is dead: the same for all pictures, so that the decoder ignores it. When all are dead, the posterior has collapsed.",
    "Click a dot to see its picture and the reconstruction. “Walk” and two dots: what lies between, along a straight line and along a great circle. “Draw” a picture of your own (or “Upload” one, where data are photographs), and see where it lands. A GAN has no encoder: its dots are noise, coloured by what a classifier sees there, if there is one, and your picture is searched for.",
    "Play trains a model from nothing, and the time line keeps how its space came to be. Keys: space plays and pauses, s steps, the arrow keys walk through time (or move the ring, when the map was clicked), p is for projectors.",
  ],
  charts: [
    { title: "misfit of reconstructions (nats)", series: [{ key: "misfit", label: "", color: "#4D4D4D" }] },
    { title: "KL divergence (nats)", series: [{ key: "kl_all", label: "", color: "#7B4EA3" }], low: 0 },
    { title: "losses", series: [{ key: "loss_d", label: "D", color: "#009E73" }, { key: "loss_g", label: "G", color: "#D55E00", dash: [6, 2] }] },
  ],
  spoken: (frame) => {
    const v = frame.values;
    return v.kl_all === undefined ? "" : `KL ${v.kl_all.toFixed(1)} nats, ${v.dead} dead.`;
  },

  make(api) {
    const { state, make, sharp, short, setup } = api;
    const COLOURS = ["#1F4E9E", "#E8731A", "#1B8A5A", "#D6338A", "#6B6200", "#38B6E8", "#A071D8", "#8A4B2A", "#222222", "#B5C928"];
    const HOLE = "#7A1FA2", DISC = 2.448, HOLES_TO = 3;
    const there = () => state.live && !api.root.closest(".jupyter-widgets-disconnected");
    const press = (kind, what) => { if (there()) api.press(kind, what); };
    const colour = (k) => COLOURS[k % 10];
    const live = state.live;
    const ui = { z: [0, 0], walking: false, ends: [], only: null, exact: [], picked: [], walked: [], landed: [], pick: null, drawing: false, hover: null };
    let plates = [], asked = new Set(), quiet = null, hovering = -1e9;

    const two = () => state.runs.length > 1;
    const size = () => (state.big ? (two() ? 470 : 600) : two() ? 360 : 430);
    const tile = () => (state.big ? 168 : two() ? 84 : 112);
    const atNow = (i, step) => { const frame = api.shown()[i]; return frame && frame.step === step && state.cursor === null; };
    const dims = (i) => { const a = state.runs[i].about; return [a.height, a.width, a.channels]; };
    const inky = () => state.runs[0].about.ink;  // 0 is paper and 255 ink; otherwise 0 is black
    const shownAs = ({ values: v }) => [v.axis_x, v.axis_y, v.label];
    const atlasOf = (frame) => frame.fine || frame.arrays.atlas;
    const labelsOf = (i, frame) => frame.arrays.labels || state.runs[i].fixed.labels;
    // a place of the plane decodes to a picture without further knowledge
    // dots of equal number show one picture in both runs (a GAN's dots are its own)
    const alike = (i, j) => i === j || (state.runs[i].about.kind !== "gan" && state.runs[j].about.kind !== "gan");
    const each = (j, send) => state.runs.forEach((_, i) => { if (alike(i, j)) send(i); });
    const plain = (i) => { const a = state.runs[i].about; return a.latent_dim === 2 && !a.conditional; };
    const code = (frame, k) => { const e = frame.values.extent; return [frame.arrays.codes[2 * k] / 32767 * 2 * e, frame.arrays.codes[2 * k + 1] / 32767 * 2 * e]; };

    // --- pictures

    function blend(frame, [x, y]) {
      const A = atlasOf(frame), [n, , c, h, w] = A.shape, e = frame.values.extent, P = c * h * w;
      const gx = Math.min(Math.max((x + e) / (2 * e) * (n - 1), 0), n - 1), gy = Math.min(Math.max((y + e) / (2 * e) * (n - 1), 0), n - 1);
      const column = Math.min(Math.floor(gx), n - 2), r = Math.min(Math.floor(gy), n - 2), u = gx - column, v = gy - r;
      const a = (r * n + column) * P, b = a + P, d = a + n * P, f = d + P, out = new Uint8ClampedArray(P);
      for (let k = 0; k < P; k++) out[k] = (1 - v) * ((1 - u) * A[a + k] + u * A[b + k]) + v * ((1 - u) * A[d + k] + u * A[f + k]) + 0.5;
      return { pixels: out, h, w, c };
    }
    const small = document.createElement("canvas");
    // a pixel for a canvas; colours lie `plane` numbers apart
    function inked(bytes, k, plane, c) {
      if (c === 3) return 0xff000000 | bytes[k + 2 * plane] << 16 | bytes[k + plane] << 8 | bytes[k];
      const v = inky() ? 255 - bytes[k] : bytes[k];
      return 0xff000000 | v << 16 | v << 8 | v;
    }
    function stamp(context, picture, x, y, width, height) {
      const { pixels, h, w, c } = picture;
      small.width = w; small.height = h;
      const inner = small.getContext("2d"), image = inner.createImageData(w, h), words = new Uint32Array(image.data.buffer);
      for (let k = 0; k < h * w; k++) words[k] = inked(pixels, k, h * w, c);
      inner.putImageData(image, 0, 0);
      context.imageSmoothingEnabled = w > width;  // made smaller: means of pixels, not some of them
      context.drawImage(small, x, y, width, height);
      context.imageSmoothingEnabled = true;
      context.strokeStyle = "#777"; context.lineWidth = 1; context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    }
    const thumb = (i, k) => {
      const images = state.runs[i].fixed.images; if (!images || k >= images.shape[0]) return null;
      const [, c, h, w] = images.shape; return cut(images, k, h, w, c);
    };
    const cut = (bytes, k, h, w, c) => ({ pixels: bytes.subarray(k * c * h * w, (k + 1) * c * h * w), h, w, c });
    // all decodings as one picture, made once for a frame
    function sheet(frame) {
      const A = atlasOf(frame);
      if (frame.sheet && frame.sheetOf === A) return frame.sheet;
      const [n, , colors, h, w] = A.shape, canvas = document.createElement("canvas");
      canvas.width = n * w; canvas.height = n * h;
      const context = canvas.getContext("2d"), image = context.createImageData(n * w, n * h), words = new Uint32Array(image.data.buffer);
      for (let r = 0; r < n; r++) for (let c = 0; c < n; c++) for (let y = 0; y < h; y++) {
        let from = ((r * n + c) * colors * h + y) * w, to = ((n - 1 - r) * h + y) * n * w + c * w;
        for (let x = 0; x < w; x++) words[to++] = inked(A, from++, h * w, colors);
      }
      context.putImageData(image, 0, 0);
      frame.sheet = canvas; frame.sheetOf = A;
      return canvas;
    }

    // --- a model's plane and what stands beside it

    function plate(i) {
      const canvas = make("canvas", { tabindex: 0, role: "img", "aria-label": "The latent plane. Arrow keys move the ring.", style: "cursor: crosshair; touch-action: none" });
      const caption = make("figcaption");
      const card = (title) => {
        const head = make("div", { style: "font-weight:600" }, title), picture = make("canvas", { role: "img", "aria-label": title }), text = make("div", { style: "font-size:.9em" });
        return { head, picture, text, box: make("div", { style: "min-width:0" }, head, picture, text) };
      };
      const here = card("decodes to"), other = card("picture → copy");
      const bars = make("canvas", { role: "img", "aria-label": "KL divergence of each number of the code" });
      const note = make("div", { style: "max-width:17em" });
      const side = make("div", { style: "display:flex;gap:8px" }, here.box, other.box, make("div", {}, bars, note));
      const legend = make("div", { class: "row", role: "group", "aria-label": "Classes", style: "gap:4px" });
      const row = make("div", { style: "display:flex;gap:12px" }, canvas, side);
      const strip = make("canvas", { role: "img", "aria-label": "A walk between two pictures", style: "margin-top:4px" });
      const stripText = make("div", { style: "font-size:.9em" });
      const figure = make("figure", {}, caption, row, legend, strip, stripText);
      canvas.addEventListener("pointerdown", (event) => down(event, i));
      canvas.addEventListener("pointermove", (event) => moved(event, i));
      canvas.addEventListener("pointerup", (event) => up(event, i));
      canvas.addEventListener("pointerleave", () => { ui.hover = null; hovering = -1e9; api.refresh(); });
      return { canvas, caption, here, other, bars, note, side, legend, row, strip, stripText, figure, legendOf: "" };
    }
    const place = (i, event) => {
      const box = plates[i].canvas.getBoundingClientRect(), e = api.shown()[i].values.extent;
      const clip = (v) => Math.min(Math.max(v, -e), e);
      return [clip(((event.clientX - box.left) / box.width * 2 - 1) * e), clip((1 - (event.clientY - box.top) / box.height * 2) * e)];
    };
    function nearest(i, frame, [x, y], within) {
      const codes = frame.arrays.codes, e = frame.values.extent, labels = labelsOf(i, frame);
      let best = -1, closest = (within / size() * 2 * e) ** 2;
      for (let k = 0; k < codes.length / 2; k++) {
        if (ui.only !== null && labels[k] !== ui.only) continue;
        const d = (codes[2 * k] / 32767 * 2 * e - x) ** 2 + (codes[2 * k + 1] / 32767 * 2 * e - y) ** 2;
        if (d < closest) { closest = d; best = k; }
      }
      return best;
    }
    function move(z, exactly) {
      ui.z = z; api.refresh();
      clearTimeout(quiet);
      if (live && state.cursor === null && !state.playing) quiet = setTimeout(() => press("decode", { z: ui.z }), exactly ? 0 : 220);
    }
    let held = null;
    function down(event, i) {
      const frame = api.shown()[i]; if (!frame) return;
      event.preventDefault(); plates[i].canvas.focus({ preventScroll: true }); plates[i].canvas.setPointerCapture(event.pointerId);
      const z = place(i, event);
      held = { i, x: event.clientX, y: event.clientY, far: false, on: nearest(i, frame, z, state.big ? 12 : 9) };
      if (!ui.walking) move(z, false);
    }
    function moved(event, i) {
      const frame = api.shown()[i]; if (!frame) return;
      const z = place(i, event);
      if (held && held.i === i) {
        if (Math.hypot(event.clientX - held.x, event.clientY - held.y) > 4) held.far = true;
        if (!ui.walking && held.far) move(z, false);
        return;
      }
      const k = nearest(i, frame, z, state.big ? 12 : 9);
      ui.hover = k >= 0 ? { i, k } : null; hovering = performance.now();
      api.under.textContent = `z = (${z[0].toFixed(2)}, ${z[1].toFixed(2)}), ${Math.hypot(...z).toFixed(1)} from the middle` + (k >= 0 ? ` · ${naming(i, labelsOf(i, frame)[k])}, number ${k}` : "");
      api.refresh();
    }
    function up(event, i) {
      if (!held || held.i !== i) return;
      const { far, on } = held, z = place(i, event); held = null;
      if (ui.walking) { if (on >= 0) end(i, on); return; }
      if (!far && on >= 0) { ui.pick = { i, k: on }; ui.landed = []; each(i, (run) => ask("pick", { run, index: on })); }
      move(far || on < 0 ? z : code(api.shown()[i], on), true);
    }
    const naming = (i, label) => { const classes = state.runs[i].about.classes; return classes.length > 1 ? (/^\d+$/.test(classes[label] || "") ? `a ${classes[label]}` : classes[label] || `class ${label}`) : "picture"; };
    function ask(kind, what) { if (live && state.cursor === null) press(kind, what); }

    // --- walks
    const walk = make("button", { type: "button", "aria-pressed": "false", title: "Click two dots: what lies between them?", onclick: () => { ui.walking = !ui.walking; ui.ends = []; api.refresh(); } }, "Walk between two pictures");
    const leave = make("button", { type: "button", title: "Remove the walk", onclick: () => { ui.walking = false; ui.ends = []; ui.walked = []; api.refresh(); } }, "End the walk");
    const walkText = make("span");
    function end(i, k) {
      if (ui.ends.length === 2 || (ui.ends.length && ui.ends[0].i !== i)) ui.ends = [];
      ui.ends.push({ i, k }); ui.walked = [];
      if (ui.ends.length === 2) { ui.walking = false; each(i, (run) => ask("walk", { run, a: ui.ends[0].k, b: k })); }
      api.refresh();
    }
    function ways([ax, ay], [bx, by], count) {
      const line = [], arc = [], la = Math.hypot(ax, ay), lb = Math.hypot(bx, by);
      const angle = Math.acos(Math.min(Math.max((ax * bx + ay * by) / (la * lb || 1), -1), 1));
      for (let k = 0; k < count; k++) {
        const t = k / (count - 1); line.push([ax + t * (bx - ax), ay + t * (by - ay)]);
        if (Math.min(la, lb) < 1e-6 || angle < 1e-4 || angle > Math.PI - 1e-4) { arc.push(line[k]); continue; }
        const s = Math.sin((1 - t) * angle) / Math.sin(angle), q = Math.sin(t * angle) / Math.sin(angle), l = la + t * (lb - la);
        arc.push([l * (s * ax / la + q * bx / lb), l * (s * ay / la + q * by / lb)]);
      }
      return [line, arc];
    }

    // --- a drawing of one's own
    const ink = { h: 28, w: 28, values: new Float32Array(784), last: null };
    const padCanvas = make("canvas", { role: "img", "aria-label": "Draw a picture here with the mouse", style: "border:2px solid #111;cursor:crosshair;touch-action:none" });
    const padText = make("div", { style: "max-width:16em" }, "Draw here, large, with the mouse.");
    const pad = make("div", { style: "display:none;flex-direction:column;gap:6px;margin:4px 0" }, make("div", { style: "font-weight:600" }, "your picture"), padCanvas,
      make("div", {}, padText, make("div", { class: "row" },
        make("button", { type: "button", onclick: () => { ink.values.fill(0); ui.landed = []; padText.textContent = "Draw here, large, with the mouse."; api.refresh(); } }, "Clear"),
        make("button", { type: "button", onclick: () => { ui.drawing = false; api.refresh(); } }, "Close"))));
    const draw = make("button", { type: "button", "aria-pressed": "false", title: "Draw a picture with the mouse and see where it lands", onclick: () => { ui.drawing = !ui.drawing; api.refresh(); } }, "✎ Draw a picture");
    const file = make("input", { type: "file", accept: "image/*", "aria-label": "A picture of your own", style: "display:none", onchange: () => { if (file.files[0]) upload(file.files[0]); file.value = ""; } });
    const load = make("button", { type: "button", title: "See where a picture of your own lands: its middle is cut out and brought to the size of the others", onclick: () => file.click() }, "Upload a picture");
    async function upload(chosen) {
      let bitmap;
      try { bitmap = await createImageBitmap(chosen); } catch { api.say(`The browser can't read ${chosen.name} as a picture.`); return; }
      const [h, w, c] = dims(0), canvas = document.createElement("canvas"); canvas.width = w; canvas.height = h;
      const context = canvas.getContext("2d"), scale = Math.max(w / bitmap.width, h / bitmap.height), wide = scale * bitmap.width, tall = scale * bitmap.height;
      context.fillStyle = "#fff"; context.fillRect(0, 0, w, h); context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, (w - wide) / 2, (h - tall) / 2, wide, tall);
      const rgba = context.getImageData(0, 0, w, h).data, pixels = new Array(c * h * w);
      for (let k = 0; k < h * w; k++) {
        const [r, g, b] = rgba.subarray(4 * k, 4 * k + 3);
        if (c === 3) { pixels[k] = r; pixels[k + h * w] = g; pixels[k + 2 * h * w] = b; } else pixels[k] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
      }
      press("drawn", { pixels });
    }
    function dab(x, y) {
      for (let r = Math.max(0, Math.floor(y - 2)); r <= Math.min(ink.h - 1, Math.ceil(y + 2)); r++) for (let c = Math.max(0, Math.floor(x - 2)); c <= Math.min(ink.w - 1, Math.ceil(x + 2)); c++) {
        const v = Math.min(Math.max(1.75 - Math.hypot(c + 0.5 - x, r + 0.5 - y), 0), 1), k = r * ink.w + c;
        if (v > ink.values[k]) ink.values[k] = v;
      }
    }
    function stroke(event) {
      const box = padCanvas.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * ink.w, y = (event.clientY - box.top) / box.height * ink.h;
      const [px, py] = ink.last || [x, y], steps = Math.max(1, Math.ceil(Math.hypot(x - px, y - py) * 2));
      for (let k = 1; k <= steps; k++) dab(px + (x - px) * k / steps, py + (y - py) * k / steps);
      ink.last = [x, y]; api.refresh();
    }
    padCanvas.addEventListener("pointerdown", (event) => { event.preventDefault(); padCanvas.setPointerCapture(event.pointerId); ink.last = null; ink.down = true; stroke(event); });
    padCanvas.addEventListener("pointermove", (event) => { if (ink.down) stroke(event); });
    padCanvas.addEventListener("pointerup", () => { ink.down = false; ink.last = null; press("drawn", { pixels: Array.from(ink.values, (v) => Math.round(255 * v)) }); });

    const tools = make("div", { class: "row", role: "group", "aria-label": "Tools" }, walk, leave, ...(live ? [draw, load, file] : []), walkText);
    const style = make("style"); style.textContent = '.gan-edu [data-off="true"] { display: none !important; }';
    api.root.append(style); api.under.before(tools);
    api.root.querySelector(".stage").append(pad);

    // --- painting

    function middles(i, frame) {
      if (frame.middles) return frame.middles;
      const groups = new Map(), labels = labelsOf(i, frame);
      for (let k = 0; k < frame.arrays.codes.length / 2; k++) { if (!groups.has(labels[k])) groups.set(labels[k], [[], []]); const [xs, ys] = groups.get(labels[k]); xs.push(frame.arrays.codes[2 * k]); ys.push(frame.arrays.codes[2 * k + 1]); }
      const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
      return (frame.middles = [...groups].map(([label, [xs, ys]]) => [label, median(xs), median(ys)]));
    }

    // numbers of classes that lie on each other move apart
    function apart(marks, gap, S) {
      for (let round = 0; round < 12; round++) for (let a = 0; a < marks.length; a++) for (let b = a + 1; b < marks.length; b++) {
        const dx = marks[b][1] - marks[a][1] || 0.01 * (b - a), dy = marks[b][2] - marks[a][2], d = Math.hypot(dx, dy);
        if (d >= gap) continue;
        const by = (gap - d) / 2 / d;
        marks[a][1] -= dx * by; marks[a][2] -= dy * by; marks[b][1] += dx * by; marks[b][2] += dy * by;
      }
      return marks.map(([label, x, y]) => [label, Math.min(Math.max(x, 10), S - 10), Math.min(Math.max(y, 12), S - 12)]);
    }

    // all that doesn't follow the mouse, drawn once for a frame
    function backdrop(i, frame, S) {
      const at = plates[i], run = state.runs[i], e = frame.values.extent, L = state.layers, big = state.big;
      const key = [S, big, ui.only, JSON.stringify(L), window.devicePixelRatio].join("/");
      if (at.back && at.backKey === key && at.backFrame === frame && at.backAtlas === atlasOf(frame)) return at.back;
      at.back = at.back || document.createElement("canvas"); at.backKey = key; at.backFrame = frame; at.backAtlas = atlasOf(frame);
      const context = sharp(at.back, S, S), codes = frame.arrays.codes, spread = frame.arrays.spread, labels = labelsOf(i, frame), count = codes.length / 2;
      const X = (x) => S / 2 + x / (2 * e) * S, Y = (y) => S / 2 - y / (2 * e) * S;
      const u = (k) => X(codes[2 * k] / 32767 * 2 * e), v = (k) => Y(codes[2 * k + 1] / 32767 * 2 * e);
      const inside = (k) => Math.max(Math.abs(codes[2 * k]), Math.abs(codes[2 * k + 1])) <= 16384;
      if (L.pictures) {
        const n = atlasOf(frame).shape[0], cell = S / (n - 1);
        context.globalAlpha = L.points || L.ellipses || L.glyphs ? 0.42 : 1;
        context.drawImage(sheet(frame), -cell / 2, -cell / 2, S + cell, S + cell);
        context.globalAlpha = 1;
      }
      if (L.holes && frame.arrays.holes) {
        const H = frame.arrays.holes, n = H.shape[0], step = 2 * HOLES_TO / (n - 1), r = Math.max(1.5, step / (2 * e) * S * 0.3);
        context.strokeStyle = HOLE; context.lineWidth = big ? 2.2 : 1.6; context.beginPath();
        for (let row = 0; row < n; row++) for (let c = 0; c < n; c++) if (H[row * n + c]) {
          const x = X(-HOLES_TO + c * step), y = Y(-HOLES_TO + row * step);
          context.moveTo(x - r, y - r); context.lineTo(x + r, y + r); context.moveTo(x - r, y + r); context.lineTo(x + r, y - r);
        }
        context.stroke();
        context.setLineDash([2, 3]); context.beginPath(); context.arc(X(0), Y(0), DISC / (2 * e) * S, 0, 7); context.stroke(); context.setLineDash([]);
      }
      const faded = (label) => ui.only !== null && ui.only !== label;
      if (L.ellipses && run.about.kind !== "ae" && run.about.kind !== "gan") {
        let mean = 0; for (let k = 0; k < 2 * count; k++) mean += spread[k] / 32767 * S / (2 * count);
        const every = mean > 20 ? 5 : 1;  // large ones hide each other anyway
        for (let k = 0; k < count; k += every) {
          if (faded(labels[k])) continue;
          context.fillStyle = colour(labels[k]); context.globalAlpha = Math.min(0.16, Math.max(0.03, 2 / mean)); context.beginPath();
          context.ellipse(u(k), v(k), Math.max(spread[2 * k] / 32767 * S, 0.5), Math.max(spread[2 * k + 1] / 32767 * S, 0.5), 0, 0, 7); context.fill();
        }
      }
      context.globalAlpha = 1;
      if (L.glyphs) {
        context.font = `700 ${big ? 15 : 11}px system-ui, sans-serif`; context.textAlign = "center"; context.textBaseline = "middle";
        for (let k = 0; k < count; k++) if (inside(k)) { context.globalAlpha = faded(labels[k]) ? 0.06 : 0.9; context.fillStyle = colour(labels[k]); context.fillText(String(labels[k]), u(k), v(k)); }
      } else if (L.points) {
        const dot = big ? 3.4 : 2.3;
        for (let label = 0; label < 100; label++) {
          let any = false; context.beginPath();
          for (let k = 0; k < count; k++) if (labels[k] === label && inside(k)) { any = true; context.moveTo(u(k) + dot, v(k)); context.arc(u(k), v(k), dot, 0, 7); }
          if (any) { context.globalAlpha = faded(label) ? 0.06 : 0.85; context.fillStyle = colour(label); context.fill(); }
        }
      }
      context.globalAlpha = 1;
      if (L.prior) {
        context.strokeStyle = "#000"; context.lineWidth = big ? 1.8 : 1.2; context.setLineDash([6, 4]);
        for (const sigma of [1, 2, 3]) { context.beginPath(); context.arc(X(0), Y(0), sigma / (2 * e) * S, 0, 7); context.stroke(); }
        context.setLineDash([]); context.font = `${big ? 15 : 11}px system-ui, sans-serif`; context.textAlign = "center"; context.textBaseline = "middle";
        if (e <= 12) for (const sigma of [1, 2, 3]) halo(context, `${sigma}σ`, X(sigma * 0.7071), Y(-sigma * 0.7071), "#000");
      }
      if (L.points && !L.glyphs && !run.about.conditional && run.about.classes.length > 1) {
        context.font = `700 ${big ? 26 : 19}px system-ui, sans-serif`; context.textAlign = "center"; context.textBaseline = "middle";
        const gap = big ? 30 : 22, marks = middles(i, frame).map(([label, x, y]) => [label, X(x / 32767 * 2 * e), Y(y / 32767 * 2 * e)]).filter(([, x, y]) => x > 0 && x < S && y > 0 && y < S);
        // where all classes lie in one heap, numbers would only pretend an order
        const heap = Math.max(...marks.map((a) => Math.max(...marks.map((b) => Math.hypot(a[1] - b[1], a[2] - b[2]))))) < gap;
        if (!heap || marks.length < 3) for (const [label, x, y] of apart(marks, gap, S)) if (!faded(label)) halo(context, String(label), x, y, colour(label), 5);
      }
      let outside = 0; for (let k = 0; k < count; k++) if (!inside(k)) outside++;
      context.font = `${big ? 16 : 12}px system-ui, sans-serif`; context.textBaseline = "alphabetic"; context.textAlign = "left";
      halo(context, `${axis(frame.values.axis_x)} →, ${axis(frame.values.axis_y)} ↑, ±${short(e)}` + (outside ? ` (${outside} dots lie outside)` : ""), 5, S - 6, "#111");
      context.strokeStyle = "#777"; context.lineWidth = 1; context.strokeRect(0.5, 0.5, S - 1, S - 1);
      return at.back;
    }

    function plane(i, frame) {
      const run = state.runs[i], { canvas, caption } = plates[i], S = size(), e = frame.values.extent, big = state.big;
      const back = backdrop(i, frame, S), context = sharp(canvas, S, S), codes = frame.arrays.codes, labels = labelsOf(i, frame), count = codes.length / 2;
      const X = (x) => S / 2 + x / (2 * e) * S, Y = (y) => S / 2 - y / (2 * e) * S, clip = (p) => Math.min(Math.max(p, 3), S - 3);
      const u = (k) => clip(X(codes[2 * k] / 32767 * 2 * e)), v = (k) => clip(Y(codes[2 * k + 1] / 32767 * 2 * e));
      caption.textContent = state.names[i] || run.about.title || "";
      context.drawImage(back, 0, 0, S, S);
      paths(i, frame, context, X, Y);
      if (ui.pick && alike(i, ui.pick.i) && ui.pick.k < count) { context.strokeStyle = "#000"; context.lineWidth = 2; context.strokeRect(u(ui.pick.k) - 6, v(ui.pick.k) - 6, 12, 12); }
      ring(context, Math.min(Math.max(X(ui.z[0]), 0), S), Math.min(Math.max(Y(ui.z[1]), 0), S), big ? 12 : 9);
      if (ui.landed[i]) star(context, Math.min(Math.max(X(ui.landed[i].z[0]), 8), S - 8), Math.min(Math.max(Y(ui.landed[i].z[1]), 8), S - 8), big ? 17 : 13);
      if (ui.hover && ui.hover.i === i && ui.hover.k < count && !held) {
        const picture = thumb(i, ui.hover.k), T = big ? 72 : 50, x = u(ui.hover.k), y = v(ui.hover.k);
        if (picture) stamp(context, picture, x > S - T - 14 ? x - T - 8 : x + 8, y < T + 14 ? y + 8 : y - T - 8, T, T);
      }
      canvas.dataset.z = ui.z.map((value) => value.toFixed(3)).join(" ");
    }
    const axis = (n) => `z[${n}]`;
    function halo(context, text, x, y, fill, width = 3) { context.lineJoin = "round"; context.strokeStyle = "#fff"; context.lineWidth = width; context.strokeText(text, x, y); context.fillStyle = fill; context.fillText(text, x, y); }
    function ring(context, x, y, r) {
      for (const [width, ink] of [[6, "#fff"], [2.6, "#000"]]) {
        context.strokeStyle = ink; context.lineWidth = width; context.beginPath(); context.arc(x, y, r, 0, 7);
        for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { context.moveTo(x + dx * r, y + dy * r); context.lineTo(x + dx * (r + 5), y + dy * (r + 5)); }
        context.stroke();
      }
    }
    function star(context, x, y, r) {
      context.beginPath();
      for (let k = 0; k < 10; k++) { const a = Math.PI * k / 5 - Math.PI / 2, l = k % 2 ? r * 0.45 : r; context.lineTo(x + l * Math.cos(a), y + l * Math.sin(a)); }
      context.closePath(); context.strokeStyle = "#fff"; context.lineWidth = 5; context.stroke(); context.fillStyle = "#000"; context.fill();
    }
    function paths(i, frame, context, X, Y) {
      const ends = ui.ends.filter((one) => alike(i, one.i) && one.k < frame.arrays.codes.length / 2);
      if (ends.length === 2) {
        const both = ways(code(frame, ends[0].k), code(frame, ends[1].k), 33);
        both.forEach((way, number) => {
          for (const [width, ink] of [[5, "#fff"], [2.4, "#000"]]) {
            context.strokeStyle = ink; context.lineWidth = width; context.setLineDash(number && ink === "#000" ? [3, 4] : []); context.beginPath();
            way.forEach(([x, y], k) => (k ? context.lineTo(X(x), Y(y)) : context.moveTo(X(x), Y(y)))); context.stroke();
          }
        });
        context.setLineDash([]);
      }
      for (const one of ends) {
        const [x, y] = code(frame, one.k); context.beginPath(); context.arc(X(x), Y(y), 6, 0, 7);
        context.fillStyle = colour(labelsOf(i, frame)[one.k]); context.fill(); context.strokeStyle = "#000"; context.lineWidth = 2.5; context.stroke();
      }
    }

    function side(i, frame) {
      const at = plates[i], T = tile(), [h, w] = dims(i), ratio = w / h, run = state.runs[i];
      at.side.style.flexDirection = two() ? "row" : "column"; at.row.style.flexDirection = two() ? "column" : "row"; at.figure.style.maxWidth = two() ? `${size()}px` : ""; at.side.style.flexWrap = two() ? "wrap" : "nowrap";
      // what the ring's place decodes to
      const exact = ui.exact[i], right = exact && atNow(i, exact.step) && exact.z[0] === ui.z[0] && exact.z[1] === ui.z[1] && exact.as === shownAs(frame).join();
      let context = sharp(at.here.picture, T * ratio, T);
      stamp(context, right ? exact.picture : blend(frame, ui.z), 0, 0, T * ratio, T);
      const [px, py] = plain(i) || run.about.kind === "cvae" ? ["", ""] : [", the other numbers 0", ""];
      at.here.text.textContent = `z = (${ui.z[0].toFixed(2)}, ${ui.z[1].toFixed(2)})${px}${py}`;
      at.here.head.textContent = (run.about.conditional ? `as “${run.about.classes[frame.values.label]}”` : "decodes to") + (right ? ", exact" : ", approximate");
      at.here.picture.dataset.exact = String(!!right);
      // a picture and its copy
      const landed = ui.landed[i], pick = ui.pick && alike(i, ui.pick.i) && ui.pick.k < frame.arrays.codes.length / 2 ? ui.pick.k : null;
      let left = null, copied = null, head = "", text = "";
      if (landed) {
        [left, copied] = landed.pictures; head = "yours → copy";
        text = `it lands at (${landed.z[0].toFixed(2)}, ${landed.z[1].toFixed(2)})` + (run.about.kind === "gan" ? ", found by search" : `; misfit ${landed.misfit.toFixed(0)} nats` + (landed.usual ? ` (${run.about.unseen ? "unseen" : "other"} pictures: ${landed.usual.toFixed(0)})` : ""));
      } else if (pick !== null) {
        const answer = ui.picked[i], known = answer && answer.k === pick && atNow(i, answer.step);
        left = thumb(i, pick); copied = known ? answer.picture : plain(i) ? blend(frame, code(frame, pick)) : null;
        head = left ? `${naming(i, labelsOf(i, frame)[pick])} → copy` : "decodes to";
        text = copied === null ? "its copy needs the kernel" : known ? `number ${pick}, exact` + (answer.misfit !== undefined ? `; misfit ${answer.misfit.toFixed(0)} nats` : "") : `number ${pick}, approximate`;
      }
      at.other.box.style.display = left || copied ? "" : "none";
      if (left || copied) {
        const t = two() ? T : Math.round(T * 0.75), wide = t * ratio;
        context = sharp(at.other.picture, 2 * wide + 8, t);
        if (left) stamp(context, left, 0, 0, wide, t);
        if (copied) stamp(context, copied, left ? wide + 8 : 0, 0, wide, t);
        at.other.head.textContent = head; at.other.text.textContent = text;
      }
      at.here.text.style.maxWidth = at.other.text.style.maxWidth = `${Math.max(2 * T, 170)}px`;
      kl(i, frame);
    }

    function kl(i, frame) {
      const at = plates[i], run = state.runs[i], values = frame.arrays.kl, below = run.about.dead_below, big = state.big;
      at.bars.style.display = values ? "" : "none";
      let alarm = "", text = "";
      if (values) {
        const width = big ? 300 : 200, height = big ? 150 : 104, font = big ? 16 : 12, context = sharp(at.bars, width, height);
        const top = font + 8, bottom = height - font - 7, left = big ? 40 : 30, most = Math.max(...values, 0.1), n = values.length, step = (width - left - 4) / n;
        context.font = `${font}px system-ui, sans-serif`; context.fillStyle = "#111"; context.textBaseline = "top"; context.textAlign = "left";
        context.fillText(n <= 5 ? "KL of each number (nats)" : "KL of z[0], z[1], … (nats)", 0, 0);
        context.textAlign = "right"; context.textBaseline = "middle"; context.fillText(short(most), left - 4, top + 2); context.fillText("0", left - 4, bottom);
        context.strokeStyle = "#777"; context.lineWidth = 1; context.beginPath(); context.moveTo(left, top); context.lineTo(left, bottom); context.lineTo(width, bottom); context.stroke();
        context.textAlign = "center";
        values.forEach((value, k) => {
          const x = left + (k + 0.5) * step, wide = Math.min(step * 0.7, 46), dead = value < below, tall = (bottom - top) * Math.max(value, 0) / most;
          context.fillStyle = "#7B4EA3"; context.fillRect(x - wide / 2, bottom - tall, wide, tall);
          context.fillStyle = "#111"; context.textBaseline = "top";
          if (n <= 5 || k % Math.ceil(n / 10) === 0) context.fillText(n <= 5 ? axis(k) : String(k), x, bottom + 4);
          context.textBaseline = "bottom";
          if (dead) { context.font = `700 ${font}px system-ui, sans-serif`; context.fillStyle = "#A00000"; context.fillText(n <= 5 ? "dead" : "✕", x, bottom - 2); context.font = `${font}px system-ui, sans-serif`; }
          else if (n <= 5) { const inside = tall > 2 * font; context.fillStyle = inside ? "#fff" : "#111"; context.fillText(value.toFixed(2), x, inside ? bottom - tall + font + 4 : bottom - tall - 1); }
        });
        const dead = frame.values.dead, own = frame.step > 0;
        if (own && dead === n) alarm = `Posterior collapse: all ${n} numbers of the code are dead (KL below ${below} nats). Whatever the picture, its cloud is the prior, and every place decodes alike.`;
        else if (own && dead) text = `${dead} of ${n} numbers ${dead > 1 ? "are" : "is"} dead (KL below ${below} nats): the decoder ignores ${dead > 1 ? "them" : "it"}.`;
      } else if (run.about.kind === "gan") text = "A GAN has no encoder: dots are noise" + (run.about.classes.length ? ", coloured by what a classifier sees in their pictures." : ".");
      else if (run.about.kind === "ae") text = "An autoencoder's codes are points: no clouds, no prior, no KL.";
      if (frame.values.holes !== undefined && state.layers.holes) text += ` Holes: ${Math.round(100 * frame.values.holes)} % of the prior.`;
      at.note.textContent = alarm || text;
      at.note.style.cssText = `max-width:${big ? 300 : two() ? 320 : 200}px;` + (alarm ? "background:#fbe0e0;border:1px solid #A00000;border-radius:4px;padding:4px 6px;font-weight:600" : "");
      at.note.dataset.alarm = String(!!alarm);
    }

    function legend(i) {
      const at = plates[i], classes = state.runs[i].about.classes, key = `${classes.join()}/${ui.only}/${state.big}`;
      if (at.legendOf === key) return;
      at.legendOf = key;
      at.legend.style.maxWidth = `${size()}px`;
      at.legend.replaceChildren(...(classes.length < 2 || classes.length > 20 ? [] : classes.map((name, k) => make("button", {
        type: "button", "aria-pressed": String(ui.only === k), title: "Show this class alone, or all again", style: "padding:0 4px;min-height:1.6em;font-size:.9em",
        onclick: () => { ui.only = ui.only === k ? null : k; api.refresh(); },
      }, make("span", { style: `display:inline-block;width:.75em;height:.75em;border-radius:50%;background:${colour(k)};margin-right:3px` }), /^\d+$/.test(name) ? name : `${k} ${name}`))));
    }

    function walks(i, frame) {
      const at = plates[i], ends = ui.ends, on = ends.length === 2 && alike(i, ends[0].i) && Math.max(ends[0].k, ends[1].k) < frame.arrays.codes.length / 2;
      at.strip.style.display = at.stripText.style.display = on ? "" : "none";
      if (!on) return;
      const n = 9, big = state.big, [h, w, c] = dims(i), answer = ui.walked[i];
      const known = answer && atNow(i, answer.step) && answer.a === ends[0].k && answer.b === ends[1].k;
      const real = thumb(i, ends[0].k) !== null && thumb(i, ends[1].k) !== null, columns = n + (real ? 2 : 0), font = big ? 16 : 12;
      const T = Math.floor(Math.min(big ? 76 : 52, ((two() ? size() : big ? 1000 : 720) - 8 * columns) / columns)), label = font + 6;
      const context = sharp(at.strip, columns * (T + 4) + (real ? 20 : 0), 2 * (T + label) + 2);
      const both = ways(code(frame, ends[0].k), code(frame, ends[1].k), n);
      context.font = `${font}px system-ui, sans-serif`; context.textBaseline = "top"; context.fillStyle = "#111";
      ["straight line (solid)", "great circle (dashed)"].forEach((name, row) => {
        const y = row * (T + label); let x = 0;
        context.fillStyle = "#111"; context.fillText(name + (real && !two() && !row ? ": at both ends the real pictures, between them decodings" : ""), 0, y);
        if (real) { stamp(context, thumb(i, ends[0].k), x, y + label - 2, T, T); x += T + 14; }
        for (let k = 0; k < n; k++) {
          const picture = known ? cut(answer.bytes, row * n + k, h, w, c) : plain(i) ? blend(frame, both[row][k]) : null;
          if (picture) stamp(context, picture, x, y + label - 2, T, T);
          x += T + 4;
        }
        if (real) stamp(context, thumb(i, ends[1].k), x + 10, y + label - 2, T, T);
      });
      at.strip.dataset.exact = String(!!known);
      at.stripText.textContent = known ? "exact" : plain(i) ? "approximate" : "the pictures between need the kernel";
    }

    function paintPad() {
      draw.style.display = inky() ? "" : "none"; load.style.display = inky() ? "none" : "";
      if (!inky()) ui.drawing = false;
      pad.style.display = ui.drawing ? "flex" : "none"; draw.setAttribute("aria-pressed", String(ui.drawing));
      if (!ui.drawing) return;
      const [h, w] = dims(0);
      if (h !== ink.h || w !== ink.w) Object.assign(ink, { h, w, values: new Float32Array(h * w) });
      const T = state.big ? 308 : 196, context = sharp(padCanvas, T * w / h, T);
      stamp(context, { pixels: ink.values.map((v) => 255 * v), h, w, c: 1 }, 0, 0, T * w / h, T);
    }

    function summary() {
      return api.shown().map((frame, i) => {
        if (!frame) return "";
        const v = frame.values, parts = [];
        if (v.misfit !== undefined) parts.push(`copies miss by ${v.misfit.toFixed(0)} nats`);
        if (v.kl_all !== undefined) parts.push(`KL ${v.kl_all.toFixed(2)} nats`);
        if (v.holes !== undefined) parts.push(`${Math.round(100 * v.holes)} % of the prior are holes`);
        return parts.length ? (two() ? `${state.names[i]}: ` : "") + parts.join(" · ") : "";
      }).filter(Boolean).join("  |  ");
    }

    return {
      paint(frames) {
        while (plates.length < state.runs.length) { plates.push(plate(plates.length)); api.runsBox.append(plates[plates.length - 1].figure); }
        while (plates.length > state.runs.length) plates.pop().figure.remove();
        frames.forEach((frame, i) => { if (!frame) return; plane(i, frame); side(i, frame); legend(i); walks(i, frame); });
        paintPad();
        walk.setAttribute("aria-pressed", String(ui.walking)); leave.style.display = ui.ends.length || ui.walking ? "" : "none";
        walkText.textContent = !ui.walking ? "" : ui.ends.length === 1 ? "now the second dot" : "click a dot to start from";
        if (performance.now() > hovering + 3000) api.under.textContent = summary();
        // finished models have no past: no charts and no time line
        const over = state.runs.every((run) => run.about.finished), long = state.runs.some((run) => run.steps.length > 1);
        const kinds = state.runs.map((run) => run.about.kind), boxes = api.root.querySelectorAll(".charts > canvas");
        boxes.forEach((box, k) => { const wanted = [kinds.some((kind) => kind !== "gan"), kinds.some((kind) => kind === "vae" || kind === "cvae"), kinds.includes("gan")][k]; box.dataset.off = String(!(long && wanted)); });
        if (boxes.length) boxes[0].parentElement.dataset.off = String(!long);
        const time = api.root.querySelector(".time"), bar = api.root.querySelector("[role=toolbar]");
        if (time) time.parentElement.style.display = over && !long ? "none" : "";
        if (over && bar) {
          const [first, ...others] = bar.querySelectorAll("button");
          if (live) first.textContent = "▶ Train one from nothing"; else first.style.display = "none";
          for (const other of [...others, ...bar.querySelectorAll("select")]) if (["Step", "Reset", "New seed"].includes(other.textContent) || other.tagName === "SELECT") other.style.display = "none";
        } else if (bar) for (const node of bar.querySelectorAll("button, select")) node.style.display = "";
        // at rest, ask for a finer map and the exact picture
        if (live && !state.playing && state.cursor === null && frames[0]) {
          const key = frames.map((frame) => frame && [frame.step, ...shownAs(frame), frame.values.extent].join("/")).join();
          if (!asked.has(key) && !held) {
            asked.add(key);
            setTimeout(() => {
              if (state.playing || state.cursor !== null) { asked.delete(key); return; }
              if (!over) press("atlas");
              press("decode", { z: ui.z });
              if (ui.pick) each(ui.pick.i, (run) => press("pick", { run, index: ui.pick.k }));
              if (ui.ends.length === 2) each(ui.ends[0].i, (run) => press("walk", { run, a: ui.ends[0].k, b: ui.ends[1].k }));
            }, 120);
          }
        }
      },
      receive(content, buffers) {
        const i = content.run, frame = state.runs[i].frames.get(content.step), [h, w, c] = dims(i);
        const bytes = buffers[0] ? new Uint8Array(buffers[0].buffer.slice(buffers[0].byteOffset, buffers[0].byteOffset + buffers[0].byteLength)) : null;
        if (content.kind === "decoded") ui.exact[i] = { z: content.z, step: content.step, as: content.shown.join(), picture: { pixels: bytes, h, w, c } };
        else if (content.kind === "picked") ui.picked[i] = { k: content.index, step: content.step, misfit: content.misfit, picture: { pixels: bytes, h, w, c } };
        else if (content.kind === "walked") ui.walked[i] = { a: content.a, b: content.b, step: content.step, bytes };
        else if (content.kind === "landed") {
          ui.landed[i] = { z: content.z, spread: content.spread, misfit: content.misfit, usual: content.usual, pictures: [cut(bytes, 0, h, w, c), cut(bytes, 1, h, w, c)] };
          ui.pick = null; if (i === 0) move(content.z, true);
          padText.textContent = "The star on the map is your picture" + (state.runs[i].about.data === "mnist" ? ", brought to the size and the middle that MNIST's digits have" : "") + ". Draw on, or clear and try another.";
        } else if (content.kind === "atlas" && frame) frame.fine = Object.assign(bytes, { shape: content.shape });
      },
      reset() {
        ui.exact = []; ui.picked = []; ui.walked = []; ui.landed = []; ui.hover = null; ui.ends = []; ui.walking = false; ui.pick = null; asked = new Set();
      },
      key(event) {
        if (!plates.some(({ canvas }) => canvas === event.target)) return false;
        const frame = api.shown()[0], step = (frame ? frame.values.extent : 4) / (event.shiftKey ? 100 : 20), by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
        if (!by) return false;
        const e = frame ? frame.values.extent : 4;
        move([0, 1].map((k) => Math.min(Math.max(ui.z[k] + by[k], -e), e)), false);
        return true;
      },
    };
  },
};
