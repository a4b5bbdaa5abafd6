# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances on the timeline.

- ``motion``  Motion -> F-curves, written in bulk, one NLA strip per source
"""
