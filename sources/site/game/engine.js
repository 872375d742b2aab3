// A GAN of the plane that trains in the reader's browser: random numbers, data, nets, losses, one step, and what it
// looks like. The same game as gan_edu's (tests/browser/test_game.py compares them step by step); nothing here knows of
// a page. All in one function, so that the page can hand its text to a worker.
const ganEngine = () => {
  // --- random numbers: xoshiro128** (Blackman & Vigna 2018), its state filled by splitmix32

  class Random {
    constructor(seed, stream = 0) {
      let x = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
      this.state = Uint32Array.from({ length: 4 }, () => {
        x = (x + 0x9e3779b9) >>> 0;
        let z = x;
        z = Math.imul(z ^ (z >>> 16), 0x21f0aaad); z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
        return (z ^ (z >>> 15)) >>> 0;
      });
      this.spare = null;
    }
    copy() { const other = new Random(0); other.state.set(this.state); other.spare = this.spare; return other; }
    whole() {
      const s = this.state, turn = (x, by) => (x << by) | (x >>> (32 - by)), next = Math.imul(turn(Math.imul(s[1], 5), 7), 9) >>> 0;
      const t = s[1] << 9;
      s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = turn(s[3], 11);
      return next;
    }
    uniform() { return (this.whole() + 0.5) / 4294967296; }  // between 0 and 1, never one of them
    normal() {  // Box and Muller
      if (this.spare !== null) { const kept = this.spare; this.spare = null; return kept; }
      const r = Math.sqrt(-2 * Math.log(this.uniform())), angle = 2 * Math.PI * this.uniform();
      this.spare = r * Math.sin(angle);
      return r * Math.cos(angle);
    }
    uniforms(n) { return Float64Array.from({ length: n }, () => this.uniform()); }
    normals(n) { return Float64Array.from({ length: n }, () => this.normal()); }
  }

  // --- data, as in gan_edu.data.toy: strokes blurred by a Gaussian (one of length 0 is a dot), or filled boxes

  // Abramowitz & Stegun 1964, 7.1.26: off by 1.5e-7 at most
  const erf = (x) => {
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return Math.sign(x) * (1 - tail * Math.exp(-x * x));
  };
  const below = (x) => 0.5 * (1 + erf(x * Math.SQRT1_2));  // the normal distribution function

  class Plane {
    // parts: [[x0, y0, x1, y1], …], ends of strokes or corners of boxes. width: of the brush; 0 for boxes.
    constructor(parts, width, modes = false) {
      this.parts = parts; this.width = width;
      const size = ([a, b, c, d]) => width === 0 ? (c - a) * (d - b) : Math.hypot(c - a, d - b) || width * Math.sqrt(2 * Math.PI);
      const sizes = parts.map(size), all = sizes.reduce((a, b) => a + b);
      let sum = 0;
      this.weights = sizes.map((one) => one / all);
      this.upTo = this.weights.map((one) => (sum += one));
      const reach = Math.max(...parts.flat().map(Math.abs));
      this.extent = reach + Math.max(0.25 * reach, 5 * width);
      this.modes = modes ? parts.map(([x, y]) => [x, y]) : null;
    }
    sample(n, random) {
      const points = new Float64Array(2 * n), last = this.parts.length - 1;
      for (let k = 0; k < n; k++) {
        const u = random.uniform();
        let part = 0;
        while (part < last && this.upTo[part] <= u) part++;
        const [a, b, c, d] = this.parts[part], along = random.uniform(), across = this.width === 0 ? random.uniform() : along;
        points[2 * k] = a + along * (c - a) + (this.width && this.width * random.normal());
        points[2 * k + 1] = b + across * (d - b) + (this.width && this.width * random.normal());
      }
      return points;
    }
    density(x, y) {
      const w = this.width;
      return this.parts.reduce((sum, [a, b, c, d], k) => {
        if (w === 0) return sum + (x >= a && x <= c && y >= b && y <= d ? this.weights[k] / ((c - a) * (d - b)) : 0);
        const length = Math.hypot(c - a, d - b), [ex, ey] = length ? [(c - a) / length, (d - b) / length] : [1, 0];
        const t = ((x - a) * ex + (y - b) * ey) / w, s = ((x - a) * ey - (y - b) * ex) / w;
        const bell = (v) => Math.exp(-0.5 * v * v) / Math.sqrt(2 * Math.PI);
        const lengthwise = length ? (below(t) - below(t - length / w)) / (length / w) : bell(t);
        return sum + this.weights[k] * lengthwise * bell(s) / (w * w);
      }, 0);
    }
  }

  const pieces = (points) => points.slice(1).map((point, i) => [...points[i], ...point]);
  const count = (n, of) => Array.from({ length: n }, (_, i) => of(i));
  const moon = (sign) => count(33, (i) => Math.PI * i / 32).map((a) => [sign * 1.5 * (Math.cos(a) - 0.5), sign * 1.5 * (Math.sin(a) - 0.25)]);
  const DATA = {
    ring: () => new Plane(count(8, (i) => Math.PI * i / 4).map((a) => [2 * Math.cos(a), 2 * Math.sin(a)]).map((m) => [...m, ...m]), 0.1, true),
    grid: () => new Plane(count(25, (i) => [Math.floor(i / 5) - 2, i % 5 - 2]).map((m) => [...m, ...m]), 0.05, true),
    two_moons: () => new Plane([1, -1].flatMap((sign) => pieces(moon(sign))), 0.1),
    spiral: () => new Plane(pieces(count(129, (i) => i / 128).map((s) => [2.25 * s * Math.cos(4 * Math.PI * s), 2.25 * s * Math.sin(4 * Math.PI * s)])), 0.06),
    line: () => new Plane([[-Math.sqrt(3), -1, Math.sqrt(3), 1]], 0.1),
    checkerboard: () => new Plane(count(16, (i) => [Math.floor(i / 4), i % 4]).filter(([i, j]) => (i + j) % 2 === 0).map(([i, j]) => [i - 2, j - 2, i - 1, j - 1]), 0),
    disjoint: () => new Plane([[-1, -2, -0.5, 2], [0.5, -2, 1, 2]], 0),
  };
  // what a person has drawn: lines of points, where those too near to the one before are left out
  function drawn(strokes, width) {
    const parts = strokes.flatMap((stroke) => {
      const kept = stroke.filter((_, i) => i === 0);
      for (const point of stroke) if (Math.hypot(point[0] - kept.at(-1)[0], point[1] - kept.at(-1)[1]) > 0.01 * width) kept.push(point);
      return kept.length > 1 ? pieces(kept) : kept.map((dot) => [...dot, ...dot]);
    });
    return new Plane(parts, width);
  }

  // --- nets: tanh between linear layers; weights, gradient and Adam's averages each in one array, in PyTorch's order

  class Net {
    constructor(sizes) {
      this.sizes = sizes; this.step = 0; this.norm = null;
      const size = sizes.slice(1).reduce((sum, outputs, l) => sum + outputs * (sizes[l] + 1), 0);
      [this.weights, this.gradient, this.first, this.second] = count(4, () => new Float64Array(size));
      this.link();
    }
    link() {
      let at = 0;
      const cut = (array, from, length) => array.subarray(from, from + length);
      this.layers = this.sizes.slice(1).map((outputs, l) => {
        const inputs = this.sizes[l], w = at, b = at + outputs * inputs;
        at = b + outputs;
        return { inputs, outputs, w: cut(this.weights, w, outputs * inputs), b: cut(this.weights, b, outputs),
          dw: cut(this.gradient, w, outputs * inputs), db: cut(this.gradient, b, outputs) };
      });
    }
    begin(random) {  // as PyTorch's linear layers begin
      for (const { inputs, w, b } of this.layers) for (const array of [w, b]) for (let i = 0; i < array.length; i++) array[i] = (2 * random.uniform() - 1) / Math.sqrt(inputs);
      return this;
    }
    copy() {
      const other = new Net(this.sizes);
      for (const name of ["weights", "gradient", "first", "second"]) other[name].set(this[name]);
      other.step = this.step; other.norm = this.norm;
      return other;
    }
    // activations of n samples, layer by layer, the input first; the last are the outputs
    forward(x, n) {
      const acts = [x];
      this.layers.forEach(({ inputs, outputs, w, b }, l) => {
        const from = acts[l], to = new Float64Array(n * outputs), hidden = l < this.layers.length - 1;
        for (let k = 0; k < n; k++) {
          const at = k * inputs, out = k * outputs;
          let o = 0;
          for (; o + 3 < outputs; o += 4) {  // four at once, so that the processor needn't wait for each sum
            const r0 = o * inputs, r1 = r0 + inputs, r2 = r1 + inputs, r3 = r2 + inputs;
            let s0 = b[o], s1 = b[o + 1], s2 = b[o + 2], s3 = b[o + 3];
            for (let i = 0; i < inputs; i++) { const v = from[at + i]; s0 += w[r0 + i] * v; s1 += w[r1 + i] * v; s2 += w[r2 + i] * v; s3 += w[r3 + i] * v; }
            to[out + o] = s0; to[out + o + 1] = s1; to[out + o + 2] = s2; to[out + o + 3] = s3;
          }
          for (; o < outputs; o++) { let s = b[o]; for (let i = 0; i < inputs; i++) s += w[o * inputs + i] * from[at + i]; to[out + o] = s; }
        }
        if (hidden) for (let i = 0; i < to.length; i++) to[i] = Math.tanh(to[i]);
        acts.push(to);
      });
      return acts;
    }
    // adds to the gradient, unless weights are to be left alone; returns the gradient of the input. extra[l]: what else
    // pulls at the activations of layer l.
    backward(acts, d, n, weights = true, extra = []) {
      for (let l = this.layers.length - 1; l >= 0; l--) {
        const { inputs, outputs, w, dw, db } = this.layers[l], x = acts[l], dx = new Float64Array(n * inputs);
        for (let k = 0; k < n; k++) {
          const at = k * inputs, from = k * outputs;
          let o = 0;
          for (; o + 3 < outputs; o += 4) {
            const r0 = o * inputs, r1 = r0 + inputs, r2 = r1 + inputs, r3 = r2 + inputs;
            const g0 = d[from + o], g1 = d[from + o + 1], g2 = d[from + o + 2], g3 = d[from + o + 3];
            for (let i = 0; i < inputs; i++) dx[at + i] += g0 * w[r0 + i] + g1 * w[r1 + i] + g2 * w[r2 + i] + g3 * w[r3 + i];
          }
          for (; o < outputs; o++) { const g = d[from + o]; for (let i = 0; i < inputs; i++) dx[at + i] += g * w[o * inputs + i]; }
        }
        if (weights) for (let o = 0; o < outputs; o++) {
          const row = o * inputs;
          let k = 0;
          for (; k + 3 < n; k += 4) {
            const g0 = d[k * outputs + o], g1 = d[(k + 1) * outputs + o], g2 = d[(k + 2) * outputs + o], g3 = d[(k + 3) * outputs + o];
            const a0 = k * inputs, a1 = a0 + inputs, a2 = a1 + inputs, a3 = a2 + inputs;
            db[o] += g0 + g1 + g2 + g3;
            for (let i = 0; i < inputs; i++) dw[row + i] += g0 * x[a0 + i] + g1 * x[a1 + i] + g2 * x[a2 + i] + g3 * x[a3 + i];
          }
          for (; k < n; k++) { const g = d[k * outputs + o]; db[o] += g; for (let i = 0; i < inputs; i++) dw[row + i] += g * x[k * inputs + i]; }
        }
        if (l > 0) {
          const more = extra[l];
          for (let i = 0; i < dx.length; i++) dx[i] = (dx[i] + (more ? more[i] : 0)) * (1 - x[i] * x[i]);
        }
        d = dx;
      }
      return d;
    }
    // The penalty's value, and its gradient with respect to the weights added. rule(g · g) → [value, slope]: of one
    // sample, and what ∂value/∂g is divided by g. Output: one logit.
    penalise(x, n, rule) {
      const acts = this.forward(x, n), last = this.layers.length - 1, tail = this.layers[last].w;
      const V = [], U = [];  // V[l]: ∂logit/∂activations of layer l; U[l]: the same before its tanh
      V[last] = new Float64Array(n * tail.length);
      for (let k = 0; k < n; k++) V[last].set(tail, k * tail.length);
      for (let l = last; l > 0; l--) {
        const { inputs, outputs, w } = this.layers[l - 1], h = acts[l];
        const u = (U[l] = V[l].map((v, i) => v * (1 - h[i] * h[i]))), v = (V[l - 1] = new Float64Array(n * inputs));
        for (let k = 0; k < n; k++) for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) v[k * inputs + i] += u[k * outputs + o] * w[o * inputs + i];
      }
      // backwards through that way back: P[l] = ∂penalty/∂V[l]
      const G = V[0], size = this.sizes[0], extra = [];
      let value = 0, P = new Float64Array(n * size);
      for (let k = 0; k < n; k++) {
        let square = 0;
        for (let i = 0; i < size; i++) square += G[k * size + i] ** 2;
        const [one, slope] = rule(square);
        value += one / n;
        for (let i = 0; i < size; i++) P[k * size + i] = slope * G[k * size + i] / n;
      }
      for (let l = 1; l <= last; l++) {
        const { inputs, outputs, w, dw } = this.layers[l - 1], h = acts[l], next = new Float64Array(n * outputs), e = (extra[l] = new Float64Array(n * outputs));
        for (let k = 0; k < n; k++) for (let o = 0; o < outputs; o++) {
          const at = k * outputs + o, row = o * inputs, u = U[l][at];
          let p = 0;
          for (let i = 0; i < inputs; i++) { const q = P[k * inputs + i]; p += w[row + i] * q; dw[row + i] += u * q; }
          next[at] = p * (1 - h[at] * h[at]);
          e[at] = -2 * h[at] * p * V[l][at];
        }
        P = next;
      }
      const { dw } = this.layers[last];
      for (let k = 0; k < n; k++) for (let i = 0; i < dw.length; i++) dw[i] += P[k * dw.length + i];
      if (last > 0) this.backward(acts, new Float64Array(n), n, true, extra);
      return value;
    }
    // one step of Adam (Kingma & Ba 2015), and the gradient is 0 again
    update(rate) {
      const { weights, gradient, first, second } = this, step = ++this.step, soon = 0.5, late = 0.999;
      const scale = rate / (1 - soon ** step), root = Math.sqrt(1 - late ** step);
      let sum = 0;
      for (let i = 0; i < weights.length; i++) {
        const g = gradient[i];
        sum += g * g;
        first[i] += (1 - soon) * (g - first[i]);
        second[i] = late * second[i] + (1 - late) * g * g;
        weights[i] -= scale * first[i] / (Math.sqrt(second[i]) / root + 1e-8);
      }
      this.norm = Math.sqrt(sum);
      gradient.fill(0);
    }
  }

  // --- losses: of logits, one for each sample, to [loss, slopes at the logits]

  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const sigmoid = (x) => x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  // mean of f, and slopes of the mean
  const mean = (logits, f, slope) => [logits.reduce((sum, x) => sum + f(x), 0) / logits.length, logits.map((x) => slope(x) / logits.length)];
  const both = ([a, da], [b, db]) => ({ loss: a + b, real: da, fake: db });
  const one = ([loss, fake]) => ({ loss, fake });
  const crossEntropy = (real, fake) => both(mean(real, (x) => softplus(-x), (x) => -sigmoid(-x)), mean(fake, softplus, sigmoid));
  const down = (real, fake) => one(mean(fake, (x) => -x, () => -1));
  const LOSSES = {
    minimax: { d: crossEntropy, g: (real, fake) => one(mean(fake, (x) => -softplus(x), (x) => -sigmoid(x))) },
    non_saturating: { d: crossEntropy, g: (real, fake) => one(mean(fake, (x) => softplus(-x), (x) => -sigmoid(-x))) },
    hinge: { d: (real, fake) => both(mean(real, (x) => Math.max(1 - x, 0), (x) => (x < 1 ? -1 : 0)), mean(fake, (x) => Math.max(1 + x, 0), (x) => (x > -1 ? 1 : 0))), g: down },
    wasserstein: { d: (real, fake) => both(mean(real, (x) => -x, () => -1), mean(fake, (x) => x, () => 1)), g: down },
    relativistic: {
      d: (real, fake) => { const [loss, slope] = mean(real.map((x, i) => fake[i] - x), softplus, sigmoid); return { loss, real: slope.map((s) => -s), fake: slope }; },
      g: (real, fake) => one(mean(fake.map((x, i) => real[i] - x), softplus, sigmoid).map((v) => (typeof v === "number" ? v : v.map((s) => -s)))),
    },
  };
  const zero = (weight) => (square) => [weight / 2 * square, weight];
  const unit = (weight) => (square) => { const length = Math.sqrt(square + 1e-12); return [weight * (length - 1) ** 2, 2 * weight * (length - 1) / length]; };
  const PENALTIES = { none: [], r1: [["real", zero]], r2: [["fake", zero]], "r1 + r2": [["real", zero], ["fake", zero]],
    "gradient penalty": [["between", unit]], "zero-centred": [["between", zero]] };

  // --- the game

  const DEFAULTS = { data: "ring", loss: "non_saturating", penalty: "none", penalty_weight: 1, lr_g: 1e-3, lr_d: 1e-3,
    discriminator_steps: 1, hidden: 32, layers: 2, seed: 0 };
  const ON_THE_WAY = ["loss", "penalty", "penalty_weight", "lr_g", "lr_d", "discriminator_steps"];  // others begin anew
  const BATCH = 128, POINTS = 500, JUDGED = 1000, R = 50;

  class Game {
    // settings: see DEFAULTS. plane: a Plane.
    constructor(settings, plane) {
      this.settings = settings; this.plane = plane; this.number = 0; this.values = {};
      const { hidden, layers, seed } = settings, middle = count(layers, () => hidden), random = new Random(seed, 0);
      this.G = new Net([2, ...middle, 2]).begin(random);
      this.D = new Net([2, ...middle, 1]).begin(random);
      this.draws = { data: new Random(seed, 1), noise: new Random(seed, 2), between: new Random(seed, 3) };
    }
    copy(settings = this.settings) {
      const other = Object.create(Game.prototype), draws = {};
      for (const name in this.draws) draws[name] = this.draws[name].copy();
      return Object.assign(other, this, { settings, values: { ...this.values }, G: this.G.copy(), D: this.D.copy(), draws, made: null, shown: null });
    }
    real(n) { return this.plane.sample(n, this.draws.data); }
    noise(n) { return this.draws.noise.normals(2 * n); }
    between(n) { return this.draws.between.uniforms(n); }
    discriminatorHalf() {
      const { loss, penalty, penalty_weight, lr_d, discriminator_steps } = this.settings, { D, G } = this;
      this.number++; this.values = {};
      for (let i = 0; i < discriminator_steps; i++) {
        const real = this.real(BATCH), made = (this.made = G.forward(this.noise(BATCH), BATCH)), fake = made.at(-1), x = new Float64Array(4 * BATCH);
        x.set(real); x.set(fake, 2 * BATCH);
        const acts = D.forward(x, 2 * BATCH), logits = acts.at(-1);
        const of = LOSSES[loss].d(logits.subarray(0, BATCH), logits.subarray(BATCH)), slopes = new Float64Array(2 * BATCH);
        slopes.set(of.real); slopes.set(of.fake, BATCH);
        D.backward(acts, slopes, 2 * BATCH);
        for (const [where, rule] of PENALTIES[penalty]) {
          const t = where === "between" ? this.between(BATCH) : null;
          const at = { real, fake }[where] ?? real.map((v, k) => v + t[k >> 1] * (fake[k] - v));
          D.penalise(at, BATCH, rule(penalty_weight));
        }
        D.update(lr_d);
        this.shown = real; this.values.loss_d = of.loss;
      }
    }
    generatorHalf() {
      const { loss, lr_g } = this.settings, { D, G } = this;
      const made = this.made, acts = D.forward(made.at(-1), BATCH);
      const of = LOSSES[loss].g(loss === "relativistic" ? D.forward(this.shown, BATCH).at(-1) : null, acts.at(-1));
      G.backward(made, D.backward(acts, of.fake, BATCH, false), BATCH);
      G.update(lr_g);
      this.values.loss_g = of.loss;
    }
    step(player = "both") {
      if (player === "generator") {
        this.number++; this.values = {};
        this.shown = this.real(BATCH); this.made = this.G.forward(this.noise(BATCH), BATCH);
      } else this.discriminatorHalf();
      if (player !== "discriminator") this.generatorHalf();
    }
    get finite() { return Number.isFinite(this.values.loss_d ?? 0) && Number.isFinite(this.values.loss_g ?? 0) && [this.G, this.D].every((net) => net.weights.every(Number.isFinite)); }

    // --- what it looks like: as gan_edu.plane_look, with a coarser surface
    get about() { return { extent: this.plane.extent, ...(this.plane.modes ? { modes: this.plane.modes.length } : {}) }; }
    pack(points) { return Int16Array.from(points, (v) => Math.max(-32767, Math.min(32767, Math.round(v / (2 * this.plane.extent) * 32767)))); }
    get fixed() {
      const { plane } = this, e = plane.extent, tick = (i) => (i + 0.5) / 50 * 2 * e - e;
      // a long drawing's takes a second: once is enough
      plane.densities ??= Float32Array.from({ length: 2500 }, (_, i) => plane.density(tick(i % 50), tick(Math.floor(i / 50))));
      return { real: shaped(this.pack(plane.sample(POINTS, new Random(this.settings.seed, 4))), POINTS, 2), density: shaped(plane.densities, 50, 50) };
    }
    look() {
      const { D, G, plane } = this, e = plane.extent;
      const grid = Float64Array.from({ length: 2 * R * R }, (_, i) => ((i % 2 ? Math.floor((i >> 1) / R) : (i >> 1) % R) + 0.5) / R * 2 * e - e);
      const surface = Uint8Array.from(D.forward(grid, R * R).at(-1), (v) => Math.round(255 * sigmoid(v)));
      const made = G.forward(new Random(this.settings.seed, 5).normals(2 * JUDGED), JUDGED).at(-1), fake = made.slice(0, 2 * POINTS);
      const real = plane.sample(POINTS, new Random(this.settings.seed, 4)), ofReal = D.forward(real, POINTS).at(-1);
      const acts = D.forward(fake, POINTS), of = LOSSES[this.settings.loss].g(ofReal, acts.at(-1));
      const pull = D.backward(acts, of.fake, POINTS, false).map((v) => -v * POINTS), lengths = count(POINTS, (k) => Math.hypot(pull[2 * k], pull[2 * k + 1]));
      const longest = Math.max(...lengths, 1e-12), share = (logits, right) => logits.reduce((sum, v) => sum + right(v), 0) / logits.length;
      const corners = Float64Array.from({ length: 882 }, (_, i) => ((i % 2 ? Math.floor((i >> 1) / 21) : (i >> 1) % 21) - 10) / 5);
      const values = { ...this.values, accuracy: 0.5 * (share(ofReal, (v) => v > 0) + share(acts.at(-1), (v) => v < 0)), pull: share(lengths, (v) => v) };
      for (const [name, net] of [["grad_d", D], ["grad_g", G]]) if (net.norm !== null) values[name] = net.norm;
      if (plane.modes) Object.assign(values, this.coverage(made));
      return { step: this.number, values, arrays: { surface: shaped(surface, R, R), fake: shaped(this.pack(fake), POINTS, 2),
        pull: shaped(Int8Array.from(pull, (v) => Math.round(v / longest * 127)), POINTS, 2), warp: shaped(this.pack(G.forward(corners, 441).at(-1)), 441, 2) } };
    }
    coverage(made) {  // as gan_edu.metrics.mode_coverage: within three standard deviations of the nearest mode
      const { modes, width } = this.plane, found = new Set();
      let good = 0;
      for (let k = 0; k < made.length; k += 2) {
        let nearest = -1, least = Infinity;
        modes.forEach(([x, y], m) => { const d = Math.hypot(made[k] - x, made[k + 1] - y); if (d < least) { least = d; nearest = m; } });
        if (least <= 3 * width) { good++; found.add(nearest); }
      }
      return { modes: found.size, high_quality: good / (made.length / 2) };
    }
  }
  const shaped = (array, ...shape) => Object.assign(array, { shape });

  return { Random, Plane, Net, Game, DATA, LOSSES, PENALTIES, DEFAULTS, ON_THE_WAY, drawn, count };
};
