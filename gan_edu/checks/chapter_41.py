"""Questions of chapter 41: the generator, the two losses, one training step, and what the curves can't say."""

import inspect
from types import FunctionType

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from gan_edu.checks.engine import NotYet, discussion, question, value_of
from gan_edu.checks.probes import SLIPS_OF_LOSSES, gradient_reaches, known_errors
from gan_edu.checks.values import close, describe

# --- the generator


@question(
    "A generator of two layers",
    hints=(
        "Two methods: __init__ makes the layers and keeps them (self.… = …), forward(z) sends z through them.",
        "Two linear layers, noise_dim → hidden and hidden → 784, each with its bias. After the first comes "
        "LeakyReLU(0.2); after the second something that ends between -1 and 1.",
        "super().__init__() first, then self.net = nn.Sequential(nn.Linear(noise_dim, hidden), nn.LeakyReLU(0.2), …, "
        "nn.Tanh()), and forward returns self.net(z).",
    ),
    insight="Whatever such a net learns, its images lie on a folded sheet of at most 100 dimensions in a space of 784 "
    "dimensions. The sheet fills none of the volume. That is one reason why a strong discriminator can tell the images "
    "from real ones.",
)
class Generator(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(noise_dim, hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(hidden, 784),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.net(z)


class _Wrong(nn.Module):
    """The right net, as a base of the wrong ones."""

    end = nn.Tanh()
    middle = nn.LeakyReLU(0.2)

    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(noise_dim, hidden), self.middle, nn.Linear(hidden, 784), self.end)

    def forward(self, z):
        return self.net(z)


@Generator.misconception(
    "a net that isn't set up before it gets its layers: super().__init__() is the first line of __init__."
)
class _missing_super_init(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        self.net = nn.Linear(noise_dim, 784)


@Generator.misconception(
    "sizes written as numbers where an argument belongs: use noise_dim and hidden, so that other sizes work as well."
)
class _hard_coded_sizes(_Wrong):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()


@Generator.misconception(
    "layers that nn.Module doesn't know: in a plain list, or made in forward. No optimizer can train "
    "them. Keep each in self.…, or in nn.Sequential."
)
class _layers_not_registered(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()
        self.layers = [nn.Linear(noise_dim, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 784), nn.Tanh()]

    def forward(self, z):
        for layer in self.layers:
            z = layer(z)
        return z


@Generator.misconception(
    "images as squares. Here they are rows of 784 numbers, (N, 784), as the discriminator takes them. Reshape only "
    "to show them."
)
class _image_shape(_Wrong):
    def forward(self, z):
        return self.net(z).reshape(-1, 28, 28)


@Generator.misconception(
    "noise drawn inside forward, instead of the z that comes in. Then nobody can choose z, for instance to see the "
    "same image again."
)
class _ignores_input(_Wrong):
    def forward(self, z):
        return self.net(torch.randn_like(z))


@Generator.misconception(
    "a sigmoid at the end: pixels from 0 to 1. Black is -1 here, and no weights could make it. tanh reaches from -1 to "
    "1."
)
class _sigmoid_output(_Wrong):
    end = nn.Sigmoid()


@Generator.misconception(
    "no bound at the end: with large weights the numbers leave [-1, 1], and are no pixels any more. tanh keeps them "
    "inside."
)
class _no_output_activation(_Wrong):
    end = nn.Identity()


@Generator.misconception(
    "a ReLU at the end: nothing below 0, although black is -1, and no bound above. tanh has both bounds."
)
class _relu_output(_Wrong):
    end = nn.ReLU()


@Generator.misconception(
    "values cut off at -1 and 1 (clamp, Hardtanh). Beyond these bounds the gradient is 0, so a pixel that is wrong "
    "there can't be mended. tanh bends smoothly."
)
class _clamped_output(_Wrong):
    end = nn.Hardtanh()


@Generator.misconception(
    "no activation between the two layers. Two linear layers in a row can do no more than one: put a LeakyReLU there."
)
class _no_hidden_activation(_Wrong):
    middle = nn.Identity()


@Generator.misconception(
    "another activation than LeakyReLU(0.2) between the two layers, or something besides it (a norm, a dropout)."
)
class _other_hidden_activation(_Wrong):
    middle = nn.ReLU()


@Generator.misconception()
class _other_hidden_activation(_Wrong):
    middle = nn.LeakyReLU(0.01)


@Generator.misconception()
class _other_hidden_activation(_Wrong):
    middle = nn.Tanh()


@Generator.misconception("a layer without its bias. nn.Linear has one, unless you say bias=False.")
class _without_bias(nn.Module):
    def __init__(self, noise_dim=100, hidden=128):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(noise_dim, hidden, bias=False), nn.LeakyReLU(0.2), nn.Linear(hidden, 784, bias=False), nn.Tanh()
        )

    def forward(self, z):
        return self.net(z)


@Generator.misconception(
    "a bend at 0 behind the second layer, such as a LeakyReLU before the tanh. Between the second layer and the end "
    "there is nothing."
)
class _bend_before_the_end(_Wrong):
    end = nn.Sequential(nn.LeakyReLU(0.2), nn.Tanh())


@Generator.misconception(
    "a .detach(), .data or torch.no_grad() inside the generator: no gradient reaches its weights, so it can't learn."
)
class _no_gradient(_Wrong):
    def forward(self, z):
        return self.net(z).detach()


def _made(learner, *sizes):
    """The learner's generator of these sizes, and a function that gives noise for it: n → (n, noise_dim)."""
    call = f"Generator({', '.join(map(str, sizes))})"
    try:
        inspect.signature(learner).bind(*sizes)
    except TypeError:
        raise NotYet(
            f"a class that {call} makes an object of: __init__(self, noise_dim=100, hidden=128)",
            f"__init__{inspect.signature(learner)}",
            looks_like="arguments without their default values, or others than the question asks for.",
        ) from None
    try:
        net = learner(*sizes)
    except AttributeError as error:
        if "before Module.__init__()" not in str(error):
            raise
        raise NotYet(f"{call} makes a net", f"AttributeError: {error}", looks_like="missing_super_init") from None
    if not isinstance(net, nn.Module):
        raise NotYet("a class that inherits from nn.Module", net, looks_like="a class without (nn.Module) in its head.")
    dtype = next((parameter.dtype for parameter in net.parameters()), torch.float32)
    noise_dim = sizes[0] if sizes else 100
    return net, lambda n: torch.randn(n, noise_dim, dtype=dtype)


@Generator.test
def _(learner):
    net, noise = _made(learner)
    try:
        images = net(noise(5))
    except Exception as error:
        error.on_input = "z of shape (5, 100)"
        raise
    if torch.is_tensor(images) and tuple(images.shape) in ((5, 28, 28), (5, 1, 28, 28)):
        raise NotYet("shape (5, 784)", f"shape {tuple(images.shape)}", looks_like="image_shape")
    images = value_of(net, noise(5), shape=(5, 784))
    if not _sizes(net):
        raise NotYet("parameters to train", "none in Generator().parameters()", looks_like="layers_not_registered")
    z, other = noise(5), noise(5)
    with torch.no_grad():
        if _seeded(net, z).equal(_seeded(net, other)):
            constant = net(z).equal(net(other))
            looks = "perhaps weights that all start at 0, or a forward that doesn't use z." if constant else None
            raise NotYet("other images for another z", "the same", looks_like=looks or "ignores_input")
        if not net(z).allclose(net(z), atol=1e-6):
            looks = "something random in the net besides z, such as dropout."
            raise NotYet("the same images for the same z", "others each time", looks_like=looks)
    if not net.training:
        raise NotYet("a net in training mode", "one in evaluation mode", looks_like="an .eval() too many.")
    reached = gradient_reaches(net, images)
    if len(reached) < len(list(net.parameters())):
        missing = sorted({name for name, _ in net.named_parameters()} - set(reached))
        got = f"none for {', '.join(missing)}"
        looks = "a layer that forward doesn't use, or a .detach() on the way." if reached else "no_gradient"
        raise NotYet("a gradient for each parameter", got, looks_like=looks)


def _seeded(net, z):
    """The images for z; a net that draws its own noise always draws the same."""
    torch.manual_seed(0)
    return net(z)


def _sizes(net):
    """The sizes of all weight matrices, each as (smaller, larger)."""
    return sorted(sorted(parameter.shape) for parameter in net.parameters() if parameter.ndim == 2)


@Generator.test
def _(learner):
    for sizes in ((), (7, 16)):
        noise_dim, hidden = sizes or (100, 128)
        net, noise = _made(learner, *sizes)
        right = sorted([sorted((noise_dim, hidden)), sorted((hidden, 784))])
        found = _sizes(net)
        if found != right:
            fixed = sizes and any(100 in size or 128 in size for size in found)
            raise NotYet(
                f"two weight matrices: {noise_dim} → {hidden} and {hidden} → 784",
                f"these sizes: {', '.join(f'{a} and {b}' for a, b in found)}",
                on=f"Generator({', '.join(map(str, sizes))})",
                looks_like="hard_coded_sizes" if fixed else None,
            )
        value_of(net, noise(4), shape=(4, 784))


@Generator.test
def _(learner):
    net, noise = _made(learner)
    net.eval()
    z, other = noise(64), noise(64)
    with torch.no_grad():
        _range_is_right(net, z)
        inputs = {"z": z, "other": other, "sum": z + other, "zero": torch.zeros_like(z)}
        at = {name: net(x).clamp(-0.999, 0.999).atanh() for name, x in inputs.items()}
    bend = at["sum"] + at["zero"] - at["z"] - at["other"]  # 0 if what goes into the tanh is linear (plus a constant)
    if bend.abs().max() < 1e-3 * at["z"].abs().max():
        raise NotYet("a net that bends", "a straight one", looks_like="no_hidden_activation")


@Generator.test
def _(learner):
    """It computes f(W₂ LeakyReLU(W₁ z + b₁) + b₂) with its own weights, where f is smooth and odd."""
    for sizes in ((), (7, 16)):
        noise_dim, hidden = sizes or (100, 128)
        net, noise = _made(learner, *sizes)
        on = f"Generator({', '.join(map(str, sizes))})"
        shapes = sorted(tuple(parameter.shape) for parameter in net.parameters())
        vectors = [shape for shape in shapes if len(shape) == 1]
        if sorted(vectors) != [(hidden,), (784,)]:
            looks = "without_bias" if len(vectors) < 2 else "other_hidden_activation"
            got = f"{len(shapes)} of shapes {', '.join(map(str, shapes))}"
            raise NotYet("two weight matrices and two biases", got, on=on, looks_like=looks)
        first, second = _oriented(net, noise_dim, hidden), _oriented(net, hidden, 784)
        biases = {len(p): p for p in net.parameters() if p.ndim == 1}
        with torch.no_grad():
            for parameter in net.parameters():  # no weight and no bias is small, so that each of them counts
                parameter.copy_(torch.randn_like(parameter) / 4)
            z = noise(200)
            sums = z @ first + biases[hidden]
            right, images = F.leaky_relu(sums, 0.2) @ second + biases[784], net(z)
        order = right.flatten().argsort()
        right, images = right.flatten()[order].double().numpy(), images.flatten()[order].double().numpy()
        if np.diff(images).min() < -1e-4:
            looks = "other_hidden_activation"
            raise NotYet("tanh(W₂ LeakyReLU(W₁ z + b₁) + b₂), slope 0.2", "other numbers", on=on, looks_like=looks)
        middle = np.abs(right) < 2
        mirrored = -np.interp(-right[middle], right, images)
        if np.abs(mirrored - images[middle]).max() > 0.05:
            raise NotYet("nothing but an end like tanh", "a bend at 0", on=on, looks_like="bend_before_the_end")


def _oriented(net, inputs, outputs):
    """The weight matrix from `inputs` to `outputs` numbers, as (inputs, outputs)."""
    weights = [p for p in net.parameters() if sorted(p.shape) == sorted((inputs, outputs))]
    return weights[0] if tuple(weights[0].shape) == (inputs, outputs) else weights[0].T


def _range_is_right(net, z):
    """Scale the weights up from small to large: where do the pixels stop, and how? Puts the weights back."""
    kept = [parameter.clone() for parameter in net.parameters()]
    for parameter in net.parameters():
        parameter.mul_(1.3**-25)
    cut = None
    for _ in range(65):
        images = net(z)
        high = images.abs() > 0.99
        if cut is None and high.float().mean() > 0.05:
            # in one step of 1.3 no tanh can go from below 0.99 to what float32 rounds to 1
            cut = (images[high].abs() == 1).float().mean() > 0.5
        for parameter in net.parameters():
            parameter.mul_(1.3)
    low, top = images.min().item(), images.max().item()
    for parameter, before in zip(net.parameters(), kept, strict=True):
        parameter.copy_(before)
    if low >= -0.01 and top <= 1.001:
        looks = "sigmoid_output"
    elif low >= -0.01:
        looks = "relu_output"
    elif top > 1.001 or low < -1.001:
        looks = "no_output_activation"
    elif top < 0.99 or low > -0.99:
        looks = "an activation that doesn't reach from black to white. tanh does."
    elif cut:
        looks = "clamped_output"
    else:
        return
    bounds = f"from {low:.3g} to {top:.3g}" + (", cut off at the bounds" if looks == "clamped_output" else "")
    raise NotYet("pixels from -1 to 1, smoothly", bounds, on="weights made very large", looks_like=looks)


# --- the two losses


def _loss(learner, *logits):
    """What learner gives for logits; errors that tell their cause are named."""
    slips = SLIPS_OF_LOSSES | {"dimension out of range": "mean_over_wrong_axis"}
    with known_errors("a loss", slips, on=f"logits of shape {tuple(logits[0].shape)}"):
        return learner(*logits)


def _loss_d(candidate, real_logits, fake_logits):
    return _loss(candidate, real_logits, fake_logits)


def _loss_g(candidate, fake_logits):
    return _loss(candidate, fake_logits)


def _gradient_arrives(learner, *names):
    logits = [torch.tensor([0.5, -1.0, 2.0], requires_grad=True) for _ in names]
    loss = learner(*logits)
    if not torch.is_tensor(loss) or not loss.requires_grad:
        raise NotYet("a loss with a gradient", "a number that backward() can't go through", looks_like="no_gradient")
    gradients = torch.autograd.grad(loss.sum(), logits, allow_unused=True)
    for name, gradient in zip(names, gradients, strict=True):
        if gradient is None:
            raise NotYet(f"a gradient for {name}", "none arrives there", looks_like="detached_logits")


_SIGMOID_FIRST = (
    "a sigmoid before binary_cross_entropy_with_logits. That function has the sigmoid inside: give it the logits."
)
_LOG_OF_SIGMOID = (
    "the logarithm of a sigmoid in two steps. At a logit of 120 the sigmoid is rounded to 1, and log(1 - "
    "1) is lost. F.logsigmoid or …_with_logits do both at once."
)
_LOG_OF_SMALL_SIGMOID = (
    "the logarithm of a sigmoid in two steps. At a logit of -120 the sigmoid is rounded to 0, and its logarithm is "
    "-inf. F.logsigmoid or …_with_logits do both at once."
)
_BCE_WITHOUT = (
    "binary_cross_entropy, which wants probabilities, with logits. There is one made for logits: "
    "F.binary_cross_entropy_with_logits."
)
_TARGETS = (
    "targets of another shape than the logits, which may come as (N,) or (N, 1), for any N. torch.ones_like(logits) "
    "always fits."
)
_NOT_REDUCED = "one loss for each sample. Training needs a single number: their mean."
_SUM = "a sum over the samples instead of their mean. Then the step size depends on how many there are."
_WRONG_AXIS = "a mean along one axis only, which leaves (N, 1) logits unaveraged: .mean() without an axis takes all."
_NO_GRADIENT = (
    "an .item(), a float() or a .detach() around the loss. Keep the tensor for backward(), take the number for a plot."
)


@question(
    "The discriminator's loss",
    hints=(
        "The discriminator sorts real from generated: an ordinary classification into two classes, 1 and 0. Which "
        "samples get which?",
        "Binary cross-entropy, once for the real logits (target 1) and once for the fake ones (target 0). "
        "F.binary_cross_entropy_with_logits takes logits as they are.",
        "F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits)), plus the same for the fakes "
        "with zeros.",
    ),
    insight="For the best discriminator there could be, this loss is 2 ln 2 minus twice the Jensen–Shannon divergence "
    "between real and generated data: the lower it can get, the further apart they are.",
    run=_loss_d,
    probes=lambda: [
        (torch.zeros(3), torch.zeros(3)),
        (torch.tensor([2.0, -1.0, 0.5]), torch.tensor([-1.5, 0.0, 1.0])),
        (2 * torch.randn(4, 1), 2 * torch.randn(4, 1)),
        (torch.tensor([-120.0, 3.0]), torch.tensor([120.0, 1.0])),  # exp(-120) is 0 in float32
    ],
)
def discriminator_loss(real_logits, fake_logits):
    real_loss = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake_loss = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real_loss + fake_loss


@discriminator_loss.misconception("swapped labels. Here real samples have the target 1, generated ones 0.")
def _swapped_labels(real_logits, fake_logits):
    return F.softplus(real_logits).mean() + F.softplus(-fake_logits).mean()


@discriminator_loss.misconception(_SIGMOID_FIRST)
def _sigmoid_before_bce_with_logits(real_logits, fake_logits):
    return F.softplus(-real_logits.sigmoid()).mean() + F.softplus(fake_logits.sigmoid()).mean()


@discriminator_loss.misconception(_LOG_OF_SIGMOID)
def _log_of_sigmoid(real_logits, fake_logits):
    return -real_logits.sigmoid().log().mean() - (1 - fake_logits.sigmoid()).log().mean()


@discriminator_loss.misconception()
def _log_of_sigmoid(real_logits, fake_logits):
    real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
    return F.binary_cross_entropy(real, torch.ones_like(real)) + F.binary_cross_entropy(fake, torch.zeros_like(fake))


@discriminator_loss.misconception(_BCE_WITHOUT)
def _bce_without_sigmoid(real_logits, fake_logits):
    ones, zeros = torch.ones_like(real_logits), torch.zeros_like(fake_logits)
    return F.binary_cross_entropy(real_logits, ones) + F.binary_cross_entropy(fake_logits, zeros)


@discriminator_loss.misconception(_TARGETS)
def _target_of_another_shape(real_logits, fake_logits):
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones(len(real_logits), 1))
    return real + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros(len(fake_logits), 1))


