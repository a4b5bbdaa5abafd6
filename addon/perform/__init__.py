# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances on the timeline.

- ``channels``  what a motion moves on a subject, by datablock and region
- ``keys``      actions and F-curves in bulk
- ``settings``  what the layers of a subject are set to
- ``layers``    strips placed, removed, opened for editing
- ``stack``, ``arrange``, ``tweak``, ``record``, ``carry``  the NLA stack behind them
- ``motion``    the plain writer that came before the layers
"""
