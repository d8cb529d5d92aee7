"""Networks that learn against each other: GANs of images and points, and repair of holes."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "gan": ["DCGAN", "GAN"],
        "gan_session": ["GanSession"],
        "inpainting": ["Inpainter"],
        "losses": ["LOSSES", "critic_loss", "generator_loss"],
        "saving": ["load"],
        "training_loop": ["GANRun"],
    },
)