@discriminator_loss.misconception(
    "half of the loss: one mean over real and generated samples together. Here the two means are added, "
    "so that guessing costs 2 ln 2."
)
def _halved(real_logits, fake_logits):
    return (F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()) / 2


@discriminator_loss.misconception(
    "only the real half. A discriminator that calls everything real would have no loss at all: the fakes belong in it."
)
def _forgets_fakes(real_logits, fake_logits):
    return F.softplus(-real_logits).mean()


@discriminator_loss.misconception(
    "only the fake half. A discriminator that calls everything fake would have no loss at all: the real ones belong "
    "in it."
)
def _forgets_real(real_logits, fake_logits):
    return F.softplus(fake_logits).mean()


@discriminator_loss.misconception(_SUM)
def _sum_instead_of_mean(real_logits, fake_logits):
    return F.softplus(-real_logits).sum() + F.softplus(fake_logits).sum()


@discriminator_loss.misconception(_WRONG_AXIS)
def _mean_over_wrong_axis(real_logits, fake_logits):
    return F.softplus(-real_logits).mean(-1) + F.softplus(fake_logits).mean(-1)


@discriminator_loss.misconception(_NOT_REDUCED)
def _not_reduced(real_logits, fake_logits):
    return F.softplus(-real_logits) + F.softplus(fake_logits)


