"""The right programs of the museum, small enough to break, and the tests that find what was broken.

An exhibit's code is run in a copy of this module: what it defines takes the place of what stands here. The mended code
of many exhibits is the text of these functions. A test is a function of a subject (a program, a pair of losses, a feed,
…) and raises an error when something is wrong with it.
"""

import math
from types import FunctionType, SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn

from gan_edu import data, ensemble, nets

bce = F.binary_cross_entropy_with_logits
heaps = data.toy.gaussian_mixture([-2.0, 2.0], std=0.5)

# ---- tests: each with what it is asked of, and what somebody does who doesn't test ----------------------------------

TESTS, SUBJECTS, HABITS = {}, {}, {}
"""Name of a test → the function; → the subject, made of a room (a namespace); → what is done without a test."""


def _test(subject, habit):
    def add(function):
        name = function.__name__
        TESTS[name], SUBJECTS[name], HABITS[name] = function, subject, habit
        return function

    return add


def near(value, wanted):
    value = torch.as_tensor(value)
    return torch.isfinite(value).item() and abs(value.item() - wanted) < 1e-3 * max(1, abs(wanted))


def parts(**names):
    """A subject of several parts: keyword → name in the room."""
    return lambda room: SimpleNamespace(**{key: room[name] for key, name in names.items()})


# ---- does it run? ---------------------------------------------------------------------------------------------------

SCRIPT = """
import torch
from torch import nn

net = nn.Linear(2, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
history = []

def train(steps):
    for _ in range(steps):
        loss = net(torch.ones(4, 2)).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        history.append(loss.item())

def report():
    return sum(history) / len(history)

train(2)
"""


def run_fresh(text):
    """Run a program in a room where nothing is left over from before; returns its names."""
    room = {"__name__": "fresh"}
    exec(text, room)
    return room


@_test(lambda room: room["SCRIPT"], run_fresh)
def test_smoke(text):
    torch.manual_seed(0)
    room = run_fresh(text)
    torch.manual_seed(0)
    assert not nn.Linear(2, 1).weight.equal(room["net"].weight), "it has run, and trained nothing"
    assert len(room["history"]) == 2, "no history of 2 steps"
    assert all(isinstance(value, float) for value in room["history"]), "the history holds no numbers"
    for thing in list(room.values()):
        if isinstance(thing, FunctionType) and not thing.__code__.co_argcount:
            thing()  # each function once, also those that the program hasn't reached yet


# ---- who learns? ----------------------------------------------------------------------------------------------------


def adam(*networks):
    return torch.optim.Adam([p for net in networks for p in net.parameters()], lr=5e-3, betas=(0.5, 0.999))


def new_game(seed=0):
    torch.manual_seed(seed)
    G, D = nets.mlp([2, 32, 32, 1]), nets.mlp([1, 32, 32, 1])
    return SimpleNamespace(G=G, D=D, opt_g=adam(G), opt_d=adam(D))


def loss_d(real, fake):
    return bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))


def loss_g(real, fake):
    return bce(fake, torch.ones_like(fake))


def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def d_turn(game, real, z):
    return update(game.opt_d, loss_d(game.D(real), game.D(game.G(z).detach())))


def g_turn(game, z):
    return update(game.opt_g, loss_g(None, game.D(game.G(z))))


old_batch = heaps.sample(64, 0)


def play(game, d, g, steps):
    for _ in range(steps):
        d(game, heaps.sample(64), torch.randn(64, 2))
        g(game, torch.randn(64, 2))


def ten_steps(program):
    play(program.setup(), program.d, program.g, steps=10)


program = parts(setup="new_game", d="d_turn", g="g_turn")


def turns_of_losses(room):
    """A program whose two turns use the losses of a room."""

    def the_d_turn(game, real, z):
        return update(game.opt_d, room["loss_d"](game.D(real), game.D(game.G(z).detach())))

    def the_g_turn(game, z):
        real = old_batch if z.ndim == 2 else old_batch.expand(len(z), *old_batch.shape)  # stacked games
        return update(game.opt_g, room["loss_g"](game.D(real), game.D(game.G(z))))

    return SimpleNamespace(setup=new_game, d=the_d_turn, g=the_g_turn)


def weights(*networks):
    return torch.cat([p.detach().flatten() for net in networks for p in net.parameters()])


def who_changed(game, turn):
    """The names of the networks of which at least one weight is different after turn()."""
    before = {name: [p.detach().clone() for p in getattr(game, name).parameters()] for name in "GD"}
    turn()
    now = {name: list(getattr(game, name).parameters()) for name in "GD"}
    return {name for name in "GD" if any(not a.equal(b) for a, b in zip(now[name], before[name], strict=True))}


