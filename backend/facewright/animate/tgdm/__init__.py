"""TGDM: the texture-geometry-aware diffusion model (TGDM, sections 3.1 and 4.3).

``layers``          TexAtt, AdaIN and the condition C
``schedule``        how noise grows with t; x_0, x_t and ε from each other
``samplers``        from noise to a picture
``paper``           the published network
``rendered``        its conditions: I3d and ρ̂
``paper_weights``   those of the published network
``embedded``        the small network over the reprojection
``conditions``      its conditions
``noise``           noise that is anchored to the mesh
``weights``         those of the small network
``animator``        the ``tgdm`` animator
``insight``         where TexAtt looks
``inspect``         one frame of the small network, taken apart
"""