@discriminator_loss.misconception(_NO_GRADIENT)
def _no_gradient(real_logits, fake_logits):
    return (F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()).item()


@discriminator_loss.misconception(
    "detached logits. Detach the images, before the discriminator sees them: its own weights lie behind, "
    "and must learn from the fakes too."
)
def _detached_logits(real_logits, fake_logits):
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits.detach()).mean()


@discriminator_loss.test
def _(learner):
    _gradient_arrives(learner, "real_logits", "fake_logits")


@question(
    "The generator's loss",
    hints=(
        "What does the generator want the discriminator to say about its images?",
        "It takes the discriminator's loss on *real* images and pretends that the fakes were some: target 1.",
        "F.binary_cross_entropy_with_logits(fake_logits, …), with a tensor of ones of the same shape.",
    ),
    insight="At a logit of -5 (the fake is found out) the slope of this loss is e⁵ ≈ 148 times that of the saturating "
    "one, log(1 - D); for each single sample both point the same way.",
    run=_loss_g,
    probes=lambda: [
        torch.zeros(3),
        torch.tensor([-1.5, 0.0, 2.0]),
        2 * torch.randn(4, 1),
        torch.tensor([-120.0, 1.0]),
        torch.tensor([120.0, -1.0]),
    ],
)
def generator_loss(fake_logits):
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


