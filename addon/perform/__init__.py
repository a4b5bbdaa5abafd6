# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances on the timeline.

- ``channels``  what a motion moves on a subject, by datablock and region
- ``keys``      actions and F-curves in bulk
- ``settings``  what the layers of a subject are set to
- ``layers``    strips placed, removed, opened for editing
- ``follow``    strips go where their sound is, at the scene's rate
- ``bake``      all layers as plain keys, and back
- ``simplify``  fewer keys, within bounds
- ``stack``, ``arrange``, ``tweak``, ``record``, ``carry``, ``timing``, ``visuals``  behind them
"""
