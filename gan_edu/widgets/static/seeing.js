// SeeingDoing: a small graph of causes that is drawn with the mouse, the table that it makes, and the same after do(T).
// Everything is computed here, so that the widget works without a kernel. What Python computes stands in
// gan_edu/linear_graph.py and is the same; tests/browser/test_seeing_widget.py compares the two.
const seeing = (() => {
  const { make, sharp, CSS } = ganEdu;
  const SEEN = "#7B4EA3", SAME = "#8A6508", DONE = "#000000", DOTS = "#8C8C8C", OTHER = "#C2528B", ACTS = "#CFCFCF";
  const MOST = 5, STRONGEST = 3, NAMES = ["U", "M", "C", "Z", "V", "W"];

  const STYLE = `
.gan-edu .worlds { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; }
.gan-edu .worlds .tools { flex: 1 1 250px; min-width: 250px; }
.gan-edu .worlds .tools h4 { margin: 6px 0 2px; font-size: 1em; }
.gan-edu .why { font-weight: 600; min-height: 2.8em; margin: 4px 0; }
.gan-edu .slope { display: flex; gap: 7px; align-items: center; font-variant-numeric: tabular-nums; }
.gan-edu .slope i { flex: 0 0 28px; border-top: 3px solid; } .gan-edu .slope b { margin-left: auto; padding-left: 8px; }
.gan-edu .arrow { display: grid; grid-template-columns: 4.4em 1fr 3em auto; gap: 6px; align-items: center; border-radius: 4px; }
.gan-edu .arrow input { width: 100%; min-width: 60px; } .gan-edu .arrow output { text-align: right; font-variant-numeric: tabular-nums; }
.gan-edu .variable { display: grid; grid-template-columns: 2em auto auto 1fr; gap: 8px; align-items: center; border-radius: 4px; }
.gan-edu .variable label { margin: 0; } .gan-edu .variable button { justify-self: end; }
.gan-edu .chosen { background: #ece4f4; }
.gan-edu .worlds canvas { border: 1px solid transparent; } .gan-edu .worlds canvas.draw { cursor: crosshair; touch-action: none; border-color: #bbb; }
.gan-edu canvas.draw:focus-visible { outline: 3px solid #0072B2; }
.gan-edu .tools button[aria-label^="take out"] { min-height: 0; padding: 0 7px; margin-top: 2px; margin-bottom: 2px; }
.gan-edu .key { font-size: .86em; } .gan-edu .key span { border-radius: 3px; padding: 0 5px; margin: 1px 0; display: inline-block; }
`;
  const HELP = [
    "The circles are columns of a table, and an arrow says “is used to compute”: each column is the sum of its causes, each times the strength of its arrow, and noise of its own with variance 1. T is what can be set, Y the result. Left: the table as it is. Right: somebody sets T; scissors cut the arrows into T, and only these. The numbers are exact; the dots are 300 rows, drawn with a seed.",
    "Drag from one circle to another: an arrow. Drag a circle to an empty place: it moves. Click an arrow or a circle to choose it; Delete takes it out. Causes can't run in a circle, so an arrow that closes a loop is refused.",
    "“Adjust for” puts a column into the regression of Y on T, that is, compares rows in which it is the same. Gold dots are rows in which it is nearly the same (within 0.3 standard deviations of its mean). A hidden column isn't in the table, so it can't be adjusted for; it is dotted.",
    "The dotted line is the effect, and stands in both pictures. Pink: an open way between T and Y along which T doesn't act. Grey: an open way along which T acts. Where a pink band is, the slopes differ, unless the strengths happen to cancel out.",
    "Keys on the picture: Enter chooses the next circle or arrow, a letter chooses the circle of that name, the arrow keys move a circle or change a strength, a adjusts, h hides, Delete removes, Escape lets go. p is for projectors. All of it can also be done with the controls.",
  ];

  // --- arithmetic

  const ends = (arrow) => arrow.split("->");
  const namesOf = (graph) => Object.keys(graph.places);
  const liveOf = (graph) => Object.keys(graph.strengths).filter((arrow) => graph.strengths[arrow]);
  // all ways from one to the other in the direction of the arrows
  const directed = (arrows, start, end) => start === end ? [[end]] : arrows.map(ends).flatMap(([cause, effect]) =>
    cause === start ? directed(arrows, effect, end).map((rest) => [start, ...rest]) : []);
  function loop(graph, cause, effect) {
    const back = cause === effect ? [[cause]] : directed(Object.keys(graph.strengths), effect, cause);
    const way = back.reduce((best, one) => (best && best.length <= one.length ? best : one), null);  // the shortest
    return way ? `${[cause, ...way].join(" → ")} would be a loop: nothing can be a cause of itself.` : "";
  }
  function order(graph) {
    const names = namesOf(graph), done = [];
    while (done.length < names.length)
      done.push(names.find((name) => !done.includes(name)
        && Object.keys(graph.strengths).every((arrow) => ends(arrow)[1] !== name || done.includes(ends(arrow)[0]))));
    return done;
  }
  // how much each variable (first index) rises when a variable's noise (second) does, by one unit
  function totals(graph) {
    const names = namesOf(graph), total = names.map(() => names.map(() => 0));
    for (const name of order(graph)) {
      const j = names.indexOf(name);
      total[j][j] = 1;
      for (const [arrow, value] of Object.entries(graph.strengths)) {
        const [cause, effect] = ends(arrow);
        if (effect === name) names.forEach((_, k) => { total[j][k] += value * total[names.indexOf(cause)][k]; });
      }
    }
    return total;
  }
  const covariances = (total) => total.map((a) => total.map((b) => a.reduce((sum, value, k) => sum + value * b[k], 0)));
  // the first unknown of a·x = b; a is positive definite, so that no pivot is 0
  function firstOf(a, b) {
    const rows = a.map((row, i) => [...row, b[i]]), n = rows.length;
    for (let i = n - 1; i >= 0; i--)
      for (let k = 0; k < i; k++) {
        const share = rows[k][i] / rows[i][i];
        rows[k] = rows[k].map((value, j) => value - share * rows[i][j]);
      }
    return rows[0][n] / rows[0][0];
  }
  function slopes(graph) {
    const names = namesOf(graph), total = totals(graph), cov = covariances(total);
    const t = names.indexOf("T"), y = names.indexOf("Y");
    const regress = (given) => {
      const columns = ["T", ...given].map((name) => names.indexOf(name));
      return firstOf(columns.map((i) => columns.map((j) => cov[i][j])), columns.map((i) => cov[i][y]));
    };
    return { seen: regress([]), adjusted: regress(graph.given), done: total[y][t], cov };
  }
  function rows(graph, noise, cov, acting) {
    const names = namesOf(graph), turn = order(graph).map((name) => names.indexOf(name)), t = names.indexOf("T");
    const into = names.map((name) => Object.entries(graph.strengths).filter(([arrow]) => ends(arrow)[1] === name)
      .map(([arrow, value]) => [names.indexOf(ends(arrow)[0]), value]));
    return noise.map((own) => {
      const row = own.slice(0, names.length);
      for (const j of turn) {
        if (acting && j === t) { row[j] *= Math.sqrt(cov[t][t]); continue; }
        for (const [i, value] of into[j]) row[j] += value * row[i];
      }
      return row;
    });
  }

  // --- ways

  function ways(graph) {
    const names = namesOf(graph), live = liveOf(graph), found = [];
    const on = (way) => {
      const last = way[way.length - 1];
      if (last === "Y") { found.push(way); return; }
      for (const name of names)
        if (!way.includes(name) && (live.includes(`${last}->${name}`) || live.includes(`${name}->${last}`))) on([...way, name]);
    };
    on(["T"]);
    return found;
  }
  const steps = (way) => way.slice(1).map((name, i) => [way[i], name]);
  const acts = (graph, way) => steps(way).every(([a, b]) => liveOf(graph).includes(`${a}->${b}`));
  function effects(graph, name) {
    const found = new Set([name]);
    for (const one of found) for (const arrow of liveOf(graph)) if (ends(arrow)[0] === one) found.add(ends(arrow)[1]);
    return found;
  }
  const stations = (graph, way) => way.slice(1, -1).map((name, i) =>
    [name, liveOf(graph).includes(`${way[i]}->${name}`) && liveOf(graph).includes(`${way[i + 2]}->${name}`)]);
  const openers = (graph, collider) => graph.given.filter((name) => effects(graph, collider).has(name));
  const isOpen = (graph, way) => stations(graph, way).every(([name, collider]) =>
    collider ? openers(graph, name).length > 0 : !graph.given.includes(name));
  const written = (graph, way) => way[0] + steps(way).map(([a, b]) => ` ${liveOf(graph).includes(`${a}->${b}`) ? "→" : "←"} ${b}`).join("");
  const and = (words) => words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}` : words.join("");
  function some(graph, found) {
    const words = found.map((way) => written(graph, way));
    return and(words.length > 2 ? [...words.slice(0, 2), words.length === 3 ? "another way" : `${words.length - 2} more ways`] : words);
  }
  function explain(graph) {
    const all = ways(graph), { adjusted, done } = slopes(graph), reasons = [];
    const acting = all.filter((way) => acts(graph, way));
    const wrong = all.filter((way) => !acts(graph, way) && isOpen(graph, way));
    const opened = wrong.filter((way) => stations(graph, way).some(([, collider]) => collider));
    const left = wrong.filter((way) => !opened.includes(way)), closed = acting.filter((way) => !isOpen(graph, way));
    const by = new Set(opened.flatMap((way) => stations(graph, way).filter(([, hit]) => hit).flatMap(([name]) => openers(graph, name))));
    const behind = namesOf(graph).filter((name) => acting.some((way) => way.slice(1).includes(name)));
    if (left.length) reasons.push(`${some(graph, left)} ${left.length === 1 ? "is" : "are"} open, and T doesn't act along ${left.length === 1 ? "it" : "them"}`);
    if (opened.length) reasons.push(`adjusting for ${and(graph.given.filter((name) => by.has(name)))} opens ${some(graph, opened)}`);
    if (closed.length) reasons.push(`adjusting for ${and(graph.given.filter((name) => closed.some((way) => way.includes(name))))} closes ${some(graph, closed)}, along ${["which", "both of which"][closed.length - 1] || "all of which"} T acts`);
    for (const name of graph.given) {
      const before = behind.filter((one) => one !== name && effects(graph, one).has(name));
      if (before.length && !behind.includes(name) && !by.has(name))
        reasons.push(`${name} is an effect of ${before.includes("Y") ? "Y" : before[0]}, and adjusting for it partly fixes what T moves`);
    }
    const words = graph.given.length ? `Adjusted for ${and(graph.given)}, seeing and doing` : "Seeing and doing";
    const off = Math.abs(adjusted - done);
    if (reasons.length) return `${words} ${off < 1e-6 ? "agree here by coincidence" : off < 0.005 ? "hardly part" : "part"}: ${reasons.join("; ")}.`;
    return `${words} agree: ${acting.length ? "T acts along every open way" : "no way between T and Y is open"}.`;
  }

  // its circles and arrows, whatever their places and strengths
  const parts = (graph) => JSON.stringify([namesOf(graph).sort(), Object.keys(graph.strengths).sort()]);
  const two = (value) => (Math.abs(value) < 0.005 ? 0 : value).toFixed(2).replace("-", "−");
  const one = (value) => value.toFixed(Math.abs(10 * value - Math.round(10 * value)) < 1e-9 ? 1 : 2).replace("-", "−");

  // --- drawing

  const FONT = "system-ui, \"DejaVu Sans\", sans-serif";

  function shapes(graph, width, height, radius) {
    const at = {}, margin = radius + 6;
    for (const [name, [x, y]] of Object.entries(graph.places)) at[name] = [margin + x * (width - 2 * margin), margin + y * (height - 2 * margin)];
    const curve = {};
    for (const arrow of Object.keys(graph.strengths)) {
      const [cause, effect] = ends(arrow), [ax, ay] = at[cause], [bx, by] = at[effect];
      const long = Math.hypot(bx - ax, by - ay) || 1, nx = -(by - ay) / long, ny = (bx - ax) / long;
      // bent around circles that stand in the way
      let bend = 0;
      for (const [name, [cx, cy]] of Object.entries(at)) {
        const along = ((cx - ax) * (bx - ax) + (cy - ay) * (by - ay)) / long, off = (cx - ax) * nx + (cy - ay) * ny;
        if (name !== cause && name !== effect && along > 0 && along < long && Math.abs(off) < radius + 6)
          bend = (off > 0 || (off === 0 && cy > height / 2) ? -1 : 1) * 2 * (radius * 1.6 + 8 - Math.abs(off));
      }
      const mx = (ax + bx) / 2 + nx * bend, my = (ay + by) / 2 + ny * bend;
      curve[arrow] = (s) => [(1 - s) ** 2 * ax + 2 * s * (1 - s) * mx + s * s * bx, (1 - s) ** 2 * ay + 2 * s * (1 - s) * my + s * s * by];
    }
    return { at, curve };
  }
  const line = (context, points) => { context.beginPath(); points.forEach((p, i) => (i ? context.lineTo(...p) : context.moveTo(...p))); context.stroke(); };
  const dots = (curve, from = 0, to = 1) => Array.from({ length: 25 }, (_, i) => curve(from + (to - from) * i / 24));
  // where a curve leaves the circles at its ends
  function trimmed(curve, a, b, radius) {
    let from = 0, to = 1;
    while (from < 0.5 && Math.hypot(curve(from)[0] - a[0], curve(from)[1] - a[1]) < radius) from += 0.01;
    while (to > from && Math.hypot(curve(to)[0] - b[0], curve(to)[1] - b[1]) < radius) to -= 0.01;
    return [from, to];
  }
  function head(context, [x, y], [px, py], size) {
    const long = Math.hypot(x - px, y - py) || 1, dx = (x - px) / long * size, dy = (y - py) / long * size;
    context.beginPath(); context.moveTo(x, y); context.lineTo(x - dx - dy * 0.5, y - dy + dx * 0.5); context.lineTo(x - dx + dy * 0.5, y - dy - dx * 0.5);
    context.closePath(); context.fill();
  }
  function scissors(context, [x, y], [px, py], size) {
    context.save(); context.translate(x, y); context.rotate(Math.atan2(y - py, x - px) + Math.PI / 2);
    context.strokeStyle = context.fillStyle = "#111"; context.lineWidth = 2; context.setLineDash([]);
    for (const side of [-1, 1]) {
      line(context, [[-size * 0.45, side * size * 0.35], [size, -side * size * 0.4]]);
      context.beginPath(); context.arc(-size * 0.75, side * size * 0.5, size * 0.3, 0, 7); context.stroke();
    }
    context.restore();
  }

  function drawGraph(context, width, height, graph, look) {
    const { radius, cut, chosen, drag } = look, { at, curve } = shapes(graph, width, height, radius), size = radius * 0.72;
    const band = (way, colour, thick) => {
      context.strokeStyle = colour; context.lineWidth = thick; context.lineCap = context.lineJoin = "round";
      for (const [a, b] of steps(way)) line(context, dots(curve[`${a}->${b}`] || curve[`${b}->${a}`]));
      context.lineCap = context.lineJoin = "butt";
    };
    if (!cut) {
      const open = ways(graph).filter((way) => isOpen(graph, way));
      open.filter((way) => acts(graph, way)).forEach((way) => band(way, ACTS, radius * 0.95));
      context.globalAlpha = 0.6;
      open.filter((way) => !acts(graph, way)).forEach((way) => band(way, OTHER, radius * 0.5));
      context.globalAlpha = 1;
    }
    context.textAlign = "center"; context.textBaseline = "middle";
    for (const [arrow, value] of Object.entries(graph.strengths)) {
      const [cause, effect] = ends(arrow), snip = cut && effect === "T";
      const [from, to] = trimmed(curve[arrow], at[cause], at[effect], radius + 2), tip = curve[arrow](to);
      context.strokeStyle = context.fillStyle = arrow === chosen ? SEEN : snip || !value ? "#8a8a8a" : "#111";
      context.lineWidth = (value ? 1.2 + 0.9 * Math.abs(value) : 1.2) * radius / 17 + (arrow === chosen ? 1 : 0);
      context.setLineDash(snip || !value ? [5, 4] : []);
      const tipSize = radius * 0.5 + context.lineWidth, neck = Math.max(from, to - (tipSize * 0.8) / (Math.hypot(at[cause][0] - at[effect][0], at[cause][1] - at[effect][1]) || 1));
      line(context, dots(curve[arrow], from, neck)); context.setLineDash([]);
      head(context, tip, curve[arrow](Math.max(from, to - 0.06)), tipSize);
      if (snip) scissors(context, curve[arrow](0.45 * from + 0.55 * to), curve[arrow](from), radius * 0.62);
      else {
        const [x, y] = curve[arrow](0.5 * (from + to)), text = one(value);
        context.font = `${size}px ${FONT}`;
        const half = context.measureText(text).width / 2 + 2;
        context.fillStyle = "rgba(255,255,255,.88)"; context.fillRect(x - half, y - size * 0.6, 2 * half, size * 1.2);
        context.fillStyle = arrow === chosen ? SEEN : "#111"; context.fillText(text, x, y + 0.5);
      }
    }
    for (const [name, [x, y]] of Object.entries(at)) {
      const set = cut && name === "T", given = !cut && graph.given.includes(name), hidden = graph.hidden.includes(name);
      context.beginPath();
      if (given) context.rect(x - radius, y - radius, 2 * radius, 2 * radius); else context.arc(x, y, radius, 0, 7);
      context.fillStyle = set ? "#111" : given ? "#F3D98B" : "#F2F2F2"; context.fill();
      context.strokeStyle = name === chosen ? SEEN : "#111"; context.lineWidth = name === chosen ? 4 : given ? 2.5 : 1.5;
      context.setLineDash(hidden ? [2, 3] : []); context.stroke(); context.setLineDash([]);
      context.fillStyle = set ? "#fff" : "#111"; context.font = `${radius * (name.length > 1 || set ? 0.7 : 0.95)}px ${FONT}`;
      context.fillText(set ? "T=t" : name, x, y + 1);
    }
    if (drag) {
      const [x, y] = at[drag.from];
      context.strokeStyle = context.fillStyle = SEEN; context.lineWidth = 2.5; context.setLineDash([6, 4]);
      line(context, [[x, y], drag.at]); context.setLineDash([]);
      if (drag.over) head(context, drag.at, [x, y], radius * 0.8);
      else { context.beginPath(); context.arc(...drag.at, radius, 0, 7); context.lineWidth = 1.5; context.stroke(); }
    }
  }

  const NICE = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000];
  const nice = (value) => NICE.find((limit) => value <= limit) || value;

  function drawCloud(canvas, width, height, big, { t, y, near, lines, xs, ys, label }) {
    const size = big ? 17 : 12, context = sharp(canvas, width, height), left = size + 8, bottom = height - size - 6;
    const px = (value) => left + (width - 4 - left) * (value / xs + 1) / 2, py = (value) => bottom - (bottom - 4) * (value / ys + 1) / 2;
    context.save(); context.beginPath(); context.rect(left, 4, width - 4 - left, bottom - 4); context.clip();
    context.strokeStyle = "#ddd"; context.lineWidth = 1;
    line(context, [[px(-xs), py(0)], [px(xs), py(0)]]); line(context, [[px(0), py(-ys)], [px(0), py(ys)]]);
    t.forEach((value, i) => {
      const gold = near && near[i], r = (big ? 2.9 : 2) * (gold ? 1.5 : 1);
      context.fillStyle = gold ? "#E0A800" : DOTS; context.globalAlpha = gold ? 1 : 0.65;
      context.beginPath(); context.arc(px(value), py(y[i]), r, 0, 7); context.fill();
      if (gold) { context.strokeStyle = "#111"; context.lineWidth = 0.8; context.stroke(); }
    });
    context.globalAlpha = 1;
    for (const { slope, colour, dash } of lines) {
      context.strokeStyle = colour; context.lineWidth = big ? 4 : 2.6; context.setLineDash(dash);
      line(context, [[px(-xs), py(-slope * xs)], [px(xs), py(slope * xs)]]);
    }
    context.restore();
    context.strokeStyle = "#777"; context.lineWidth = 1; line(context, [[left, 4], [left, bottom], [width - 4, bottom]]);
    context.fillStyle = "#111"; context.font = `${size}px ${FONT}`; context.textBaseline = "top"; context.textAlign = "left";
    context.fillText(`−${xs}`, left, bottom + 4); context.textAlign = "center"; context.fillText(label, (left + width) / 2, bottom + 4);
    context.textAlign = "right"; context.fillText(String(xs), width - 4, bottom + 4);
    context.save(); context.translate(2, (bottom + 4) / 2); context.rotate(-Math.PI / 2); context.textAlign = "center"; context.fillText("Y", 0, 0); context.restore();
    context.textAlign = "left"; context.fillText(String(ys), left + 4, 5); context.textBaseline = "bottom"; context.fillText(`−${ys}`, left + 4, bottom - 2);
  }

  // --- the widget: `tell(graph)` is called with every change that is made here

  function shell(root, { graph, noise, presets, tell }) {
    let big = false, chosen = null, drag = null, dirty = false, lastRoom = 0, start = graph;
    const button = (text, title, onclick, more = {}) => make("button", { type: "button", title, onclick, ...more }, text);
    root.classList.add("gan-edu"); root.tabIndex = -1; root.dataset.lmSuppressShortcuts = "true";
    root.setAttribute("role", "group"); root.setAttribute("aria-label", "Seeing and doing");
    const style = make("style"); style.textContent = CSS + STYLE;
    const menu = make("select", { "aria-label": "Graph", onchange: () => preset(menu.value) }, make("option", { value: "" }, "a graph of your own"),
      ...Object.entries(presets).map(([name, { label }]) => make("option", { value: name }, label)));
    const projector = button("A⁺", "Large type, for a projector (p)", () => { big = !big; refresh(); }, { "aria-pressed": "false", "aria-label": "Large type", class: "last" });
    const message = make("div", { class: "message", role: "alert" }), why = make("div", { class: "why", role: "status", "aria-live": "polite" });
    const spoken = make("div", { role: "status", "aria-live": "polite", style: "position:absolute;left:-9999px" });
    const drawn = make("canvas", { class: "draw", tabindex: 0, role: "application", "aria-label": "The graph. Enter chooses the next circle or arrow; the controls beside do the same" });
    const after = make("canvas", { role: "img", "aria-label": "The graph after do(T): arrows into T are cut" });
    const seenCloud = make("canvas", { role: "img", "aria-label": "Rows of the table, Y against T" }), doneCloud = make("canvas", { role: "img", "aria-label": "Rows with T set, Y against T" });
    const swatch = (colour, kind) => make("i", { style: `border-top: 3px ${kind} ${colour}` });
    const number = (name, colour, kind) => { const value = make("b"), words = make("span"); return { value, words, row: make("div", { class: "slope", "data-slope": name }, swatch(colour, kind), words, value) }; };
    const seen = number("seen", SEEN, "solid"), same = number("adjusted", SAME, "dashed"), done = number("done", DONE, "dotted");
    seen.words.textContent = "slope of E[Y | T]"; done.words.textContent = "slope of E[Y | do(T)]";
    const key = make("div", { class: "key" }, make("span", { style: `background:${ACTS}` }, "open, T acts along it"), " ",
      make("span", { style: "background:#DB97B9" }, "open, T doesn't act along it"));
    const arrowBox = make("div"), variableBox = make("div");
    const cause = make("select", { "aria-label": "from" }), effect = make("select", { "aria-label": "to" });
    const more = button("+ Variable", "Another circle, at most five", () => add());
    const tools = make("div", { class: "tools" }, make("h4", {}, "Arrows and their strengths"), arrowBox,
      make("div", { class: "row" }, "New:", cause, "→", effect, button("Draw", "Draw an arrow from the first to the second", () => connect(cause.value, effect.value))),
      make("h4", {}, "Variables"), variableBox, make("div", { class: "row" }, more));
    const help = make("details", { class: "help" }, make("summary", {}, "What am I looking at?"), ...HELP.map((text) => make("p", {}, text)));
    root.append(style, make("div", { class: "row", role: "toolbar", "aria-label": "Graphs" }, menu,
      button("Reset", "The graph as it was at first", () => change(start, null)), projector), message, why,
    make("div", { class: "worlds" },
      make("figure", {}, make("figcaption", {}, "Seen: the table as it is"), drawn, seenCloud, seen.row, same.row),
      make("figure", {}, make("figcaption", {}, "Done: T is set, its arrows are cut"), after, doneCloud, done.row, key), tools), help, spoken);

    const copy = () => JSON.parse(JSON.stringify(graph));
    function change(next, pick = chosen) {
      graph = JSON.parse(JSON.stringify(next)); chosen = pick; message.textContent = "";
      if (chosen && !(chosen in graph.places) && !(chosen in graph.strengths)) chosen = null;
      refresh(); tell(graph);
    }
    const say = (text) => { message.textContent = text; refresh(); };
    function preset(name) { if (name) { start = presets[name].graph; change(start, null); menu.value = name; } }
    function connect(a, b) {
      const arrow = `${a}->${b}`, wrong = loop(graph, a, b);
      if (arrow in graph.strengths) { choose(arrow); say(`${a} → ${b} is there already; its slider changes its strength.`); return; }
      if (wrong) { say(wrong); return; }
      const next = copy(); next.strengths[arrow] = 1; change(next, arrow);
    }
    function strength(arrow, value) { const next = copy(); next.strengths[arrow] = Math.round(10 * Math.min(Math.max(value, -STRONGEST), STRONGEST)) / 10; change(next, arrow); }
    function remove(what) {
      if (what === "T" || what === "Y") { say("T and Y are what the question is about; they stay."); return; }
      const next = copy(); delete next.strengths[what]; delete next.places[what];
      if (!what.includes("->")) for (const arrow of Object.keys(next.strengths)) if (ends(arrow).includes(what)) delete next.strengths[arrow];
      next.given = next.given.filter((name) => name !== what); next.hidden = next.hidden.filter((name) => name !== what);
      change(next, null);
    }
    function adjust(name) {
      if (name === "T" || name === "Y") { say("T and Y themselves can't be adjusted for."); return; }
      if (graph.hidden.includes(name)) { say(`${name} is hidden, so it can't be adjusted for.`); return; }
      const next = copy(); next.given = namesOf(graph).filter((one) => graph.given.includes(one) !== (one === name)); change(next, name);
    }
    function hide(name) {
      if (name === "T" || name === "Y") { say("T and Y are what the question is about; they can't be hidden."); return; }
      const next = copy(); next.hidden = namesOf(graph).filter((one) => graph.hidden.includes(one) !== (one === name));
      const lost = next.hidden.includes(name) && graph.given.includes(name); next.given = graph.given.filter((one) => !next.hidden.includes(one));
      change(next, name); if (lost) say(`${name} is hidden now, so it is no longer adjusted for.`);
    }
    function add() {
      const name = NAMES.find((one) => !(one in graph.places));
      if (namesOf(graph).length >= MOST || !name) { say(`There may be ${MOST} variables, T and Y among them.`); return; }
      const free = [[0.5, 0.1], [0.1, 0.1], [0.9, 0.1], [0.5, 0.55], [0.5, 0.95]], far = ([x, y]) => Math.min(...Object.values(graph.places).map(([a, b]) => Math.hypot(a - x, b - y)));
      const next = copy(); next.places[name] = free.reduce((best, place) => (far(place) > far(best) + 1e-9 ? place : best)); change(next, name);
    }
    function move(name, x, y) {
      const next = copy(), keep = (value) => Math.round(1000 * Math.min(Math.max(value, 0), 1)) / 1000;
      next.places[name] = [keep(x), keep(y)]; change(next, name);
    }
    function choose(what) { chosen = what; spoken.textContent = what ? `${what.replace("->", " → ")} chosen` : "nothing chosen"; refresh(); }

    // --- the mouse

    let size = { width: 300, height: 200, radius: 17 };
    const place = (event) => { const box = drawn.getBoundingClientRect(); return [(event.clientX - box.left) / box.width * size.width, (event.clientY - box.top) / box.height * size.height]; };
    function circleAt([x, y]) {
      const { at } = shapes(graph, size.width, size.height, size.radius);
      return Object.keys(at).reverse().find((name) => Math.hypot(at[name][0] - x, at[name][1] - y) <= size.radius + 3) || null;
    }
    function arrowAt([x, y]) {
      const { curve } = shapes(graph, size.width, size.height, size.radius);
      let best = null, closest = 10;
      for (const arrow of Object.keys(curve)) for (const [a, b] of dots(curve[arrow])) { const d = Math.hypot(a - x, b - y); if (d < closest) { closest = d; best = arrow; } }
      return best;
    }
    drawn.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const at = place(event), from = circleAt(at); drawn.setPointerCapture(event.pointerId);
      drawn.focus({ preventScroll: true }); message.textContent = "";
      if (from) { drag = { from, at, begun: at, moved: false }; choose(from); } else choose(arrowAt(at));
      event.preventDefault();
    });
    drawn.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (!drag) { drawn.style.cursor = circleAt(at) ? "grab" : arrowAt(at) ? "pointer" : "crosshair"; return; }
      const over = circleAt(at);
      drag.moved = drag.moved || Math.hypot(at[0] - drag.begun[0], at[1] - drag.begun[1]) > 6;
      drag.at = at; drag.over = over !== drag.from && over; refresh();
    });
    drawn.addEventListener("pointerup", () => {
      if (!drag) return;
      const { from, at, over, moved } = drag, margin = size.radius + 6; drag = null;
      if (over) connect(from, over);
      else if (moved && circleAt(at) !== from) move(from, (at[0] - margin) / (size.width - 2 * margin), (at[1] - margin) / (size.height - 2 * margin));
      else refresh();
    });
    for (const kind of ["pointercancel", "lostpointercapture"]) drawn.addEventListener(kind, () => { if (drag) { drag = null; refresh(); } });

    // --- the keyboard

    function drawnKey(event) {
      const all = [...namesOf(graph), ...Object.keys(graph.strengths)], isArrow = chosen && chosen.includes("->"), isCircle = chosen && !isArrow;
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const letter = event.key.length === 1 && namesOf(graph).find((name) => name === event.key.toUpperCase());
      if (event.key === "Enter" || event.key === " ") choose(all[(all.indexOf(chosen) + 1) % all.length]);
      else if (event.key === "Escape") { drag = null; choose(null); }
      else if (!chosen && !letter) return false;
      else if (by && isCircle) move(chosen, graph.places[chosen][0] + 0.04 * by[0], graph.places[chosen][1] + 0.06 * by[1]);
      else if (by) strength(chosen, graph.strengths[chosen] + 0.1 * (by[0] - by[1]));
      else if (event.key === "Delete" || event.key === "Backspace") remove(chosen);
      else if (event.key === "a" && isCircle) adjust(chosen);
      else if (event.key === "h" && isCircle) hide(chosen);
      else if (letter) choose(letter);
      else return false;
      return true;
    }
    root.addEventListener("keydown", (event) => {
      event.stopPropagation();  // JupyterLab would take letters for its own commands
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target === drawn && drawnKey(event)) { event.preventDefault(); return; }
      if (event.key === "p" && event.target.tagName !== "SELECT") { event.preventDefault(); projector.click(); }
    });

    // --- the controls: made anew when there are other arrows or variables, so that a slider keeps the focus

    let made = "";
    const sliders = {}, boxes = {};
    function controls() {
      const names = namesOf(graph), now = JSON.stringify([names, Object.keys(graph.strengths)]);
      if (now !== made) {
        made = now;
        for (const kept of [sliders, boxes]) for (const name of Object.keys(kept)) delete kept[name];
        const focused = root.contains(document.activeElement) && tools.contains(document.activeElement) && document.activeElement.dataset.stays;
        arrowBox.replaceChildren(...Object.keys(graph.strengths).map((arrow) => {
          const words = arrow.replace("->", " → ");
          const slider = make("input", { type: "range", min: -STRONGEST, max: STRONGEST, step: 0.1, "aria-label": `strength of ${words}`, oninput: () => strength(arrow, Number(slider.value)), onfocus: () => choose(arrow) });
          const value = make("output"), row = make("div", { class: "arrow" }, make("span", {}, words), slider, value, button("×", `Take out ${words}`, () => { remove(arrow); drawn.focus({ preventScroll: true }); }, { "aria-label": `take out ${words}` }));
          sliders[arrow] = { slider, value, row };
          return row;
        }));
        variableBox.replaceChildren(...names.filter((name) => name !== "T" && name !== "Y").map((name) => {
          const given = make("input", { type: "checkbox", "aria-label": `adjust for ${name}`, onchange: () => adjust(name) }), hidden = make("input", { type: "checkbox", "aria-label": `hide ${name}`, onchange: () => hide(name) });
          const row = make("div", { class: "variable" }, make("b", {}, name), make("label", {}, given, "adjust for"), make("label", {}, hidden, "hidden"),
            button("×", `Take out ${name}`, () => { remove(name); drawn.focus({ preventScroll: true }); }, { "aria-label": `take out ${name}` }));
          boxes[name] = { given, hidden, row };
          return row;
        }));
        for (const [select, first] of [[cause, "T"], [effect, "Y"]]) {
          const before = select.value || first;
          select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
          select.value = names.includes(before) ? before : first;
        }
        if (focused) drawn.focus({ preventScroll: true });
      }
      for (const [arrow, { slider, value, row }] of Object.entries(sliders)) {
        if (Number(slider.value) !== graph.strengths[arrow]) slider.value = graph.strengths[arrow];
        value.textContent = one(graph.strengths[arrow]); row.classList.toggle("chosen", arrow === chosen);
      }
      for (const [name, { given, hidden, row }] of Object.entries(boxes)) {
        given.checked = graph.given.includes(name); hidden.checked = graph.hidden.includes(name);
        given.disabled = hidden.checked; row.classList.toggle("chosen", name === chosen);
      }
      more.disabled = names.length >= MOST;
      menu.value = Object.keys(presets).find((name) => parts(presets[name].graph) === parts(graph)) || "";
    }

    function paint() {
      dirty = false;
      lastRoom = root.clientWidth;
      if (!lastRoom) return;  // hidden for the moment
      const begin = performance.now(), room = Math.max(lastRoom - 16, 300), names = namesOf(graph);
      root.classList.toggle("big", big); projector.setAttribute("aria-pressed", String(big));
      const beside = room >= (big ? 1000 : 800) ? (big ? 320 : 262) : 0, width = Math.floor(Math.min((room - beside - 12) / 2, big ? 560 : 390)) - 2;
      size = { width, height: Math.round(Math.min(0.62 * width, big ? 300 : 210)), radius: big ? 24 : width < 260 ? 14 : 17 };
      drawGraph(sharp(drawn, size.width, size.height), size.width, size.height, graph, { ...size, chosen, drag: drag && drag.moved ? drag : null });
      drawGraph(sharp(after, size.width, size.height), size.width, size.height, graph, { ...size, cut: true });
      const found = slopes(graph), t = names.indexOf("T"), y = names.indexOf("Y"), { cov } = found;
      const table = rows(graph, noise, cov, false), set = rows(graph, noise, cov, true);
      const given = graph.given.map((name) => names.indexOf(name)), near = given.length ? table.map((row) => given.every((j) => Math.abs(row[j]) < 0.3 * Math.sqrt(cov[j][j]))) : null;
      const most = (list, j) => list.reduce((high, row) => Math.max(high, Math.abs(row[j])), 0);
      const xs = nice(Math.max(most(table, t), most(set, t))), ys = nice(Math.max(most(table, y), most(set, y))), height = Math.round(Math.min(0.75 * width, big ? 330 : 250));
      const lineOf = (slope, colour, dash) => ({ slope, colour, dash }), truth = lineOf(found.done, DONE, [3, 3]);
      drawCloud(seenCloud, width, height, big, { t: table.map((row) => row[t]), y: table.map((row) => row[y]), near, xs, ys, label: "T, as it came about",
        lines: [lineOf(found.seen, SEEN, []), ...(given.length ? [lineOf(found.adjusted, SAME, [9, 4])] : []), truth] });
      drawCloud(doneCloud, width, height, big, { t: set.map((row) => row[t]), y: set.map((row) => row[y]), near: null, xs, ys, label: "T, as it was set", lines: [truth] });
      seen.value.textContent = two(found.seen); done.value.textContent = two(found.done); same.value.textContent = two(found.adjusted);
      same.words.textContent = `adjusted for ${and(graph.given)}`; same.row.style.visibility = given.length ? "" : "hidden";
      for (const node of [drawn, after, seenCloud, doneCloud]) node.parentElement.style.width = `${width + 2}px`;
      const words = explain(graph); if (why.textContent !== words) why.textContent = words;
      controls();
      root.dataset.painted = Number(root.dataset.painted || 0) + 1; root.dataset.paintMs = (performance.now() - begin).toFixed(2);
    }
    function refresh() { if (!dirty) { dirty = true; requestAnimationFrame(paint); } }
    const resized = new ResizeObserver(() => { if (root.clientWidth !== lastRoom) refresh(); });
    resized.observe(root); refresh();
    return {
      follow(next) { if (JSON.stringify(next) !== JSON.stringify(graph)) { graph = JSON.parse(JSON.stringify(next)); drag = null; if (chosen && !(chosen in graph.places) && !(chosen in graph.strengths)) chosen = null; refresh(); } },
      shake(next) { noise = next; refresh(); },
      say, stop() { resized.disconnect(); },
    };
  }

  // --- live, in a notebook

  function render(model, el) {
    const root = make("div", { class: "gan-edu-live" }); el.append(root);
    let gone = false;
    const tell = (graph) => { if (gone) return; model.set("graph", graph); model.save_changes(); };
    const api = shell(root, { graph: model.get("graph"), noise: model.get("noise"), presets: model.get("presets"), tell });
    const onGraph = () => api.follow(model.get("graph")), onNoise = () => api.shake(model.get("noise")), onText = () => api.say(model.get("message"));
    model.on("change:graph", onGraph); model.on("change:noise", onNoise); model.on("change:message", onText); onText();
    model.send({ kind: "ready" });
    const unwatch = ganEdu.whenKernelStops(el, () => { gone = true; api.say("The kernel has stopped. You can go on here, but Python no longer hears of it."); });
    return () => { unwatch(); api.stop(); model.off("change:graph", onGraph); model.off("change:noise", onNoise); model.off("change:message", onText); };
  }

  // --- without a kernel

  const play = (root, content) => ganEdu.whenSeen(root, () => { shell(root, { ...content, tell: () => {} }); root.classList.add("gan-edu-drawn"); });

  return { render, play, slopes, explain, loop };
})();