@generator_loss.misconception(
    "the saturating loss, log(1 - D(G(z))). It is flat just where the discriminator is sure that a fake is one, which "
    "is where the generator starts. Asked for is -log D(G(z))."
)
def _saturating_instead_of_non_saturating(fake_logits):
    return -F.softplus(fake_logits).mean()


@generator_loss.misconception()
def _saturating_instead_of_non_saturating(fake_logits):
    return (1 - fake_logits.sigmoid()).log().mean()


@generator_loss.misconception(
    "swapped labels: target 0 is what the discriminator wants for fakes. With it the generator would learn to be "
    "found out; it wants to hear 1."
)
def _swapped_labels(fake_logits):
    return F.softplus(fake_logits).mean()


@generator_loss.misconception(
    "the right logarithm without its minus sign: log D(G(z)) is what the generator wants large, and an optimizer makes "
    "its loss small."
)
def _missing_minus(fake_logits):
    return F.logsigmoid(fake_logits).mean()


@generator_loss.misconception(_SIGMOID_FIRST)
def _sigmoid_before_bce_with_logits(fake_logits):
    return F.softplus(-fake_logits.sigmoid()).mean()


@generator_loss.misconception(_LOG_OF_SMALL_SIGMOID)
def _log_of_sigmoid(fake_logits):
    return -fake_logits.sigmoid().log().mean()


