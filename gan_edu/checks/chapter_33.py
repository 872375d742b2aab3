"""Questions of chapter 33: the field of a game, a turn, how much a step shrinks, the largest step, an average."""

import math

import numpy as np

from gan_edu.checks.engine import NotYet, discussion, question

# --- the gradient field


@question(
    "The field of a game",
    hints=(
        "Each player follows minus the derivative of its own loss by its own weight. The derivative of softplus(t) is "
        "σ(t), that of softplus(-t) is -σ(-t).",
        "The generator's loss is softplus(-θψ): minus its derivative by θ is ψ·σ(-θψ). The discriminator's is "
        "ln 2 + softplus(θψ) + γ/2·ψ²: minus its derivative by ψ is …",
        "v_theta = psi * sigmoid(-theta * psi) and v_psi = -theta * sigmoid(theta * psi) - gamma * psi, with "
        "sigmoid(t) = 1 / (1 + math.exp(-t)).",
    ),
    insight="θ·v_θ + ψ·v_ψ is -θψ·tanh(θψ/2) - γψ². Both terms pull inwards. But near the middle the first is of "
    "fourth order and the penalty of second order, so there the penalty does nearly all the work.",
    probes=lambda: [(1.0, 1.0, 0.0), (1.0, 1.0, 0.5), (-0.5, 2.0, 0.3), (2.0, -1.0, 1.0)],
)
def gradient_field(theta, psi, gamma):
    def sigmoid(t):
        return 1 / (1 + math.exp(-t))

    return psi * sigmoid(-theta * psi), -theta * sigmoid(theta * psi) - gamma * psi


def _sigmoid(t):
    return 1 / (1 + math.exp(-t))


@gradient_field.misconception(
    "the minimax generator, with σ(θψ). The non-saturating one minimises softplus(-θψ): its factor is σ(-θψ)."
)
def _minimax_instead_of_non_saturating(theta, psi, gamma):
    return psi * _sigmoid(theta * psi), -theta * _sigmoid(theta * psi) - gamma * psi


@gradient_field.misconception(
    "gradients without the minus: this is where the losses *grow*. Both players go down their own loss."
)
def _uphill(theta, psi, gamma):
    return -psi * _sigmoid(-theta * psi), theta * _sigmoid(theta * psi) + gamma * psi


@gradient_field.misconception(
    "a generator that goes up its loss: it wants a *high* logit at θ, so it walks uphill on ψx."
)
def _generator_flees(theta, psi, gamma):
    return -psi * _sigmoid(-theta * psi), -theta * _sigmoid(theta * psi) - gamma * psi


@gradient_field.misconception("swapped results: the generator's component, v_theta, comes first.")
def _swapped_results(theta, psi, gamma):
    return -theta * _sigmoid(theta * psi) - gamma * psi, psi * _sigmoid(-theta * psi)


@gradient_field.misconception(
    "half of the penalty's pull. The loss has γ/2·ψ², and the 2 of its derivative cancels the half."
)
def _half_of_penalty(theta, psi, gamma):
    return psi * _sigmoid(-theta * psi), -theta * _sigmoid(theta * psi) - gamma / 2 * psi


@gradient_field.misconception(
    "twice the penalty's pull. R1 is γ/2 times the squared slope, so its derivative is γψ. (Some published code leaves "
    "the ½ out; its γ is then half of ours.)"
)
def _penalty_without_half(theta, psi, gamma):
    return psi * _sigmoid(-theta * psi), -theta * _sigmoid(theta * psi) - 2 * gamma * psi


@gradient_field.misconception("no penalty: γ is never used. It pulls ψ back, by -γψ.")
def _no_penalty(theta, psi, gamma):
    return psi * _sigmoid(-theta * psi), -theta * _sigmoid(theta * psi)


@gradient_field.misconception("a penalty that pushes outwards: minus the derivative of γ/2·ψ² is -γψ, towards slope 0.")
def _penalty_with_wrong_sign(theta, psi, gamma):
    return psi * _sigmoid(-theta * psi), -theta * _sigmoid(theta * psi) + gamma * psi


@gradient_field.misconception("a penalty on the generator. It is a part of the *discriminator's* loss, and pulls at ψ.")
def _penalty_on_generator(theta, psi, gamma):
    return psi * _sigmoid(-theta * psi) - gamma * theta, -theta * _sigmoid(theta * psi)


# --- one turn


def _run_step(candidate, theta, psi, h, gamma):
    asked = []

    def push(theta, psi, gamma):
        asked.append((theta, psi))
        return gradient_field.answer(theta, psi, gamma)

    return candidate(push, theta, psi, h, gamma)