@_test(program, ten_steps)
def test_who_learns(program):
    torch.manual_seed(0)
    game, real, z = program.setup(), heaps.sample(64, 0), torch.randn(64, 2)
    for name, turn in (("D", lambda: program.d(game, real, z)), ("G", lambda: program.g(game, z))):
        changed = who_changed(game, turn)
        assert changed == {name}, f"{name}'s turn changes {' and '.join(sorted(changed)) or 'nothing'}"


@_test(program, ten_steps)
def test_inputs_matter(program):
    def learned(turn, *inputs):
        game = program.setup()
        for _ in range(3):  # Adam's first step is nearly the sign of the gradient
            getattr(program, turn)(game, *inputs)
        return weights(game.G, game.D)

    torch.manual_seed(0)
    real, z = heaps.sample(64, 0), torch.randn(64, 2)
    assert not learned("d", real, z).equal(learned("d", real + 1, z)), "D learns the same from other data"
    assert not learned("d", real, z).equal(learned("d", real, z + 1)), "D learns the same from other fakes"
    assert not learned("g", z).equal(learned("g", z + 1)), "G learns the same from other noise"


@_test(program, ten_steps)
def test_nothing_stays(program):
    games = [program.setup(), program.setup()]
    for step in range(3):
        torch.manual_seed(step)
        real, z = heaps.sample(64, step), torch.randn(2, 64, 2)
        for game, tidy in zip(games, (False, True), strict=True):
            for turn, inputs in ((program.d, (real, z[0])), (program.g, (z[1],))):
                if tidy:  # in this game somebody clears all gradients before each turn
                    game.G.zero_grad()
                    game.D.zero_grad()
                turn(game, *inputs)
    same = weights(games[0].G, games[0].D).allclose(weights(games[1].G, games[1].D), atol=1e-5)
    assert same, "old gradients go into the update"