@generator_loss.misconception()
def _log_of_sigmoid(fake_logits):
    return F.binary_cross_entropy(fake_logits.sigmoid(), torch.ones_like(fake_logits))


@generator_loss.misconception(_BCE_WITHOUT)
def _bce_without_sigmoid(fake_logits):
    return F.binary_cross_entropy(fake_logits, torch.ones_like(fake_logits))


@generator_loss.misconception(_TARGETS)
def _target_of_another_shape(fake_logits):
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones(len(fake_logits), 1))


@generator_loss.misconception(_SUM)
def _sum_instead_of_mean(fake_logits):
    return F.softplus(-fake_logits).sum()


@generator_loss.misconception(_WRONG_AXIS)
def _mean_over_wrong_axis(fake_logits):
    return F.softplus(-fake_logits).mean(-1)


@generator_loss.misconception(_NOT_REDUCED)
def _not_reduced(fake_logits):
    return F.softplus(-fake_logits)


@generator_loss.misconception(_NO_GRADIENT)
def _no_gradient(fake_logits):
    return F.softplus(-fake_logits).mean().item()


@generator_loss.test
def _(learner):
    _gradient_arrives(learner, "fake_logits")


# --- one training step


class _SGD(torch.optim.SGD):
    """Plain gradient steps (Adam would hide a wrong size of the gradient) that note who was called, in `log`."""

    def __init__(self, name, net, lr, log, arrived):
        super().__init__(net.parameters(), lr=lr)
        self.name, self.log, self.arrived = name, log, arrived

    def step(self, closure=None):
        parameters = self.param_groups[0]["params"]
        has_gradient = any(p.grad is not None and bool(p.grad.any()) for p in parameters)
        self.log.append((self.name, has_gradient, dict(self.arrived)))
        return super().step(closure)


class _Table:
    """Two nets with two weights each, so that all of them can be shown; their optimizers; and what happens to them.

    log, at each optimizer step: (net, did it have a gradient, arrived until then).
    arrived: how often a gradient has reached each net.
    """

    def __init__(self, logits="(N, 1)"):
        self.log, self.arrived = [], {"generator": 0, "discriminator": 0}
        self.generator, g = nn.Linear(1, 1), (0.8, -0.3)
        linear, d = nn.Linear(1, 1), (0.6, 0.2)
        for net, (weight, bias) in ((self.generator, g), (linear, d)):
            nn.init.constant_(net.weight, weight)
            nn.init.constant_(net.bias, bias)
        self.discriminator = linear if logits == "(N, 1)" else nn.Sequential(linear, nn.Flatten(0))
        self.optimizer_g = _SGD("generator", self.generator, 0.7, self.log, self.arrived)
        self.optimizer_d = _SGD("discriminator", self.discriminator, 0.5, self.log, self.arrived)
        for name in self.arrived:
            next(getattr(self, name).parameters()).register_hook(lambda _, name=name: self._arrives(name))

    def _arrives(self, name):
        self.arrived[name] += 1

    def arguments(self, turn=0):
        """For one call of training_step; each turn has other data."""
        real = torch.tensor([[1.5], [2.5], [2.0]]) + turn
        noise = torch.tensor([[-1.0], [0.5], [2.0]]) * (1 - turn / 2)
        return self.generator, self.discriminator, self.optimizer_g, self.optimizer_d, real, noise

    def weights(self):
        return {
            name: torch.cat([p.detach().flatten() for p in getattr(self, name).parameters()])
            for name in ("generator", "discriminator")
        }


