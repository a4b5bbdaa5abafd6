"""Speech -> brows and lids, one module per way: ``create("prior")``.

``base``     what one takes and gives; found by name
``prior``    brow raises on accents and phrase starts, by the literature
``feature``  the 21-d eye motion feature (GoHD, figure 4) and its inverse
``network``  GoHD's two-stage expression predictor (eq. 5-8)
``gohd``     that predictor as a way to move brows and lids: needs weights
"""

from facewright.drive.upper.base import DEFAULT, UpperFace, create, names, register
from facewright.drive.upper.gohd import Predicted
from facewright.drive.upper.prior import Prior

__all__ = ["DEFAULT", "UpperFace", "create", "names", "register"]

register("prior", Prior)
register("gohd", Predicted)
