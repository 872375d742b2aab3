"""The networks of the course, as plain `nn.Module`s. Generators carry `noise_dim`; discriminators return logits.

Nets of pictures take `shape`, (1, S, S) for grey ones and (3, S, S) for colours, with S among 28, 32, 64 and 128:
`nets.DCGANGenerator(shape=images.shape[1:])` makes pictures like those. Generators end in tanh, VAEs in logits. Nets of
series take a `length` and a number of `columns`, those of waves a `length`, and their generators have no bound.
"""

from gan_edu.nets.classifier import FeatureNet
from gan_edu.nets.conditional import (
    ConditionalBatchNorm,
    ConditionalDCGANGenerator,
    ConditionalDiscriminator,
    ConditionalGenerator,
    ProjectionDiscriminator,
    pairs,
)
from gan_edu.nets.dcgan import DCGANDiscriminator, DCGANGenerator, SubpixelGenerator, initialize_normal
from gan_edu.nets.letters import LetterTransformer
from gan_edu.nets.modes import evaluating
from gan_edu.nets.perceptron import ACTIVATIONS, Maxout, MinibatchStd, mlp
from gan_edu.nets.pyramid import SIDES, AsMaps, ToMaps, ToRows
from gan_edu.nets.residual import ResidualBlock, ResidualDiscriminator, ResidualGenerator
from gan_edu.nets.series import SeriesDiscriminator, SeriesGenerator
from gan_edu.nets.vae import VAE, Autoencoder, ConditionalVAE, ConvEncoder, ConvVAE
from gan_edu.nets.waves import PeriodDiscriminators, WaveDiscriminator, WaveGenerator

__all__ = [
    "ACTIVATIONS", "SIDES", "VAE", "AsMaps", "Autoencoder", "ConditionalBatchNorm", "ConditionalDCGANGenerator",
    "ConditionalDiscriminator", "ConditionalGenerator", "ConditionalVAE", "ConvEncoder", "ConvVAE",
    "DCGANDiscriminator", "DCGANGenerator", "FeatureNet", "LetterTransformer", "Maxout", "MinibatchStd",
    "PeriodDiscriminators", "ProjectionDiscriminator", "ResidualBlock", "ResidualDiscriminator", "ResidualGenerator",
    "SeriesDiscriminator", "SeriesGenerator", "SubpixelGenerator", "ToMaps", "ToRows", "WaveDiscriminator",
    "WaveGenerator", "evaluating", "initialize_normal", "mlp", "pairs",
]  # fmt: skip