_LEFT_BEHIND = "an .eval() or requires_grad_(False) that is not taken back. The next step finds the nets like that."


def _two_steps(candidate, logits):
    """The weights after one step, and after another."""
    table, after = _Table(logits), {}
    for turn in range(2):
        if _one_step(candidate, table, turn) is ...:
            return ...
        after |= {f"{name} after step {turn + 1}": weights for name, weights in table.weights().items()}
    return after


def _one_step(candidate, table, turn):
    """What candidate gives; NotYet for what can be seen without the weights."""
    table.log.clear()
    table.arrived.update(generator=0, discriminator=0)
    slips = {
        "second time": "no_detach",
        "inplace operation": "generator_loss_through_old_discriminator",
        "does not require grad": "loss_without_gradient",
    }
    with known_errors("a step without an error", slips):
        result = candidate(*table.arguments(turn))
    if result is ...:
        return result
    for name in ("generator", "discriminator"):
        net = getattr(table, name)
        if not all(module.training for module in net.modules()):
            raise NotYet(f"a {name} in training mode afterwards", "evaluation mode", looks_like=_LEFT_BEHIND)
        if not all(parameter.requires_grad for parameter in net.parameters()):
            raise NotYet(f"a {name} that can learn afterwards", "frozen weights", looks_like=_LEFT_BEHIND)
    order = [name for name, _, _ in table.log]
    for name, other in (("discriminator", "generator"), ("generator", "discriminator")):
        if order.count(name) > 1:
            raise NotYet(
                f"one update of the {name}",
                f"{order.count(name)} of them, in the order {', '.join(order)}",
                looks_like=f"updates_{name}_in_{other}_step",
            )
    for name in ("discriminator", "generator"):
        if name not in order:
            raise NotYet(f"one update of the {name}", "none", looks_like=f"forgets_{name}_update")
        has_gradient, arrived = table.log[order.index(name)][1:]
        if not has_gradient:
            if order == ["generator", "discriminator"] and arrived["discriminator"] and not arrived["generator"]:
                looks = "swapped_optimizers"
            elif arrived[name]:
                looks = "zero_grad_after_backward"
            elif name == "generator" and arrived["discriminator"] > 1:
                looks = "detached_fake_in_generator_step"
            else:
                looks = "missing_backward"
            got = f"optimizer_{name[0]}.step() found no gradient there, so nothing changed"
            raise NotYet(f"a step that changes the {name}", got, looks_like=looks)
    if order == ["generator", "discriminator"]:
        raise NotYet(
            "the discriminator's update before the generator's",
            "the other way round",
            looks_like="generator_before_discriminator",
        )
    return result


@question(
    "One step of training",
    hints=(
        "Two halves. First the discriminator: fakes from the noise, its loss on real and fake, its update. Then the "
        "generator: what does the discriminator, as it is now, say about the fakes?",
        "Each half has the same three lines: zero_grad() of the optimizer, backward() of the loss, step() of the "
        "optimizer. In the first half the discriminator sees fake.detach(), in the second fake itself.",
        "fake = generator(noise); loss_d = discriminator_loss(discriminator(real), discriminator(fake.detach())); its "
        "three lines with optimizer_d; loss_g = generator_loss(discriminator(fake)); its three lines with "
        "optimizer_g; return both.",
    ),
    insight="The .detach() changes no weight here, as long as the generator's gradients are zeroed right before its "
    "own backward(). It saves time: a backward pass through the generator that nobody needs.",
    run=_two_steps,
    probes=lambda: [("(N, 1)",), ("(N,)",)],
)
def training_step(generator, discriminator, optimizer_g, optimizer_d, real, noise):
    fake = generator(noise)
    loss_d = discriminator_loss(discriminator(real), discriminator(fake.detach()))
    optimizer_d.zero_grad()
    loss_d.backward()
    optimizer_d.step()

    loss_g = generator_loss(discriminator(fake))
    optimizer_g.zero_grad()
    loss_g.backward()
    optimizer_g.step()
    return loss_d.item(), loss_g.item()


# In the notebook these two names are the learner's functions; in this file they are questions, and this their answers.
_LOSSES = {"discriminator_loss": discriminator_loss.answer, "generator_loss": generator_loss.answer}
training_step.answer = FunctionType(training_step.answer.__code__, globals() | _LOSSES)


