# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine can draw without a display; no bpy.

Without a usable EGL, Blender's GPU start-up ends the whole process instead of raising, and
so may a broken driver. So the question is asked in a child that does what Blender will do.
"""

from __future__ import annotations

import functools
import subprocess
import sys

_PROBE = """
import ctypes, sys
SURFACELESS, OPENGL_API = 0x31DD, 0x30A2
egl = ctypes.CDLL("libEGL.so.1")
egl.eglGetProcAddress.restype = ctypes.c_void_p
address = egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT")
if not address:
    sys.exit(1)
display_of = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)
)(address)
egl.eglInitialize.argtypes = [ctypes.c_void_p] + 2 * [ctypes.POINTER(ctypes.c_int)]
display = display_of(SURFACELESS, None, None)
major, minor = ctypes.c_int(), ctypes.c_int()
good = display and egl.eglInitialize(display, ctypes.byref(major), ctypes.byref(minor))
sys.exit(0 if good and egl.eglBindAPI(OPENGL_API) else 1)
"""


@functools.cache
def usable(timeout: float = 30.0) -> bool:
    """Whether a surfaceless EGL display with desktop OpenGL starts; Linux only."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return child.returncode == 0
