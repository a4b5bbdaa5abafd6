"""TGDM: the texture-geometry-aware diffusion model (TGDM, sections 3.1 and 4.3).

``layers``    TexAtt, AdaIN and the condition C
"""