def graph(tensor):
    """All nodes of the graph that a backward() from here would walk through."""
    found, todo = set(), [tensor.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in found:
            found.add(node)
            todo += [parent for parent, _ in node.next_functions]
    return found


def leaves(tensor):
    """All tensors whose .grad it would fill."""
    return [node.variable for node in graph(tensor) if hasattr(node, "variable")]


@_test(program, ten_steps)
def test_all_listed(program):
    game = program.setup()
    for name, x in (("G", torch.randn(4, 2)), ("D", heaps.sample(4, 0))):
        net = getattr(game, name)
        listed = {id(p) for p in net.parameters()}
        strangers = [p for p in leaves(net(x)) if id(p) not in listed]
        assert not strangers, f"{len(strangers)} tensors of {name} are in no list"


class AtSix(nn.Module):
    def forward(self, z):
        return torch.full((len(z), 1), 6.0)


@_test(program, ten_steps)
def test_d_alone(program):
    torch.manual_seed(0)
    game = program.setup()
    game.G = AtSix()
    for step in range(100):
        loss = program.d(game, heaps.sample(64, step), torch.randn(64, 2))
    right = torch.cat([game.D(heaps.sample(64, 0)) > 0, game.D(torch.full((64, 1), 6.0)) < 0])
    assert right.float().mean() > 0.95, "D can't learn the easiest task"
    assert loss < 0.3, "D is right, and its loss stays large"


@_test(program, ten_steps)
def test_g_alone(program):
    torch.manual_seed(0)
    game = program.setup()
    game.D, z = nn.Linear(1, 1), torch.randn(200, 2)
    with torch.no_grad():
        game.D.weight.fill_(1.0)
        game.D.bias.fill_(0.0)
    before = game.G(z).mean().item()
    for _ in range(30):
        program.g(game, torch.randn(64, 2))
    assert game.G(z).mean() > before + 0.1, "G doesn't go where D says real"


def _set_last(D, bias):
    nn.init.zeros_(D[-1].weight)
    nn.init.constant_(D[-1].bias, bias)


@_test(program, ten_steps)
def test_known_losses(program):
    torch.manual_seed(0)
    game = program.setup()
    real, z = heaps.sample(64, 0), torch.randn(64, 2)
    for turn, inputs, wanted in ((program.d, (real, z), 2 * math.log(2)), (program.g, (z,), math.log(2))):
        _set_last(game.D, 0.0)
        assert near(turn(game, *inputs), wanted), "at D = ½ the losses aren't 2 ln 2 and ln 2"


@_test(program, ten_steps)
def test_fooled(program):
    torch.manual_seed(0)
    game = program.setup()
    _set_last(game.D, 10.0)
    assert near(program.g(game, torch.randn(64, 2)), 0), "the loss of a generator that has won isn't 0"


# ---- eight seeds at once, and how far they come ----------------------------------------------------------------------


def eight(setup=new_game, together=False):
    """Eight games as one: its networks take tensors of shape (seed, point, 1). together: one optimiser for both."""
    games = [setup(seed) for seed in range(8)]
    G, D = (ensemble.stack([getattr(game, name) for game in games]) for name in "GD")
    both = adam(G, D) if together else None
    return SimpleNamespace(G=G, D=D, opt_g=both or adam(G), opt_d=both or adam(D))


def train_eight(program, setup=new_game, steps=300, **how):
    game = eight(setup, **how)
    torch.manual_seed(0)
    for _ in range(steps):
        program.d(game, heaps.sample(8 * 64).view(8, 64, 1), torch.randn(8, 64, 2))
        program.g(game, torch.randn(8, 64, 2))
    return game


def distance(game, n=2000):
    """Wasserstein-1 distances (8,) between n generated and n real points."""
    z, real = torch.randn(8, n, 2), heaps.sample(n, 1)[:, 0].sort().values
    return (game.G(z).detach()[..., 0].sort(dim=-1).values - real).abs().mean(dim=-1)


# ---- what does it want? ---------------------------------------------------------------------------------------------

pair = parts(d="loss_d", g="loss_g")


def some_logits(pair):
    torch.manual_seed(0)
    losses = [loss(torch.randn(4, 1), torch.randn(4, 1)) for loss in (pair.d, pair.g)]
    assert all(loss.isfinite() for loss in losses), "NaN"


@_test(pair, some_logits)
def test_loss_d(pair):
    at = {w: pair.d(torch.full((4, 1), float(w)), torch.full((4, 1), -float(w))) for w in (0, 10, -10, 200, -200)}
    assert near(at[0], 2 * math.log(2)), "L_D at logits 0 isn't 2 ln 2"
    assert near(at[10], 0) and near(at[-10], 20), "L_D isn't 0 for a right D, 20 for a wrong one"
    right, one_wrong = torch.full((4, 1), 10.0), torch.tensor([[-10.0], [10.0], [10.0], [10.0]])
    assert near(pair.d(one_wrong, -right), 2.5), "L_D isn't 2.5 when D is wrong about one real sample of four"
    assert near(pair.d(right, -one_wrong), 2.5), "L_D isn't 2.5 when D is wrong about one fake of four"
    assert near(at[200], 0) and near(at[-200], 400), "L_D breaks down for large logits"


@_test(pair, some_logits)
def test_loss_g(pair):
    fake = torch.tensor([[-1.0], [0.5]], requires_grad=True)
    value = pair.g(torch.zeros(2, 1), fake)
    assert value.requires_grad, "L_G doesn't depend on the fakes"
    assert (torch.autograd.grad(value, fake)[0] < 0).all(), "L_G doesn't fall when a fake logit grows"
    at = {w: pair.g(torch.zeros(4, 1), torch.full((4, 1), float(w))) for w in (0, 10, -10, -200)}
    assert near(at[0], math.log(2)), "L_G at logits 0 isn't ln 2"
    assert near(at[10], 0) and near(at[-10], 10), "L_G isn't 0 for a fooled D, 10 for one that is right"
    assert near(at[-200], 200), "L_G breaks down for large logits"


# ---- what does it see? ----------------------------------------------------------------------------------------------


def load():
    """100 pictures of 8 pixels in -1 … 1, and a class for each; no two alike."""
    stream = torch.Generator().manual_seed(0)
    pictures = torch.rand(100, 8, generator=stream) * 2 - 1
    return pictures, (pictures.sum(dim=1) > 0).long()


def feed(load, batch=32):
    pictures, classes = load()
    while True:
        order = torch.randperm(len(pictures))
        yield [(pictures[rows], classes[rows]) for rows in order.split(batch)]


right_feed = feed
kept = load()  # what another cell has left


def one_epoch(feed):
    return next(feed(load))


@_test(lambda room: room["feed"], one_epoch)
def test_feed(feed, batch=32):
    reads = []
    torch.manual_seed(0)
    epochs = feed(lambda: reads.append(1) or load(), batch)
    first, second = ([torch.cat(part) for part in zip(*next(epochs), strict=True)] for _ in range(2))
    pictures, classes = load()
    matches = (first[0][:, None] == pictures).all(dim=2)  # (seen, 100): is it this one?
    assert matches.any(dim=1).all(), "pictures that aren't in the data"
    which = matches.float().argmax(dim=1)
    assert classes[which].equal(first[1]), "classes of other pictures"
    assert len(which.unique()) == len(which), "the same picture twice in an epoch"
    assert len(which) > 100 - batch, f"only {len(which)} of 100 pictures in an epoch"
    assert not first[0].equal(second[0]), "the same order in each epoch"
    other = next(feed(lambda: (load()[0] / 2, load()[1]), batch))[0][0]
    assert other.abs().max() <= 0.5, "other data in, the same out"
    assert len(reads) == 1, "the data are loaded in each epoch"


def batch_loss(x):
    return bce(x.mean(dim=1, keepdim=True), torch.ones(len(x), 1))


def first_batch(loss):
    loss(next(feed(load))[0][0])


@_test(lambda room: room["batch_loss"], first_batch)
def test_whole_epoch(loss):
    for x, _ in next(feed(load)):
        loss(x)


# ---- do the parts fit? ----------------------------------------------------------------------------------------------


def picture_nets(end=None, d_end=None, hidden=(64,), norm=False, shape=(1, 8, 8)):
    """A generator and a discriminator of pictures with 8 × 8 pixels."""
    torch.manual_seed(0)
    body = nets.mlp([4, *hidden, math.prod(shape)], batch_norm=norm)
    convolutions = [nn.Conv2d(1, 4, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 8), nn.Flatten(-3)]
    return SimpleNamespace(
        G=nn.Sequential(body, nn.Tanh() if end is None else end, nn.Unflatten(1, shape)),
        D=nn.Sequential(*convolutions, nn.Identity() if d_end is None else d_end),
    )


def make_nets():
    return picture_nets(shape=(1, 8, 8), end=nn.Tanh())


def both_nets(room):
    return room["make_nets"]()


def one_picture(nets):
    nets.D.eval()(nets.G.eval()(torch.randn(1, 4)))


@_test(both_nets, one_picture)
def test_contract(nets):
    z, real = torch.randn(5, 4), torch.rand(5, 1, 8, 8) * 2 - 1
    fake = nets.G(z)
    assert fake.shape == real.shape, f"G makes {tuple(fake.shape)}, real are {tuple(real.shape)}"
    assert nets.D(real).shape == (5, 1), f"D gives {tuple(nets.D(real).shape)}, wanted (5, 1)"


@_test(both_nets, one_picture)
def test_no_crosstalk(nets):
    torch.manual_seed(0)
    inputs = {"G": torch.randn(5, 4), "D": torch.rand(5, 1, 8, 8) * 2 - 1}
    for name, x in inputs.items():
        net = getattr(nets, name).eval()  # in training, batch norm mixes samples on purpose
        out = net(x.requires_grad_())[0]
        (slope,) = torch.autograd.grad((out * torch.randn_like(out)).sum(), x)
        assert slope[0].any(), f"{name}: output 0 ignores input 0"
        assert not slope[1:].any(), f"{name}: output 0 depends on other samples"


@_test(both_nets, one_picture)
def test_reach(nets, steps=300):
    torch.manual_seed(0)
    z, wanted = torch.randn(4, 4), torch.rand(4, 1, 8, 8) * 1.8 - 0.9
    optimizer = torch.optim.Adam(nets.G.parameters(), lr=1e-2)
    for _ in range(steps):
        loss = (nets.G(z) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.01, "G can't learn four pictures by heart"


@_test(both_nets, one_picture)
def test_birth(nets):
    torch.manual_seed(0)
    spread = nets.G(torch.randn(500, 4)).std(dim=0).mean()
    assert spread > 0.05, "the noise hardly reaches the pictures"


# ---- noise, chance and memory ---------------------------------------------------------------------------------------


def train(game, seed=0, steps=4):
    torch.manual_seed(seed)
    history = []
    for _ in range(steps):
        history.append(d_turn(game, heaps.sample(32), torch.randn(32, 2)).item())
        g_turn(game, torch.randn(32, 2))
    return history


@torch.no_grad()
def sample(G, z):
    was_training = G.training
    G.eval()
    points = G(z)
    G.train(was_training)
    return points


def with_dropout():
    torch.manual_seed(0)
    return nets.mlp([2, 32, 1], batch_norm=True, dropout=0.5)


run = parts(train="train", sample="sample")


def short_run(run):
    run.train(new_game())
    run.sample(with_dropout(), torch.randn(5, 2))


@_test(run, short_run)
def test_fresh_noise(run):
    game, seen = new_game(), []
    spy = game.G.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].clone()))
    run.train(game)
    spy.remove()
    again = sum(a.equal(b) for i, a in enumerate(seen) for b in seen[:i])
    assert not again, "the same noise comes again"


