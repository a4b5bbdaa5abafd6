"""Real clips as performances: what a face did, beside what it said.

``clips``   :func:`performances`: a folder of videos, tracked once and kept
``track``   one clip's track as a file
``speakers``  folds that leave a speaker out
"""

from facewright.train.performance.clips import performances
from facewright.train.performance.speakers import Fold, folds
from facewright.train.performance.track import Performance

__all__ = ["Fold", "Performance", "folds", "performances"]
