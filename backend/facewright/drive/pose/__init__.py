"""How the head moves while somebody speaks; one driver per kind.

``base``       what a head driver takes and gives; drivers by name: ``create("prior")``
``sound``      what the head hears, on the grid of its positions
``diffusion``  GoHD's process over poses (eq. 1-4)
``conformer``, ``denoiser``  its two networks and their weights
``stitch``     long sequences from windows, made of one noise
``generate``   the driver ``diffusion``
``prior``      the driver ``prior``: the seeded prior of :mod:`facewright.drive.head`
"""

from facewright.drive.pose.base import HeadDriver, create, names, register
from facewright.drive.pose.diffusion import GUIDANCE

__all__ = ["DEFAULT", "GUIDANCE", "HeadDriver", "create", "names", "register"]

#: What moves the head unless told otherwise.
DEFAULT = "prior"


def _prior() -> HeadDriver:
    from facewright.drive.pose.prior import Prior

    return Prior()


def _diffusion() -> HeadDriver:
    from facewright.drive.pose.generate import Diffusion

    return Diffusion()


register("prior", _prior)
register("diffusion", _diffusion)
