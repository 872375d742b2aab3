import pytest
import torch
import torch.nn.functional as F
from checks_cases import Case, chapter_tests
from torch import nn

from gan_edu.checks import chapter_41 as q
from gan_edu.checks.engine import NotAttempted, NotYet


class GeneratorStub(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        # YOUR CODE HERE
        raise NotImplementedError()

    def forward(self, z):
        # YOUR CODE HERE
        raise NotImplementedError()


class HalfDone(GeneratorStub):
    def __init__(self, noise_dim=100, hidden=128):
        nn.Module.__init__(self)
        self.first = nn.Linear(noise_dim, hidden)


class TwoLayers(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()
        self.first, self.second = nn.Linear(noise_dim, hidden), nn.Linear(hidden, 28 * 28)
        for layer in (self.first, self.second):
            nn.init.normal_(layer.weight, std=0.02)

    def forward(self, z):
        x = self.first(z)
        return torch.tanh(self.second(torch.where(x > 0, x, 0.2 * x)))


class Written(nn.Module):
    """Weights as parameters, float64, and 2σ - 1 at the end."""

    def __init__(self, n=100, m=128):
        super().__init__()
        self.a = nn.Parameter(torch.randn(n, m, dtype=torch.float64) / n**0.5)
        self.b = nn.Parameter(torch.randn(m, 784, dtype=torch.float64) / m**0.5)
        self.c, self.d = nn.Parameter(self.a.detach()[0].clone()), nn.Parameter(self.b.detach()[0].clone())

    def forward(self, noise):
        hidden = torch.maximum(noise @ self.a + self.c, (noise @ self.a + self.c) / 5)
        return 2 * torch.sigmoid(hidden @ self.b + self.d) - 1


class LargeWeights(TwoLayers):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__(noise_dim, hidden)
        for parameter in self.parameters():
            nn.init.normal_(parameter)


class Sequence(nn.Sequential):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__(nn.LazyLinear(hidden), nn.LeakyReLU(0.2, inplace=True), nn.Linear(hidden, 784), nn.Softsign())
        self(torch.zeros(1, noise_dim))


def built(noise_dim=100, hidden=128):
    return nn.Sequential(nn.Linear(noise_dim, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 784), nn.Tanh())


class Base(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()
        self.first, self.second = nn.Linear(noise_dim, hidden), nn.Linear(hidden, 784)

    def hidden(self, z):
        return F.leaky_relu(self.first(z), 0.2)

    def end(self, x):
        return x.tanh()

    def forward(self, z):
        return self.end(self.second(self.hidden(z)))


class NoSuper(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        self.first = nn.Sequential(nn.Linear(noise_dim, hidden))
        super().__init__()


class FixedHidden(Base):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__(noise_dim, 128)


class MadeInForward(nn.Module):
    def forward(self, z):
        return nn.Linear(128, 784)(nn.Linear(100, 128)(z).relu()).tanh()

    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()


class Channels(Base):
    def forward(self, z):
        return super().forward(z).view(-1, 1, 28, 28)


class OwnNoise(Base):
    def forward(self, z):
        return super().forward(torch.randn(len(z), self.first.in_features))


class Constant(Base):
    def forward(self, z):
        return super().forward(torch.ones_like(z))


class ZeroToOne(Base):
    def end(self, x):
        return (x.tanh() + 1) / 2


class Straight(Base):
    def end(self, x):
        return x


class Rectified(Base):
    def end(self, x):
        return F.relu(x)


class Clamped(Base):
    def end(self, x):
        return x.clamp(-1, 1)


class Linear(Base):
    def hidden(self, z):
        return self.first(z)


class Rectifying(Base):
    def hidden(self, z):
        return F.relu(self.first(z))


class Bent(Base):
    def end(self, x):
        return F.leaky_relu(x, 0.2).tanh()


class Normed(Base):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__(noise_dim, hidden)
        self.norm = nn.BatchNorm1d(hidden)

    def hidden(self, z):
        return F.leaky_relu(self.norm(self.first(z)), 0.2)


class NoBias(Base):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__(noise_dim, hidden)
        self.first.bias = None


class ZeroWeights(Base):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__(noise_dim, hidden)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


class Evaluated(Base):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__(noise_dim, hidden)
        self.eval()


class NoGrad(Base):
    def forward(self, z):
        with torch.no_grad():
            return super().forward(z)


class HalfRange(Base):
    def end(self, x):
        return x.tanh() / 2


class Dropout(Base):
    def hidden(self, z):
        return F.dropout(super().hidden(z))


class DetachedInside(Base):
    def hidden(self, z):
        return super().hidden(z).detach()


class NoDefaults(Base):
    def __init__(self, noise_dim, hidden):
        super().__init__(noise_dim, hidden)


class NoForward(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()
        self.net = nn.Linear(noise_dim, 784)


class NoReturn(Base):
    def forward(self, z):
        super().forward(z)


class OneLayer(Base):
    def __init__(self, noise_dim=100, hidden=128):
        nn.Module.__init__(self)
        self.net = nn.Linear(noise_dim, 784)

    def forward(self, z):
        return self.net(z).tanh()


class NotAModule:
    def __init__(self, noise_dim=100, hidden=128):
        self.net = built(noise_dim, hidden)

    def __call__(self, z):
        return self.net(z)


generator = Case(
    q.Generator,
    GeneratorStub,
    right=[TwoLayers, Written, LargeWeights, Sequence, Base, built],
    wrong={
        "missing_super_init": NoSuper,
        "hard_coded_sizes": FixedHidden,
        "layers_not_registered": MadeInForward,
        "image_shape": Channels,
        "ignores_input": OwnNoise,
        "sigmoid_output": ZeroToOne,
        "no_output_activation": Straight,
        "relu_output": Rectified,
        "clamped_output": Clamped,
        "no_hidden_activation": Linear,
        "other_hidden_activation": [Rectifying, Normed],
        "without_bias": NoBias,
        "bend_before_the_end": Bent,
        "no_gradient": NoGrad,
    },
    also_wrong=[
        *(Constant, ZeroWeights, Evaluated),
        *(HalfRange, Dropout, DetachedInside, NoDefaults, NoForward, NoReturn, OneLayer, NotAModule),
        Base(),
        lambda noise_dim=100, hidden=128: None if hidden else 1,
    ],
)


def test_a_half_done_generator_is_not_attempted():
    with pytest.raises(NotAttempted):
        q.Generator.check(HalfDone)


def d_stub(real_logits, fake_logits):
    # YOUR CODE HERE
    raise NotImplementedError()


bce, bce_p = F.binary_cross_entropy_with_logits, F.binary_cross_entropy


def joined(real_logits, fake_logits):
    logits = torch.cat([real_logits, fake_logits])
    labels = torch.cat([torch.ones_like(real_logits), torch.zeros_like(fake_logits)])
    return 2 * nn.BCEWithLogitsLoss()(logits, labels)


class LossModule(nn.Module):
    def forward(self, real, fake):
        return nn.BCEWithLogitsLoss()(real, torch.full_like(real, 1.0)) + nn.BCEWithLogitsLoss()(fake, 0 * fake)


def wrong_d(real_target, fake_target, reduce=torch.mean, activation=lambda x: x):
    """BCE written out, with other targets, reduction, or something before it."""

    def loss(real, fake):
        real, fake = activation(real), activation(fake)
        ones, zeros = torch.full_like(real, real_target), torch.full_like(fake, fake_target)
        return reduce(bce(real, ones, reduction="none")) + reduce(bce(fake, zeros, reduction="none"))

    return loss


discriminator_loss = Case(
    q.discriminator_loss,
    d_stub,
    right=[
        joined,
        LossModule(),
        lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(),
        lambda r, f: -(F.logsigmoid(r.double()).sum() + F.logsigmoid(-f.double()).sum()) / len(r),
        lambda r, f: (torch.logaddexp(0 * r, -r) + torch.logaddexp(0 * f, f)).mean(dim=0, keepdim=True),
        lambda r, f: bce(r.flatten(), torch.ones(r.numel())) + bce(f.flatten(), torch.zeros(f.numel())),
    ],
    wrong={
        "swapped_labels": [wrong_d(0.0, 1.0), lambda real, fake: joined(fake, real)],
        "sigmoid_before_bce_with_logits": wrong_d(1.0, 0.0, activation=torch.sigmoid),
        "log_of_sigmoid": [
            lambda r, f: -(torch.sigmoid(r).log() + torch.log(1 - torch.sigmoid(f))).mean(),
            lambda r, f: nn.BCELoss()(r.sigmoid(), 0 * r + 1) + nn.BCELoss()(f.sigmoid(), 0 * f),
        ],
        "bce_without_sigmoid": lambda r, f: nn.BCELoss()(r, torch.ones_like(r)) + bce_p(f, torch.zeros_like(f)),
        "target_of_another_shape": [
            lambda r, f: bce(r, torch.ones(128, 1)) + bce(f, torch.zeros(128, 1)),
            lambda r, f: bce(r, torch.ones(len(r))) + bce(f, torch.zeros(len(f))),
        ],
        "halved": [lambda r, f: joined(r, f) / 2, lambda r, f: 0.5 * wrong_d(1.0, 0.0)(r, f)],
        "forgets_fakes": lambda r, f: bce(r, torch.ones_like(r)),
        "forgets_real": lambda r, f: bce(f, torch.zeros_like(f)),
        "sum_instead_of_mean": wrong_d(1.0, 0.0, reduce=torch.sum),
        "mean_over_wrong_axis": [
            wrong_d(1.0, 0.0, reduce=lambda x: x.mean(dim=1)),
            wrong_d(1.0, 0.0, reduce=lambda x: x.mean(dim=-1)),
        ],
        "not_reduced": wrong_d(1.0, 0.0, reduce=lambda x: x),
        "no_gradient": [
            lambda r, f: joined(r, f).detach(),
            lambda r, f: float(joined(r, f).detach()),
        ],
        "detached_logits": [
            lambda r, f: joined(r, f.detach()),
            lambda r, f: joined(r.detach(), f),
        ],
    },
    also_wrong=[
        lambda r, f: -joined(r, f),
        lambda r, f: f.mean() - r.mean(),
        lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(),
        lambda r, f: None if len(r) else 1,
        lambda logits: logits.mean(),
        lambda r, f: r.no_such_method(),
    ],
)


def g_stub(fake_logits):
    # YOUR CODE HERE
    raise NotImplementedError()


generator_loss = Case(
    q.generator_loss,
    g_stub,
    right=[
        lambda f: F.softplus(-f).mean(),
        lambda f: -F.logsigmoid(f.double()).sum() / f.numel(),
        lambda f: nn.BCEWithLogitsLoss()(f, torch.ones(f.shape)),
        lambda f: (bce(f.reshape(-1, 1), torch.ones(f.numel(), 1), reduction="none")).mean(dim=0),
    ],
    wrong={
        "saturating_instead_of_non_saturating": [
            lambda f: -bce(f, torch.zeros_like(f)),
            lambda f: F.logsigmoid(-f).mean(),
            lambda f: torch.log(1 - torch.sigmoid(f)).mean(),
        ],
        "swapped_labels": lambda f: bce(f, torch.zeros_like(f)),
        "missing_minus": lambda f: -bce(f, torch.ones_like(f)),
        "sigmoid_before_bce_with_logits": lambda f: bce(f.sigmoid(), torch.ones_like(f)),
        "log_of_sigmoid": [
            lambda f: torch.log(torch.sigmoid(f)).mean().neg(),
            lambda f: nn.BCELoss()(f.sigmoid(), torch.ones_like(f)),
        ],
        "bce_without_sigmoid": lambda f: nn.BCELoss()(f, torch.ones_like(f)),
        "target_of_another_shape": [
            lambda f: bce(f, torch.ones(128, 1)),
            lambda f: bce(f, torch.ones(len(f))),
        ],
        "sum_instead_of_mean": lambda f: bce(f, torch.ones_like(f), reduction="sum"),
        "mean_over_wrong_axis": lambda f: F.softplus(-f).mean(dim=1),
        "not_reduced": lambda f: bce(f, torch.ones_like(f), reduction="none"),
        "no_gradient": [
            lambda f: F.softplus(-f).mean().detach(),
            lambda f: F.softplus(-f.detach()).mean(),
            lambda f: F.softplus(-f).mean().item(),
        ],
    },
    also_wrong=[
        lambda f: -f.mean(),
        lambda f: F.softplus(-f).mean,
        lambda f: None if len(f) else 1,
        lambda real, fake: F.softplus(-fake).mean(),
    ],
)


def test_detached_logits_are_named_for_the_generator_too():
    def partly(fake_logits):  # a gradient, but not to the logits
        return F.softplus(-fake_logits.detach()).mean() + 0 * torch.zeros(1, requires_grad=True).sum()

    with pytest.raises(NotYet, match="gradient for fake_logits"):
        q.generator_loss.check(partly)


def step_stub(generator, discriminator, optimizer_g, optimizer_d, real, noise):
    # YOUR CODE HERE
    raise NotImplementedError()


d_loss, g_loss = q.discriminator_loss.answer, q.generator_loss.answer


def made(**changes):
    """A step as a list of orders, one letter each, so that wrong orders are easily written.

    z, Z: zero D's, G's gradients; f: fakes with a graph; d: D's loss on detached fakes; D: on attached ones; g: G's
    loss; b, B: backward of D's, G's; s, S: step of D's, G's optimizer; n: fakes detached for good; t: fresh noise.
    """
    orders, returned = changes["orders"], changes.get("returned", lambda d, g: (d, g))

    def step(generator, discriminator, optimizer_g, optimizer_d, real, noise):
        fake = loss_d = loss_g = None
        for order in orders:
            if order in "fnt":
                fake = generator(torch.randn(noise.shape) if order == "t" else noise)
                fake = fake.detach() if order == "n" else fake
            elif order in "dD":
                loss_d = d_loss(discriminator(real), discriminator(fake.detach() if order == "d" else fake))
            elif order == "g":
                loss_g = g_loss(discriminator(fake))
            elif order in "bB":
                (loss_d if order == "b" else loss_g).backward()
            else:
                optimizer = optimizer_d if order in "zs" else optimizer_g
                optimizer.zero_grad() if order in "zZ" else optimizer.step()
        return returned(loss_d, loss_g)

    return step


def frozen(generator, discriminator, optimizer_g, optimizer_d, real, noise):
    with torch.no_grad():
        fake = generator(noise)
    loss_d = F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(fake)).mean()
    optimizer_d.zero_grad(set_to_none=False)
    loss_d.backward()
    optimizer_d.step()
    discriminator.requires_grad_(False)
    loss_g = F.softplus(-discriminator(generator(noise))).mean()
    optimizer_g.zero_grad(set_to_none=False)
    loss_g.backward()
    optimizer_g.step()
    discriminator.requires_grad_(True)
    return [loss_d.item(), loss_g.detach().double()]


def by_grad(generator, discriminator, optimizer_g, optimizer_d, real, noise):
    fake, losses = generator(noise), []
    for net, optimizer in ((discriminator, optimizer_d), (generator, optimizer_g)):
        scores = discriminator(fake)
        loss = g_loss(scores) if net is generator else d_loss(discriminator(real), discriminator(fake.detach()))
        gradients = torch.autograd.grad(loss, list(net.parameters()), retain_graph=True)
        for parameter, gradient in zip(net.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        losses.append(loss)
    return torch.stack(losses)


def leaving(change):
    def step(generator, discriminator, *others):
        result = made(orders="fdzbsgZBS")(generator, discriminator, *others)
        change(generator, discriminator)
        return result

    return step


def with_losses(loss_of_d, loss_of_g):
    def step(generator, discriminator, optimizer_g, optimizer_d, real, noise):
        fake = generator(noise)
        loss_d = loss_of_d(discriminator(real), discriminator(fake.detach()))
        optimizer_d.zero_grad()
        loss_d.backward()
        optimizer_d.step()
        loss_g = loss_of_g(discriminator(fake))
        optimizer_g.zero_grad()
        loss_g.backward()
        optimizer_g.step()
        return loss_d.item(), loss_g.item()

    return step


training_step = Case(
    q.training_step,
    step_stub,
    right=[
        frozen,
        by_grad,
        made(orders="fdzbsgZBS"),
        made(orders="fzZdbsgBS"),  # both zeroed first: detached, so nothing has got into the generator since
        made(orders="fdbszgBSzZ"),  # zeroed at the end, for the next one
        made(orders="fDzbsfgZBS"),  # without detach, and zeroed in time: only time is lost
        made(orders="fdzbsgZBS", returned=lambda d, g: (d.item(), g.detach())),
    ],
    wrong={
        "missing_zero_grad": [made(orders=o) for o in ("fdbsgBS", "fdbsgZBS", "fdzbsgBS")],
        "no_detach": [made(orders=o) for o in ("fDzbsgZBS", "fzZDbsfgBS", "fDzbsfgBS", "fDbsfgBS")],
        "updates_discriminator_in_generator_step": [made(orders=o) for o in ("fdzbsgZBSs", "fdzbsgZzBsS")],
        "updates_generator_in_discriminator_step": made(orders="fZDzbsSfgZBS"),
        "forgets_generator_update": [made(orders="fdzbsgZB"), made(orders="fdzbsg")],
        "forgets_discriminator_update": made(orders="fdzbgZBS"),
        "generator_before_discriminator": made(orders="fgZBSdzbs"),
        "generator_loss_through_old_discriminator": [made(orders="fdgzbsZBS"), made(orders="zZfdgbBsS")],
        "detached_fake_in_generator_step": made(orders="ndzbsgZBS"),
        "zero_grad_after_backward": [made(orders="fdbzsgBZS"), made(orders="fdzbsgBZS")],
        "swapped_optimizers": lambda g, d, opt_g, opt_d, r, n: made(orders="fdzbsgZBS")(g, d, opt_d, opt_g, r, n),
        "missing_backward": [made(orders="fdzbsgZS"), made(orders="fdzsgZBS")],
        "loss_without_gradient": torch.no_grad()(made(orders="fdzbsgZBS")),
        "swapped_labels": [
            with_losses(lambda r, f: d_loss(f, r), g_loss),
            with_losses(d_loss, lambda f: F.softplus(f).mean()),
            with_losses(lambda r, f: d_loss(f, r), lambda f: F.softplus(f).mean()),
        ],
        "saturating_instead_of_non_saturating": with_losses(d_loss, lambda f: -F.softplus(f).mean()),
        "fresh_noise": made(orders="fdzbstgZBS"),
        "returns_swapped": made(orders="fdzbsgZBS", returned=lambda d, g: (g, d)),
        "returns_nothing": made(orders="fdzbsgZBS", returned=lambda d, g: None),
    },
    also_wrong=[
        made(orders="fdzbsgZBS", returned=lambda d, g: d),
        made(orders="fdzbsgZBS", returned=lambda d, g: d + g),
        made(orders="fdzbsgZBS", returned=lambda d, g: (d.item(), None)),
        leaving(lambda g, d: d.eval()),
        leaving(lambda g, d: g.eval()),
        leaving(lambda g, d: d.requires_grad_(False)),
        with_losses(lambda r, f: d_loss(r, f) / 2, g_loss),
        with_losses(d_loss, lambda f: -f.mean()),
        lambda generator, discriminator: (1.0, 1.0),
    ],
    namespace={"discriminator_loss": d_loss, "generator_loss": g_loss},
)


def test_an_ellipsis_in_the_step_is_not_attempted():
    def step(generator, discriminator, optimizer_g, optimizer_d, real, noise):
        return ...

    with pytest.raises(NotAttempted):
        q.training_step.check(step)


def test_the_message_of_a_step_shows_the_first_weights_that_differ():
    with pytest.raises(NotYet) as outcome:
        q.training_step.check(made(orders="fdbsgBS"))
    assert str(outcome.value).count(" after step ") == 2  # one network in each of the two rows


TestChapter41 = chapter_tests(q, generator, discriminator_loss, generator_loss, training_step)