@question(
    "Taking turns",
    hints=(
        "Two moves, one after the other. What does the generator see when it is its turn: the old ψ or the new one?",
        "First psi moves by h times the second component of field(theta, psi, gamma). Then theta moves by h times the "
        "first component of the field at a *new* place. Which?",
        "psi = psi + h * field(theta, psi, gamma)[1], and then theta = theta + h * field(theta, psi, gamma)[0].",
    ),
    insight="Only one line differs, and the determinant of the linear map changes from 1 - hγ + h²/4 to 1 - hγ. The "
    "outward push of simultaneous steps, h²/4, is gone.",
    run=_run_step,
    probes=lambda: [(1.0, 1.0, 0.5, 0.0), (1.0, 1.0, 0.5, 0.4), (-0.4, 0.8, 1.0, 0.3), (2.0, 0.1, 0.1, 1.0)],
)
def alternating_turn(field, theta, psi, h, gamma):
    psi = psi + h * field(theta, psi, gamma)[1]
    theta = theta + h * field(theta, psi, gamma)[0]
    return theta, psi


@alternating_turn.misconception(
    "simultaneous steps: the generator still sees the old ψ. Compute its push after ψ has moved."
)
def _simultaneous(field, theta, psi, h, gamma):
    v_theta, v_psi = field(theta, psi, gamma)
    return theta + h * v_theta, psi + h * v_psi


@alternating_turn.misconception(
    "the generator first. Asked for is: the discriminator moves, and the generator answers."
)
def _generator_first(field, theta, psi, h, gamma):
    theta = theta + h * field(theta, psi, gamma)[0]
    return theta, psi + h * field(theta, psi, gamma)[1]


@alternating_turn.misconception("swapped components: field gives (v_theta, v_psi), the discriminator's is number 1.")
def _swapped_components(field, theta, psi, h, gamma):
    psi = psi + h * field(theta, psi, gamma)[0]
    return theta + h * field(theta, psi, gamma)[1], psi


@alternating_turn.misconception("a minus before the step. The field already is *minus* the gradients: add h times it.")
def _minus_the_field(field, theta, psi, h, gamma):
    psi = psi - h * field(theta, psi, gamma)[1]
    return theta - h * field(theta, psi, gamma)[0], psi


@alternating_turn.misconception("swapped results: return theta first, then psi.")
def _swapped_pair(field, theta, psi, h, gamma):
    return alternating_turn.answer(field, theta, psi, h, gamma)[::-1]


@alternating_turn.misconception("a step without its size: each push must be multiplied by h.")
def _without_step_size(field, theta, psi, h, gamma):
    return alternating_turn.answer(field, theta, psi, 1.0, gamma)


@alternating_turn.misconception(
    "only the push, without the place where it starts: the new θ is the old one plus h times it."
)
def _only_the_push(field, theta, psi, h, gamma):
    new = alternating_turn.answer(field, theta, psi, h, gamma)
    return new[0] - theta, new[1] - psi


@alternating_turn.misconception("a field without its penalty: pass gamma on to it.")
def _gamma_lost(field, theta, psi, h, gamma):
    return alternating_turn.answer(field, theta, psi, h, 0.0)


# --- how much a step shrinks


def _matrix(gamma):
    return np.array([[0.0, 0.5], [-0.5, -gamma]])


@question(
    "How much a step shrinks the distance",
    hints=(
        "Near the middle one simultaneous step multiplies (θ, ψ) by the matrix I + hJ. What happens after a hundred "
        "steps depends on its eigenvalues' sizes.",
        "np.linalg.eigvals gives the eigenvalues, complex ones too. The size of a complex number is its absolute "
        "value; the largest one wins in the long run.",
        "np.abs(np.linalg.eigvals(np.eye(2) + h * np.array([[0, 0.5], [-0.5, -gamma]]))).max()",
    ),
    insight="A factor of 0.995 looks harmless. It takes 460 steps to come ten times nearer: ln 10 / 0.005.",
    probes=lambda: [(0.5, 0.0), (0.2, 0.1), (0.5, 0.1), (1.0, 2.0), (2.0, 2.0), (0.0, 1.0)],
    tol=1e-6,
)
def shrink_factor(h, gamma):
    jacobian = np.array([[0, 0.5], [-0.5, -gamma]])
    return np.abs(np.linalg.eigvals(np.eye(2) + h * jacobian)).max()


@shrink_factor.misconception(
    "the largest *real part*. For the flow that is what counts; a step shrinks by the absolute value."
)
def _real_part(h, gamma):
    return np.linalg.eigvals(np.eye(2) + h * _matrix(gamma)).real.max()


@shrink_factor.misconception("the eigenvalues of hJ. A step adds to what was there before: the matrix is I + hJ.")
def _without_identity(h, gamma):
    return np.abs(np.linalg.eigvals(h * _matrix(gamma))).max()


