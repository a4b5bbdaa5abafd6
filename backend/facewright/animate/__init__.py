"""Subject and geometry frames -> frames; one module per animator.

``base``             what an animator takes and gives; ``create(name)``
``reproject``        the photo carried along by the mesh; no learned weights
``correspondence``   geometry of any kind -> the photo's point at each pixel
``texture``          the photo laid onto the mesh; ``atlas_picture``
``atlas``            the filled texture atlas
``openings``         eyes and mouth in a photo; smooth filling
``rims``             their outlines in a frame, from a mesh
``pictured``         the same from a rendered picture
``opened``           eyes and mouth drawn where they differ from the photo's
``interior``         what a mouth shows between its lips
``warp``             how hair, neck and background follow the head
``paste``            frames back into the full picture
``tgdm``             the diffusion model on top of ``reproject``
"""

from pathlib import Path

from facewright.animate.base import Animator, create, names, register
from facewright.animate.reproject import Reproject


def _tgdm(file: Path | None = None, device: str | None = None) -> Animator:
    from facewright.animate.tgdm.animator import Tgdm

    return Tgdm(file, device)


register(Reproject.name, Reproject)
register("tgdm", _tgdm)

__all__ = ["create", "names", "register"]
