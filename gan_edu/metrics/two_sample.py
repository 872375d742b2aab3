"""A test of whether two sets of samples come from one distribution."""

from dataclasses import dataclass

import torch

from gan_edu.metrics.tables import Samples, two_tables


@dataclass(frozen=True)
class TwoSampleTest:
    """accuracy: share of held-out samples told apart, 0.5 by guessing. p_value: at most this is the chance of that
    accuracy or more if the distributions are equal. n_test: held-out samples, real and fake together."""

    accuracy: float
    p_value: float
    n_test: int

    def __repr__(self) -> str:
        return f"TwoSampleTest(accuracy {self.accuracy:.3f} on {self.n_test} samples, p = {self.p_value:.2g})"


def classifier_two_sample_test(real: Samples, fake: Samples, seed: int = 0) -> TwoSampleTest:
    """Can a classifier tell fake from real samples it was not trained on? (Lopez-Paz and Oquab 2017, arXiv 1610.06545)

    real: (N, d), fake: (M, d); both are cut to the smaller number, 20 at least, by chance. Half of each trains 100
    randomised trees, the other half tests them. Trees see differences that are not linear, and at any scale: the
    spread inside a narrow mode as well as a missing mode. With equal distributions the accuracy has the mean 1/2. The
    p-value is the tail of binomial(n_test, 1/2), the law of a classifier that says "real" as often as "fake". One that
    prefers a label scatters less, since the test holds equally many of both: then the p-value is too large, and false
    alarms are rarer than it says. The samples must be independent: overlapping windows of one series are not.
    """
    from scipy.special import bdtrc  # these two take a second, and only this function needs them
    from sklearn.ensemble import ExtraTreesClassifier

    real, fake = two_tables(real, fake, ("real", "fake"), least=20)
    chance = torch.Generator().manual_seed(seed)
    half = min(len(real), len(fake)) // 2
    real, fake = (x[torch.randperm(len(x), generator=chance)[: 2 * half]] for x in (real, fake))
    labels = torch.arange(2).repeat_interleave(half).numpy()  # 0 real, 1 fake
    trees = ExtraTreesClassifier(100, min_samples_leaf=5, random_state=seed)
    trees.fit(torch.cat([real[:half], fake[:half]]).numpy(), labels)
    answers = trees.predict(torch.cat([real[half:], fake[half:]]).numpy())
    right, n_test = int((answers == labels).sum()), 2 * half
    return TwoSampleTest(right / n_test, float(bdtrc(right - 1, n_test, 0.5)), n_test)
