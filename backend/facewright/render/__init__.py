"""Camera, rasteriser, shading and photo texture; knows meshes, not faces' meaning.

``camera``      ``Camera``, the one projection convention
``fragments``   ``Fragments``, what every rasteriser returns
"""
