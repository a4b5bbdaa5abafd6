"""The morphable face: coefficients, bases, landmarks, motion, formats.

``model``          ``MorphableModel``, ``Part``, ``LandmarkEmbedding`` (TGDM eq. 7)
``coefficients``   ``Coefficients`` rho in R^261 (TGDM eq. 6)
``motion``         ``Motion``, a performance per frame, and its files
``library``        ``load_model``: the default model and users' own by path
"""