@shrink_factor.misconception(
    "the smallest eigenvalue. In the long run the slowest direction, the largest one, is left."
)
def _smallest(h, gamma):
    return np.abs(np.linalg.eigvals(np.eye(2) + h * _matrix(gamma))).min()


@shrink_factor.misconception(
    "the flow's factor, e^{hλ}. Steps of gradient descent are not the flow: without a penalty |1 + hλ| is above 1, "
    "and |e^{hλ}| is exactly 1."
)
def _flow(h, gamma):
    return np.exp(h * np.linalg.eigvals(_matrix(gamma)).real.max())


@shrink_factor.misconception("the determinant. That is the product of both eigenvalues: how much *areas* shrink.")
def _determinant(h, gamma):
    return np.abs(np.linalg.det(np.eye(2) + h * _matrix(gamma)))


@shrink_factor.misconception("the matrix' norm, how much one step can stretch at most; not what many steps do.")
def _norm(h, gamma):
    return np.linalg.norm(np.eye(2) + h * _matrix(gamma), 2)


@shrink_factor.misconception("the square of the factor. Take the root.")
def _squared(h, gamma):
    return np.abs(np.linalg.eigvals(np.eye(2) + h * _matrix(gamma))).max() ** 2


@shrink_factor.misconception("alternating steps. Asked for are simultaneous ones, I + hJ.")
def _alternating(h, gamma):
    turn = np.array([[1, h / 2], [0, 1]]) @ np.array([[1, 0], [-h / 2, 1 - h * gamma]])
    return np.abs(np.linalg.eigvals(turn)).max()


@shrink_factor.misconception("a Wasserstein game, with 1 where J has ½. The sigmoid at 0 is ½.")
def _slope_one(h, gamma):
    return np.abs(np.linalg.eigvals(np.eye(2) + h * np.array([[0.0, 1.0], [-1.0, -gamma]]))).max()


# --- the largest step


@question(
    "The largest step",
    hints=(
        "Two cases. Up to γ = 1 the eigenvalues are complex (at 1, double), and |1 + hλ|² = 1 - hγ + h²/4.",
        "Beyond γ = 1 both are real and negative: λ = -γ/2 ± √(γ² - 1)/2. The step fails first where 1 + hλ reaches "
        "-1. For which of the two is that?",
        "4γ for γ ≤ 1. For γ > 1: h = 2/|λ| with the eigenvalue farther left, |λ| = (γ + √(γ² - 1))/2.",
    ),
    insight="4/(γ + √(γ² - 1)) is the same as 4γ - 4√(γ² - 1). So near the middle the largest steps are possible at "
    "γ = 1, the same γ at which the flow shrinks fastest. From far away the game needs smaller steps (section 4). "
    "For a network nobody knows beforehand how its logits depend on its weights, so one has to try.",
    probes=lambda: [(0.1,), (0.5,), (1.0,), (2.0,), (5.0,), (1.25,), (0.0,)],
)
def largest_step(gamma):
    if gamma <= 1:
        return 4 * gamma
    return 4 / (gamma + math.sqrt(gamma**2 - 1))


@largest_step.misconception(
    "4γ everywhere. It comes from complex eigenvalues, and beyond γ = 1 they are real: the left one overshoots first."
)
def _four_gamma_everywhere(gamma):
    return 4 * gamma


@largest_step.misconception(
    "the eigenvalue nearer to 0, beyond γ = 1. It would allow a large step; but the other one leaves the unit circle "
    "earlier."
)
def _right_eigenvalue(gamma):
    return 4 * gamma if gamma <= 1 else 4 / (gamma - math.sqrt(gamma**2 - 1))


@largest_step.misconception(
    "a Wasserstein game, with 1 where J has ½. There the limit is γ, up to γ = 2; here it is 4γ, up to γ = 1."
)
def _slope_one_limit(gamma):
    return gamma if gamma <= 2 else 4 / (gamma + math.sqrt(gamma**2 - 4))


@largest_step.misconception("alternating steps: 4(√(1 + γ²) - γ) is their limit. Asked for are simultaneous ones.")
def _alternating_limit(gamma):
    return 4 * (math.sqrt(1 + gamma**2) - gamma)


@largest_step.misconception(
    "2/γ, as if the discriminator were alone with its penalty. That is nearly right for very large γ; the generator "
    "adds a little."
)
def _discriminator_alone(gamma):
    return 2 / gamma if gamma > 1 else 4 * gamma


@largest_step.misconception("half of the limit beyond γ = 1: 1 + hλ may go on from 0 down to -1, so hλ may reach -2.")
def _stops_at_zero(gamma):
    return 4 * gamma if gamma <= 1 else 2 / (gamma + math.sqrt(gamma**2 - 1))


