// What stands behind the view: runs with their past, and a loop that trains them. It answers the messages that the
// widgets' view sends (gan_edu/widgets/base.py lists them), and runs in a worker, so that the page stays free.
const ganSession = (engine) => {
  const { Game, DATA, LOSSES, PENALTIES, DEFAULTS, ON_THE_WAY, drawn, count } = engine;
  const LIMIT = 300, STATES = 40;  // frames and snapshots of a run
  const RESTS = { "1 step a second": 1000, "10 a second": 100, "50 a second": 20, "as fast as it goes": 0 };
  const NUMBERS = { penalty_weight: [0, 1e6], lr_g: [1e-7, 1], lr_d: [1e-7, 1], discriminator_steps: [1, 20, true], hidden: [1, 128, true], layers: [0, 5, true], seed: [0, 2 ** 31, true] };
  const CHOICES = { data: [...Object.keys(DATA), "drawn"], loss: Object.keys(LOSSES), penalty: Object.keys(PENALTIES) };
  const WORDS = { penalty_weight: "The weight of a penalty", lr_g: "The generator's learning rate", lr_d: "The discriminator's learning rate",
    discriminator_steps: "The steps of D", hidden: "The units of a layer", layers: "The hidden layers", seed: "The seed" };

  // settings with one of them changed; throws a sentence
  function changed(settings, name, value) {
    if (CHOICES[name]) { if (!CHOICES[name].includes(value)) throw new RangeError(`There is no ${name} ${value}.`); }
    else {
      const [low, high, whole] = NUMBERS[name];
      if (typeof value !== "number" || !(value >= low && value <= high) || (whole && !Number.isInteger(value))) throw new RangeError(`${WORDS[name]} must be a ${whole ? "whole " : ""}number from ${low} to ${high}.`);
    }
    return { ...settings, [name]: value };
  }

  // One game with its past: frames to look back at, and snapshots to train again from.
  class Run {
    constructor(game) { this.game = game; this.frames = []; this.gap = 0; this.stride = 200; this.snapshots = [{ game: game.copy(), start: true }]; this.alone = new Map(); }
    step(player = "both") {
      this.game.step(player);
      this.keep(player);
    }
    keep(player = "both") {
      const { number } = this.game;
      if (player !== "both") this.alone.set(number, player);
      if (number % this.stride) return;
      this.snapshots.push({ game: this.game.copy() });
      if (this.snapshots.filter(({ start }) => !start).length > STATES) { this.stride *= 2; this.snapshots = this.snapshots.filter(({ game, start }) => start || game.number % this.stride === 0); }
    }
    change(settings) {
      this.game.settings = settings;
      this.snapshots = [...this.snapshots.filter(({ game }) => game.number < this.game.number), { game: this.game.copy(), start: true }];
    }
    // the game as it was, trained again from the last snapshot before
    rewind(step) {
      const game = this.snapshots.findLast(({ game }) => game.number <= step).game.copy();
      while (game.number < step) game.step(this.alone.get(game.number + 1));
      return game;
    }
    // goes on from an earlier step, and forgets what came after it
    back(step) {
      this.game = this.rewind(step);
      this.frames = this.frames.filter((frame) => frame.step <= step);
      this.snapshots = this.snapshots.filter(({ game }) => game.number <= step);
      for (const number of [...this.alone.keys()]) if (number > step) this.alone.delete(number);
    }
    branch(step, settings) {
      const other = new Run(this.rewind(step).copy(settings));
      Object.assign(other, { gap: this.gap, stride: this.stride, frames: this.frames.filter((frame) => frame.step <= step) });
      other.snapshots.unshift(...this.snapshots.filter(({ game }) => game.number < step));
      for (const [number, player] of this.alone) if (number <= step) other.alone.set(number, player);
      other.capture();
      return other;
    }
    // adds a frame; when there are too many, every second one goes, and those to come stand twice as far apart. Returns
    // the steps that had to go (gan_edu.recording.Recording does the same).
    capture() {
      const frame = this.game.look(), gone = [], { frames } = this;
      if (frames.at(-1)?.step === frame.step) { frames[frames.length - 1] = frame; return gone; }
      if (frames.length > 1 && frames.at(-1).step - frames.at(-2).step < this.gap) gone.push(frames.pop().step);
      frames.push(frame);
      if (frames.length > LIMIT) {
        this.gap = Math.max(2 * this.gap, Math.ceil(2 * frame.step / LIMIT));
        const kept = [frames[0]];
        for (const old of frames.slice(1, -1)) old.step - kept.at(-1).step >= this.gap ? kept.push(old) : gone.push(old.step);
        this.frames = [...kept, frame];
      }
      return gone;
    }
  }

  // What slow motion says before each part of a step; line: of the code shown.
  function* slowly(games) {
    yield { line: 0, shows: "real", says: "128 points of the real data are drawn." };
    yield { line: 1, shows: "fake", says: "The generator turns noise into as many points." };
    yield { line: 2, shows: "fake", says: "The discriminator judges both: a number that says how wrong it is." };
    games.forEach((game) => game.discriminatorHalf());
    yield { line: 3, says: "Its weights move: the background has changed." };
    yield { line: 4, shows: "pull", says: "The new discriminator tells each generated point where to go." };
    games.forEach((game) => game.generatorHalf());
    yield { line: 5, shows: "fake", says: "The generator's weights move, and with them all its points." };
  }

  // post(message): { content, buffers } for the view, { settings } for the controls, { name, value } for what it shows.
  class Session {
    constructor(post, clock = () => performance.now()) {
      Object.assign(this, { post, clock, settings: { ...DEFAULTS }, left: null, drawing: null, rest: 0, slow: false, playing: false, phases: null, due: 0, seen: true });
      this.begin();
    }
    plane(settings) { return settings.data === "drawn" ? this.drawing : DATA[settings.data](); }
    begin(settings = this.settings) {
      const run = new Run(new Game(settings, this.plane(settings)));
      run.capture();
      Object.assign(this, { runs: [run], settings, left: null, phases: null });
      this.showAll();
    }
    say(text) { this.post({ name: "message", value: text }); }
    play(on) { this.playing = on; this.post({ name: "playing", value: on }); }

    // --- the view
    send(content, arrays = {}) {
      const heads = Object.entries(arrays).map(([name, array]) => ({ name, dtype: array.constructor.name.replace("Array", "").toLowerCase(), shape: array.shape }));
      this.post({ content: { ...content, arrays: heads }, buffers: Object.values(arrays) });
    }
    push(i, frame, more = {}) { this.send({ kind: "frame", run: i, step: frame.step, values: frame.values, ...more }, frame.arrays); }
    steps(i) { this.send({ kind: "steps", run: i, steps: this.runs[i].frames.map((frame) => frame.step) }); }
    showAll() {
      this.post({ settings: this.settings });  // before the first picture: whoever sees it may type
      this.send({ kind: "runs", count: this.runs.length, names: this.runs.length > 1 ? ["as before", "what if"] : [""] });
      this.runs.forEach((run, i) => {
        this.send({ kind: "fixed", run: i, about: run.game.about }, run.game.fixed);
        this.push(i, run.frames.at(-1)); this.steps(i);
      });
    }
    show(phase) {
      const begin = this.clock();
      this.runs.forEach((run, i) => {
        const gone = run.capture();
        this.push(i, run.frames.at(-1), { ...(phase ? { phase } : {}), ...(gone.length === 1 ? { gone } : {}) });
        if (gone.length > 1) this.steps(i);
      });
      this.seen = false;  // until the page says that it has drawn
      this.due = this.clock() + Math.max(50, 5 * (this.clock() - begin));  // a sixth of the time is for looking
    }

    // --- training
    train(player) {
      for (const run of this.runs) run.step(player);
      this.check();
    }
    check() {
      const lost = this.runs.find((run) => !run.game.finite);
      if (!lost) return;
      this.play(false);
      this.phases = null;
      const { number } = lost.game;
      this.runs.forEach((run) => run.back(number - 1));
      this.show();
      this.runs.forEach((_, i) => this.steps(i));
      this.say(`Training has diverged: in step ${number} a number became infinite. Take a smaller learning rate or another loss, or Reset.`);
    }
    // works for some milliseconds; returns how many to rest, or null when there is nothing to do
    work(milliseconds = 12) {
      if (!this.playing) return null;
      if (this.slow || this.phases) {
        this.phases ??= slowly(this.runs.map((run) => run.game));
        const { value, done } = this.phases.next();
        if (!done) { this.check(); if (this.playing) this.show(value); return this.playing ? 1000 : null; }
        this.phases = null;
        this.runs.forEach((run) => run.keep());
        return 0;
      }
      const end = this.clock() + milliseconds;
      do this.train("both"); while (this.playing && !this.rest && this.clock() < end);
      if (this.playing && this.seen && (this.rest || this.clock() > this.due)) this.show();
      return this.playing ? this.rest : null;
    }

    // --- what people do; throws a sentence
    hear({ kind, ...what }) {
      const halfway = this.phases && !["slow", "speed", "want", "painted", "play", "pause", "gone"].includes(kind);
      if (halfway) this.finish();
      if (kind === "play") { this.say(""); this.play(true); }
      else if (kind === "pause" || kind === "gone") { if (this.playing) { this.play(false); if (!this.phases) this.show(); } }
      else if (kind === "slow") { this.slow = what.on; if (!this.slow && this.phases) this.finish(); }
      else if (kind === "speed") this.rest = RESTS[what.speed] ?? 0;
      else if (kind === "painted") this.seen = true;
      else if (kind === "want") { for (const frame of this.runs[what.run]?.frames ?? []) if (what.steps.includes(frame.step)) this.push(what.run, frame); }
      else if (kind === "ready") this.showAll();
      else if (kind === "step") { this.play(false); this.say(""); this.train(what.player); this.show(); }
      else if (kind === "reset") { this.play(false); this.say(""); this.begin(); }
      else if (kind === "new_seed") this.choose("seed", this.settings.seed + 1);
      else if (kind === "draw") this.draw(what.strokes);
      else if (kind === "branch") this.branch(what.step);
      else if (kind === "keep") this.keep(what.run);
      else if (kind === "choose") this.choose(what.name, what.value);
    }
    // the rest of a step in slow motion, at once
    finish() {
      for (const _ of this.phases);
      this.phases = null;
      this.runs.forEach((run) => run.keep());
      this.check(); this.show();
    }
    choose(name, value) {
      const settings = changed(this.settings, name, value);
      this.say("");
      if (!ON_THE_WAY.includes(name)) return this.begin(settings);
      this.settings = settings;
      this.runs.at(-1).change(settings);
      this.post({ settings });
    }
    draw(strokes) {
      const e = this.runs[0].game.plane.extent, shown = (point) => point.every((v) => Math.abs(v) <= e);
      const lines = strokes.map((line) => line.filter(shown)).filter((line) => line.length);
      if (!lines.length) throw new RangeError("Nothing is drawn yet: draw a line or a dot on the plane first.");
      this.drawing = Object.assign(drawn(lines, e / 40), { extent: e });  // what was drawn stays where it was drawn
      this.begin({ ...this.settings, data: "drawn" });
    }
    branch(step) {
      const [base] = this.runs, settings = this.left ?? this.settings;
      this.left = this.settings = settings;
      // the view may still show a step of a run that has gone
      const again = base.branch(Math.min(step, base.game.number), settings);
      this.runs = [again, again.branch(again.game.number, settings)];
      this.showAll();
      this.say("Now change a setting: it holds for “what if” alone. Then press Play.");
    }
    keep(run) {
      if (run === 0 && this.left) this.settings = this.left;
      this.left = null;
      this.runs = [this.runs[run] ?? this.runs[0]];
      this.say("");
      this.showAll();
    }
  }

  // in a worker: `scope` is its self
  function serve(scope) {
    const session = new Session((message) => scope.postMessage(message)), turn = new MessageChannel();
    let due = false;  // setTimeout(0) would sleep four milliseconds
    const soon = (rest) => { if (due || rest === null) return; due = true; rest ? setTimeout(next, rest) : turn.port2.postMessage(0); };
    const next = () => { due = false; soon(session.work()); };
    turn.port1.onmessage = next;
    scope.onmessage = ({ data }) => {
      try { session.hear(data); } catch (error) { session.say(error.message); session.post({ settings: session.settings }); }
      if (session.playing) soon(0);
    };
  }

  return { Session, serve };
};
