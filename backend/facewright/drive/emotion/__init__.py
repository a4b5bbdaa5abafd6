"""Emotion prompts -> what they do to a face.

``units``       FACS action units on the default model's blendshapes
``styles``      ten styles as action units at η = 1, 2, 3; the code z_emo; ``synthesise``
``combining``   ``combine``: emotion and speech on one mouth
``lexicon``     emotion words of two dozen languages, degrees, negations, "then"
``encoders``    texts -> vectors: the sentence encoder that ships, CLIP's text tower
``projection``  vectors -> codes, with its weights
``reading``     compounds, opposites, degrees
``text``        prompt -> ``Reading``: all of these together
``cues``        prompts on a time line -> ``EmotionTrack``, a function of time
"""

from facewright.drive.emotion.combining import combine
from facewright.drive.emotion.styles import CODE, STYLES, affect, code_of, synthesise

__all__ = ["CODE", "STYLES", "affect", "code_of", "combine", "synthesise"]
