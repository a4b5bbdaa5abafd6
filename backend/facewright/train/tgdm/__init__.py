"""Training of TGDM.

``trainer``        the loop: seeded, resumable, on one CPU, one GPU or many
``plan``           what a run is made of
``batches``        from a data set to the network
``state``          checkpoints
``log``            the run's log
``stopping``       SIGTERM and Ctrl-C
``losses``         eq. 18-21
``perceptual``     eq. 20, by LPIPS or without weights
``paper_recipe``   the published network: presets and objective
``paper_pairs``    what it is trained on
``shots``          the same from a pack
``proof``          is it a diffusion model? (``proof_pictures``: what it shows)
``recipes``        the networks over the reprojection
``pairs``          what they are trained on
``rendering``      the same from a pack
``crops``          batches of it
``augment``        what pairs undergo
``objective``      their losses
``sheets``         samples to look at
"""
