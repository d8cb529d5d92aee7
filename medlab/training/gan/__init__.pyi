from .adversarial import GAN as GAN
from .inpainting import Inpainter as Inpainter
from .losses import LOSSES as LOSSES, critic_loss as critic_loss, generator_loss as generator_loss
from .options import AUGMENTATIONS as AUGMENTATIONS, DCGAN as DCGAN, OPTIMIZERS as OPTIMIZERS
from .result import GANRun as GANRun
from .saving import load as load
from .session import GanSession as GanSession
