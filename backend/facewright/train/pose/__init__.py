"""Learning how heads move: GoHD's head-pose diffusion, and its score beside the prior.

``takes``    tracked clips -> windows of poses and sound, augmented
``recipe``   presets and the training loop
``measure``  amplitude, spectrum, nods, stillness and jitter of head motion
``score``    a driver beside real heads of speakers it never saw
``commands`` what ``facewright train pose`` and ``evaluate-pose`` do
"""