def _update(optimizer, loss, zero=True):
    if zero:
        optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _d_loss(d, real, fake):
    return F.softplus(-d(real)).mean() + F.softplus(d(fake)).mean()


def _g_loss(d, fake):
    return F.softplus(-d(fake)).mean()


@training_step.misconception(
    "a missing zero_grad(). backward() adds to the gradients of the step before, and in the "
    "discriminator to those of the generator's loss. Clear them before each backward()."
)
def _missing_zero_grad(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake.detach()), zero=False)
    _update(opt_g, _g_loss(d, fake), zero=False)


@training_step.misconception()
def _missing_zero_grad(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake.detach()), zero=False)
    _update(opt_g, _g_loss(d, fake))


@training_step.misconception()
def _missing_zero_grad(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake.detach()))
    _update(opt_g, _g_loss(d, fake), zero=False)


@training_step.misconception(
    "a missing .detach(). The discriminator's loss puts gradients into the generator. Detach the fakes "
    "there, and zero the generator's gradients right before its own backward()."
)
def _no_detach(g, d, opt_g, opt_d, real, noise):
    opt_g.zero_grad()
    _update(opt_d, _d_loss(d, real, g(noise)))
    _update(opt_g, _g_loss(d, g(noise)), zero=False)


@training_step.misconception()
def _no_detach(g, d, opt_g, opt_d, real, noise):
    _update(opt_d, _d_loss(d, real, g(noise)))
    _update(opt_g, _g_loss(d, g(noise)), zero=False)


@training_step.misconception()
def _no_detach(g, d, opt_g, opt_d, real, noise):
    _update(opt_d, _d_loss(d, real, g(noise)), zero=False)
    _update(opt_g, _g_loss(d, g(noise)), zero=False)


@training_step.misconception()
def _no_detach(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake))
    _update(opt_g, _g_loss(d, fake))


@training_step.misconception(
    "optimizer_d.step() in the generator's half. The generator's loss reaches the discriminator as well, and asks it "
    "to be fooled: only optimizer_g may step there."
)
def _updates_discriminator_in_generator_step(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake.detach()))
    _update(opt_g, _g_loss(d, fake))
    opt_d.step()


@training_step.misconception(
    "optimizer_g.step() in the discriminator's half. What its loss says about the generator is the opposite of what "
    "the generator wants: only optimizer_d may step there."
)
def _updates_generator_in_discriminator_step(g, d, opt_g, opt_d, real, noise):
    _update(opt_d, _d_loss(d, real, g(noise)))
    opt_g.step()
    _update(opt_g, _g_loss(d, g(noise)))


@training_step.misconception("no optimizer_g.step(): the generator never changes, only its opponent does.")
def _forgets_generator_update(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake.detach()))
    opt_g.zero_grad()
    _g_loss(d, fake).backward()