@largest_step.misconception("the *best* step, where 1 - hγ + h²/4 is smallest. Asked for is where it comes back to 1.")
def _best_step(gamma):
    return 2 * gamma if gamma <= 1 else 2 / (gamma + math.sqrt(gamma**2 - 1))


@largest_step.misconception("the condition of alternating steps with complex eigenvalues, hγ < 1.")
def _one_over_gamma(gamma):
    return 1 / gamma if gamma else math.inf


# --- an average


@question(
    "An average without a past",
    hints=(
        "All values so far get a weight: the newest 1, the one before β, then β², … At the end divide by the sum of "
        "the weights that were given.",
        "Keep two running numbers: total = β·total + value, and weight = β·weight + 1. Both begin at 0.",
        "In the loop: total = beta * total + value; weight = beta * weight + 1; append total / weight.",
    ),
    insight="Long after the start the sum of the weights is 1/(1 - β), and this is the usual EMA. The beginning "
    "differs: the untrained network gets no more than its share, and that soon is hardly anything.",
    probes=lambda: [
        ([1.0, 0.0, 0.0], 0.5),
        ([2.0, 2.0, 2.0, 2.0], 0.9),
        ([1.0, 3.0, -2.0, 5.0, 0.5], 0.8),
        ([1.0, 2.0, 4.0], 0.0),
    ],
)
def average(values, beta):
    total, weight, means = 0.0, 0.0, []
    for value in values:
        total = beta * total + value
        weight = beta * weight + 1
        means.append(total / weight)
    return means


def _ema(values, beta, mean):
    means = []
    for value in values:
        mean = beta * mean + (1 - beta) * value
        means.append(mean)
    return means


@average.misconception(
    "an average that starts at 0 and isn't corrected: equal values of 2 don't give 2. Divide by the sum of the weights."
)
def _starts_at_zero(values, beta):
    return _ema(values, beta, 0.0)


@average.misconception(
    "an average that starts at the first value and keeps it with weight β^t, far more than its share. Count its weight "
    "like every other one's."
)
def _starts_at_first(values, beta):
    return _ema(values, beta, values[0])


@average.misconception("β and 1 - β swapped: β is the share of the *past*, and near 1 means a long memory.")
def _swapped_beta(values, beta):
    return _ema(values, 1 - beta, values[0])


@average.misconception()
def _swapped_beta(values, beta):
    return average.answer(values, 1 - beta)


@average.misconception("a plain mean of all values so far. Older ones should count less, by β for each step.")
def _plain_mean(values, beta):
    return [sum(values[: n + 1]) / (n + 1) for n in range(len(values))]


@average.misconception("only the last average. Asked for is one for each step.")
def _only_last(values, beta):
    return average.answer(values, beta)[-1]


@average.misconception("weights turned round: the *newest* value has weight 1, and older ones β, β², …")
def _oldest_counts_most(values, beta):
    means = []
    for n in range(1, len(values) + 1):
        weights = [beta**k for k in range(n)]
        means.append(sum(w * v for w, v in zip(weights, values, strict=False)) / sum(weights))
    return means


@average.misconception(
    "weighted sums that are never divided by the sum of the weights: equal values of 2 must give 2 every time."
)
def _never_divided(values, beta):
    total, sums = 0.0, []
    for value in values:
        total = beta * total + value
        sums.append(total)
    return sums


@average.test
def _(learner):
    values = [1.0, 2.0, 3.0]
    learner(values, 0.5)
    if values != [1.0, 2.0, 3.0]:
        raise NotYet("the list of values as it was", "a changed one", looks_like="averages written into the input.")


# --- a diagnosis


@discussion(
    "A diagnosis",
    hints=(
        "Is there a place where training has come to rest? What does the gradient do in a local optimum, and what does "
        "it do here?",
        "Which of the two measures changes the real part of an eigenvalue? What does a larger step do to a spiral?",
    ),
)
def diagnosis():
    """It is no local optimum: there all gradients would be near zero and nothing would move. Something that comes back
    every few thousand steps, with gradients as large as ever, is probably turning: complex eigenvalues with hardly any
    damping. A restart leads to the same circle from another side.

    A larger learning rate makes it worse. Each simultaneous step multiplies the squared radius by about 1 + h² times
    the squared frequency, and a limit cycle grows like the root of h. A discriminator that learns faster, alone, damps
    nothing: two time scales only multiply a damping that is there.

    I would first add R1 (several γ, each three times the one before; mind the factor ½ in its definition), keep
    alternating steps, and perhaps lower the rate. An EMA of the generator hides the turning from the samples. It is
    worth having if its memory is short compared with the run. I would judge by a measure of the samples over several
    seeds, late in training. The losses are those of a moving opponent and tell little.

    And I would stay modest: two numbers near a solution tell what can happen in a direction without width. Whether it
    happens in this network, only the comparison with and without the penalty shows."""
