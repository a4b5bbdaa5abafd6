"""Clips as training data: packed once, read anywhere.

- ``sources``  folders of clips and portraits -> who is on each, and its credit
- ``split``    who is held out for validation
- ``clip``     one clip -> square parts around the head, with landmarks
- ``pack``     all of them, by several processes; stopped and gone on with at will
- ``coefficients``  the morphable model, fitted to a clip
- ``points``   landmarks as compact fixed-point numbers
- ``index``    what a pack says of its clips, checked
- ``shards``   reading a pack
"""
