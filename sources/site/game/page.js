// The game in a page: controls, the widgets' own view (gan_edu/widgets/static), and a worker that trains.
const ganGame = (root) => {
  const { make } = ganEdu, { DEFAULTS, DATA, LOSSES, PENALTIES } = ganEngine();
  const setup = { kind: "surface", name: "A GAN that trains in this page", speeds: ["1 step a second", "10 a second", "50 a second", "as fast as it goes"],
    code: ["real = data.sample(batch)", "fake = generator(noise)", "loss_d = loss.discriminator(D(real), D(fake))", "optimizer_d.step()", "loss_g = loss.generator(D(fake))", "optimizer_g.step()"] };
  const CONTROLS = [
    ["data", "data", "What the generator imitates. “Draw data” below takes your own", Object.keys(DATA)],
    ["loss", "loss", "What both players minimise", Object.keys(LOSSES)],
    ["penalty", "penalty", "On the discriminator's gradient", Object.keys(PENALTIES)],
    ["penalty_weight", "weight", "Of the penalty"],
    ["lr_g", "lr of G", "The generator's learning rate"],
    ["lr_d", "lr of D", "The discriminator's learning rate"],
    ["discriminator_steps", "D steps", "Steps of the discriminator for each of the generator"],
    ["layers", "layers", "Hidden layers in each net", ["0", "1", "2", "3", "4", "5"]],
    ["hidden", "units", "Units in each hidden layer", ["4", "8", "16", "32", "64", "128"]],
    ["seed", "seed", "Of weights, data and noise"],
  ];

  const sorry = "This browser can't train here. The course itself runs in JupyterLab.";
  const source = `(${ganSession})((${ganEngine})()).serve(self);`;
  let worker;
  try { worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" }))); } catch { root.textContent = sorry; return; }
  const state = { playing: false, message: "", setup }, heard = {};
  const BY_KEY = ["step", "reset", "new_seed"];
  let unanswered = null;  // of these, so that a key held down makes no queue when steps are slow
  const model = {
    get: (name) => state[name],
    send: (content) => {
      if (BY_KEY.includes(content.kind)) { if (content.kind === unanswered) return; unanswered = content.kind; }
      worker.postMessage(content);
    },
    on: (what, call) => (heard[what] = call),
    off: (what) => delete heard[what],
  };

  const inputs = {}, labels = {};
  const row = make("div", { class: "row game", role: "group", "aria-label": "Settings" });
  for (const [name, label, title, choices] of CONTROLS) {
    const number = !choices || !isNaN(choices[0]);
    const change = () => model.send({ kind: "choose", name, value: number ? (inputs[name].value === "" ? NaN : Number(inputs[name].value)) : inputs[name].value });
    inputs[name] = choices ? make("select", { onchange: change, "aria-label": label }, ...choices.map((one) => make("option", { value: one }, one.replaceAll("_", " "))))
      : make("input", { onchange: change, "aria-label": label, inputmode: "decimal", size: 6, autocomplete: "off" });
    row.append((labels[name] = make("label", { title }, label, inputs[name])));
  }
  function follow(settings) {
    for (const name in inputs) {
      if (name === "data" && settings.data === "drawn" && inputs.data.options.length === Object.keys(DATA).length) inputs.data.append(make("option", { value: "drawn" }, "your drawing"));
      inputs[name].value = settings[name];
    }
    labels.penalty_weight.style.display = settings.penalty === "none" ? "none" : "";
  }
  follow(DEFAULTS);

  worker.onmessage = ({ data }) => {
    if (data.settings || data.content?.kind === "frame") unanswered = null;
    if (data.settings) follow(data.settings);
    else if (data.name) { state[data.name] = data.value; heard[`change:${data.name}`]?.(); }
    else {
      heard["msg:custom"]?.(data.content, data.buffers);
      // one frame at a time: the next is made when this one is on the screen
      if (data.content.kind === "frame") requestAnimationFrame(() => model.send({ kind: "painted" }));
    }
  };
  worker.onerror = () => {
    Object.assign(state, { message: sorry, playing: false });
    heard["change:message"]?.(); heard["change:playing"]?.();
  };
  // nobody sees a hidden page: it needn't train
  let waiting = false;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { waiting = state.playing; if (waiting) model.send({ kind: "pause" }); } else if (waiting) model.send({ kind: "play" });
  });

  root.replaceChildren();
  ganEdu.render(model, root, PAINTER);
  root.querySelector(".gan-edu-live").prepend(row);
};
for (const root of document.querySelectorAll("#gan-game")) ganGame(root);
