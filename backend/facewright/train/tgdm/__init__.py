"""Training of TGDM.

``trainer``    the loop: seeded, resumable, on one CPU, one GPU or many
``plan``       what a run is made of
``batches``    from a data set to the network
``state``      checkpoints
``log``        the run's log
``stopping``   SIGTERM and Ctrl-C
"""