@training_step.misconception(
    "no optimizer_d.step(): the discriminator never learns, and the generator fools one that knows nothing."
)
def _forgets_discriminator_update(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    opt_d.zero_grad()
    _d_loss(d, real, fake.detach()).backward()
    _update(opt_g, _g_loss(d, fake))


@training_step.misconception(
    "the generator before the discriminator. Both orders train; asked for is the usual one, in which the generator "
    "learns from a discriminator that has just seen this batch."
)
def _generator_before_discriminator(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_g, _g_loss(d, fake))
    _update(opt_d, _d_loss(d, real, fake.detach()))


@training_step.misconception(
    "a generator's loss computed before the discriminator's update, so with its old weights. Ask the discriminator "
    "again after its step: generator_loss(discriminator(fake))."
)
def _generator_loss_through_old_discriminator(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    loss_d, loss_g = _d_loss(d, real, fake.detach()), _g_loss(d, fake)
    _update(opt_d, loss_d)
    _update(opt_g, loss_g)


@training_step.misconception()
def _generator_loss_through_old_discriminator(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    opt_d.zero_grad()
    opt_g.zero_grad()
    _d_loss(d, real, fake.detach()).backward()
    _g_loss(d, fake).backward()
    opt_d.step()
    opt_g.step()


@training_step.misconception(
    "fakes that are detached (or made under torch.no_grad()) in the generator's half as well. There the gradient must "
    "go through the discriminator back into the generator."
)
def _detached_fake_in_generator_step(g, d, opt_g, opt_d, real, noise):
    fake = g(noise).detach()
    _update(opt_d, _d_loss(d, real, fake))
    _update(opt_g, _g_loss(d, fake))


@training_step.misconception(
    "zero_grad() between backward() and step(): it throws away the gradients just before they are used. The order is "
    "zero_grad, backward, step."
)
def _zero_grad_after_backward(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    for optimizer, loss in ((opt_d, lambda: _d_loss(d, real, fake.detach())), (opt_g, lambda: _g_loss(d, fake))):
        loss().backward()
        optimizer.zero_grad()
        optimizer.step()


@training_step.misconception(
    "perhaps the two optimizers in each other's place: optimizer_d belongs to the discriminator. An "
    "optimizer only moves the weights that it was made with."
)
def _swapped_optimizers(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_g, _d_loss(d, real, fake.detach()))
    _update(opt_d, _g_loss(d, fake))


@training_step.misconception("a missing backward(): step() only uses gradients, it is backward() that computes them.")
def _missing_backward(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake.detach()))
    _g_loss(d, fake)
    opt_g.zero_grad()
    opt_g.step()


@training_step.misconception(
    "a loss that has lost its gradient on the way: an .item(), a float(), a .detach() or a torch.no_grad() too many."
)
def _loss_without_gradient(g, d, opt_g, opt_d, real, noise):
    with torch.no_grad():
        loss_d = _d_loss(d, real, g(noise))
    _update(opt_d, loss_d)


@training_step.misconception(
    "swapped labels: for the discriminator real is 1 and generated 0; the generator wants 1. Are "
    "discriminator_loss's arguments in the right order, real first?"
)
def _swapped_labels(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, F.softplus(d(real)).mean() + F.softplus(-d(fake.detach())).mean())
    _update(opt_g, _g_loss(d, fake))


@training_step.misconception()
def _swapped_labels(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake.detach()))
    _update(opt_g, F.softplus(d(fake)).mean())


@training_step.misconception()
def _swapped_labels(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, F.softplus(d(real)).mean() + F.softplus(-d(fake.detach())).mean())
    _update(opt_g, F.softplus(d(fake)).mean())


@training_step.misconception(
    "the saturating loss in the generator's half, log(1 - D(G(z))). Asked for is the non-saturating one, -log D(G(z))."
)
def _saturating_instead_of_non_saturating(g, d, opt_g, opt_d, real, noise):
    fake = g(noise)
    _update(opt_d, _d_loss(d, real, fake.detach()))
    _update(opt_g, -F.softplus(d(fake)).mean())


@training_step.misconception(
    "fresh noise in the generator's half. That trains as well, but asked for is the noise that came in, once for both "
    "halves: it spares half the work of making fakes."
)
def _fresh_noise(g, d, opt_g, opt_d, real, noise):
    _update(opt_d, _d_loss(d, real, g(noise).detach()))
    _update(opt_g, _g_loss(d, g(torch.randn_like(noise))))


@training_step.misconception(
    "losses that come back in the other order. The discriminator's is the first, as in the order of the updates."
)
def _returns_swapped(g, d, opt_g, opt_d, real, noise):
    return training_step.answer(g, d, opt_g, opt_d, real, noise)[::-1]


@training_step.misconception("updates without a result: return both losses, so that they can be plotted.")
def _returns_nothing(g, d, opt_g, opt_d, real, noise):
    training_step.answer(g, d, opt_g, opt_d, real, noise)


@training_step.test
def _(learner):
    right = training_step.answer(*_Table().arguments())
    got = learner(*_Table().arguments())
    expected = "(loss_d, loss_g), the two losses that were minimised"
    if got is None:
        raise NotYet(expected, "None", looks_like="returns_nothing")
    if torch.is_tensor(got) and got.numel() == 2:
        got = tuple(got.flatten())
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise NotYet(expected, got)
    if close(tuple(right), tuple(got)):
        return
    looks = "returns_swapped" if close(tuple(right[::-1]), tuple(got)) else None
    raise NotYet(f"{expected}: {describe(right)}", got, looks_like=looks)


# --- what the curves can't say


@discussion(
    "Perfect curves, and the wrong data",
    hints=(
        "Which of your pictures, numbers and curves would have been different with the right data? The losses know "
        "only the data that the discriminator was shown.",
        "A loss of 2 ln 2 says: it can't tell these two heaps of images apart. What are the two heaps, and who is it?",
        "Think of three moments: before training (look at what?), during (beside what should the curves be seen?), and "
        "after (compare the samples with what?).",
    ),
)
def why_ln2():
    """What you may conclude: around step 100 this discriminator hardly told this generator's images from the images
    that it was given as real. That is all. The losses compare two heaps with each other; they have no idea what you
    wanted in either of them. If noise goes in as data, a generator of noise is what does well.

    What you may not conclude: that the samples look like digits, that they are good, or that training is over. A
    discriminator that has not learned yet gives the same two numbers as one with nothing left to learn. Here it was the
    former: in a hundred steps it had not found what a small generator of noise gets wrong. Trained on, its loss sinks
    (in our runs to about 1.15 at step 300, and in a longer one below 1 at step 600): the perfect curves were a passing
    stage. With digits the curves look worse at step 100 (about 0.98 and 0.57), because digits and what a generator
    makes in its first steps are easier to tell apart.

    How you could have noticed. Before training: plot a batch of the very tensor that goes into the step, and print its
    shape, range, mean and standard deviation; four fifths of MNIST's pixels are black, and noise has no such share.
    During: look at samples from the same noise again and again, beside real ones, and at the curves of a run that is
    known to be good: losses are read by comparison. After: compare the samples with images that were loaded in another
    way, such as a test set. A fresh discriminator, a classifier of digits, the nearest neighbours: each of them would
    find noise at once. And a habit for every experiment: swap in data that must give a bad result. If your curves
    don't mind, don't judge by them."""
