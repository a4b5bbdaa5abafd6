# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh that was there before, in the interface."""

from __future__ import annotations


def register() -> None: ...


def unregister() -> None: ...
