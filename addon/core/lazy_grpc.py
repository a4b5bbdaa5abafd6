# SPDX-License-Identifier: GPL-3.0-or-later
"""gRPC, imported when something of it is first asked for; no bpy.

``from . import lazy_grpc as grpc`` reads as the real one and costs nothing while the add-on
is enabled, which Blender does at every start.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    import grpc

    return getattr(grpc, name)
