"""The morphable face: coefficients, bases, landmarks, motion, formats.

``model``          ``MorphableModel``, ``Part``, ``LandmarkEmbedding`` (TGDM eq. 7)
``coefficients``   ``Coefficients`` rho in R^261 (TGDM eq. 6)
``names``          the default model's 64 blendshapes, the ARKit 52 first
``motion``         ``Motion``, a performance per frame, and its files
``library``        ``load_model``: the default model and users' own by path
``build``          makes the default model; ``data`` holds it, with its card
``adapters``       models in foreign formats: ICT-FaceKit, BFM 2009 and 2019, FLAME
``retarget``       motion moves from one model to another
``motion_io``      motion as .npz, ARKit .csv and .json
``mesh_io``        meshes as OBJ, PLY and GLB, read with limits and checked
``archive``        .npz files read with limits; ``reading``, any model file
"""