@_test(run, short_run)
def test_repeatable(run):
    assert run.train(new_game(), 1) == run.train(new_game(), 1), "the same seed, another run"


@_test(run, short_run)
def test_history(run):
    history = run.train(new_game())
    assert history, "no history, nothing to judge by"
    kept = [value for value in history if torch.is_tensor(value) and value.requires_grad]
    assert not kept, "the history holds graphs"


@_test(run, short_run)
def test_sample(run):
    G, z = with_dropout(), torch.randn(20, 2)
    points = run.sample(G, z)
    assert points is not None, "no samples, nothing to judge by"
    assert points[:2].allclose(run.sample(G, z[:2]), atol=1e-6), "a sample depends on its companions"
    assert G.training, "after looking, G stays in eval mode"


# ---- a VAE has its own ----------------------------------------------------------------------------------------------


def sample_z(mean, log_var):
    return mean + (0.5 * log_var).exp() * torch.randn_like(mean)


def kl(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(dim=1)


right_kl = kl


def negative_elbo(x, logits, mean, log_var):
    surprise = bce(logits, x, reduction="none").sum(dim=1)
    return (surprise + kl(mean, log_var)).mean()


vae = parts(sample_z="sample_z", kl="kl", loss="negative_elbo")


def draw_once(vae):
    torch.manual_seed(0)
    mean, log_var = torch.randn(2, 5, 2)
    assert vae.sample_z(mean, log_var).isfinite().all() and vae.kl(mean, log_var).isfinite().all(), "NaN or infinite"
    vae.loss(torch.rand(5, 8), torch.randn(5, 8), mean, log_var)


@_test(vae, draw_once)
def test_sample_z(vae):
    torch.manual_seed(0)
    mean, log_var = torch.full((20_000, 1), 3.0), torch.full((20_000, 1), math.log(4.0))
    z = vae.sample_z(mean.requires_grad_(), log_var.requires_grad_())
    assert abs(z.mean() - 3) < 0.1, f"mean {z.mean():.0f}, wanted 3"
    assert z.std() > 0.1, "no randomness in z"
    assert abs(z.std() - 2) < 0.1, f"standard deviation {z.std():.1f}, wanted 2"
    assert z.requires_grad, "no gradient comes through"
    slopes = torch.autograd.grad(z.square().sum(), (mean, log_var), allow_unused=True)
    assert all(slope is not None and slope.any() for slope in slopes), "no gradient for both parts"


@_test(vae, draw_once)
def test_kl(vae):
    torch.manual_seed(0)
    mean, log_var = torch.randn(2, 50, 3)
    q = torch.distributions.Normal(mean, (0.5 * log_var).exp())
    wanted = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(dim=1)
    value = vae.kl(mean, log_var)
    assert value.isfinite().all(), "the KL isn't finite"
    assert value.shape == (50,), f"shape {tuple(value.shape)}, wanted one KL for each picture"
    assert not value.allclose(-wanted, atol=1e-4), "the KL has the wrong sign"
    assert value.allclose(wanted, atol=1e-4), "not the KL to the prior"


@_test(vae, draw_once)
def test_elbo(vae):
    zero = torch.zeros(5, 2)
    value = vae.loss(torch.rand(5, 8), torch.zeros(5, 8), zero, zero)
    assert near(value, 8 * math.log(2)), "logits 0, q = prior: the loss isn't 8 ln 2"


class SmallVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.heads, self.decoder = nn.Linear(8, 8), nn.Linear(8, 4), nn.Linear(2, 8)

    def encode(self, x):
        h = self.hidden(x).tanh()
        return self.heads(h).chunk(2, dim=1)

    def decode(self, z, x):
        return self.decoder(z)

    def reconstruction_loss(self, x):
        mean, log_var = self.encode(x)
        made = self.decode(sample_z(mean, log_var), x)
        return (made - x).square().sum(dim=1).mean()


def two_pictures(net):
    net.reconstruction_loss(torch.rand(2, 8))


@_test(lambda room: room["SmallVAE"](), two_pictures)
def test_parts(net):
    torch.manual_seed(0)
    x, decode = torch.rand(5, 8), net.decode
    net.decode = lambda z, x: x.clone()  # plant the right answer
    loss = net.reconstruction_loss(x)
    net.decode = decode
    assert loss < 1e-6, "a perfect reconstruction still costs something"
    z = torch.randn(5, 2)
    assert decode(z, x).equal(decode(z, 1 - x)), "the decoder sees the picture itself"
