from .gan import GAN as GAN
from .gan_session import GanSession as GanSession
from .inpainting import Inpainter as Inpainter
from .losses import LOSSES as LOSSES, critic_loss as critic_loss, generator_loss as generator_loss
from .saving import load as load
from .training_loop import GANRun as GANRun
