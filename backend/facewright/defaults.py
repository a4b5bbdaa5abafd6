"""What is taken where nobody says: one place for the command line and the service."""

from __future__ import annotations

#: The animator of frames whose animator is not named.
ANIMATOR = "reproject"
