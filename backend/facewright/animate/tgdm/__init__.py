"""TGDM: the texture-geometry-aware diffusion model (TGDM, sections 3.1 and 4.3).

``layers``      TexAtt, AdaIN and the condition C
``schedule``    how noise grows with t; x_0, x_t and ε from each other
``samplers``    from noise to a picture
"""
