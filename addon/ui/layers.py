# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers in the interface: what shows in which region, whose keys are edited."""

from __future__ import annotations

from ..perform import settings


def register() -> None:
    settings.register()


def unregister() -> None:
    settings.unregister()
