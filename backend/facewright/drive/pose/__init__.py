"""How the head moves while somebody speaks; one driver per kind.

``base``       what a head driver takes and gives; drivers by name: ``create("prior")``
``sound``      what the head hears, on the grid of its positions
``diffusion``  GoHD's process over poses (eq. 1-4)
``conformer``, ``denoiser``  its two networks and their weights
``stitch``     long sequences from windows, made of one noise
``generate``   the driver ``diffusion``
``prior``      the driver ``prior``: the seeded prior of :mod:`facewright.drive.head`
"""

from pathlib import Path

from facewright.drive.pose.base import HeadDriver, create, names, register
from facewright.drive.pose.diffusion import GUIDANCE
from facewright.errors import InputError

__all__ = ["DEFAULT", "GUIDANCE", "HeadDriver", "create", "names", "register"]

#: What moves the head unless told otherwise.
DEFAULT = "prior"


def _prior(weights: Path | None) -> HeadDriver:
    from facewright.drive.pose.prior import Prior

    if weights is not None:
        raise InputError(f"weights: head 'prior' learned nothing, got {weights}")
    return Prior()


def _diffusion(weights: Path | None) -> HeadDriver:
    from facewright.drive.pose.generate import WEIGHTS, Diffusion

    return Diffusion(weights or WEIGHTS)


register("prior", _prior)
register("diffusion", _diffusion)
