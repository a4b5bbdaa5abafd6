"""Speech -> Motion; one module per driver.

``base``       what a driver takes and gives; drivers by name: ``create("emoa2e")``
``controls``   what a user sets
``channels``   lips, brows, lids, head and gaze as functions of time, and the face they make
``given``      a channel that comes from a motion
``smoothing``  of a performance, zero-phase, closures kept
``heard``      what the sound says, computed once for all channels
``features``   MFCCs on a 10 ms grid, clips of them at any time
``emoa2e``     the EmoA2E network (TGDM eq. 9-11) and its weights
``lips``       network output -> lips that close, rest in silence, obey the controls
``rest``       what of the photographed expression stays while a face speaks
``head``       a seeded prior for head motion; ``pose`` it and GoHD's diffusion; ``neck`` the turn
``blinks``     a seeded prior for blinks
``live``       the same while the sound comes in; ``listening``, ``live_lips`` its parts
``speaker``    the driver ``emoa2e``: all of these together
"""

from facewright.drive.base import DriveControls, Driver, Sources, create, names, register

__all__ = ["DriveControls", "Driver", "Sources", "create", "names", "register"]


def _emoa2e() -> Driver:
    from facewright.drive.speaker import Speaker

    return Speaker()


register("emoa2e", _emoa2e)
