"""A finished clip, measured without a truth to hold it against.

- ``clip``      the whole: one pass over the frames, one report
- ``sync``      lips against sound
- ``likeness``  the face against a portrait
- ``steady``    flicker and frozen frames
"""

from facewright.evaluate.review.clip import Review, review_clip

__all__ = ["Review", "review_clip"]
