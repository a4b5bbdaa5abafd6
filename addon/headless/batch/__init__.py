# SPDX-License-Identifier: GPL-3.0-or-later
"""Many dubs from one list; no bpy.

- ``manifest``  the list, checked whole
- ``ledger``    what is done, in files beside the manifest
- ``crew``      items at work, each in a process of its own
- ``shift``     one run over the list
- ``quality``   thresholds, and what is flagged
- ``report``    the outcome as JSON and HTML
"""
