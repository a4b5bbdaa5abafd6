"""Who is held out: by identity, never by clip, so that validation sees nobody who taught."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from facewright.errors import InputError


def held_out(identities: Collection[str], wanted: Sequence[str], seed: int = 0) -> frozenset[str]:
    """The identities of the validation split.

    Args:
        identities: everybody in the pack.
        wanted: names of identities, or one fraction of them, at least 0 and below 1;
            nobody where empty.
        seed: of the choice for a fraction, which hangs on names and seed alone.

    Raises:
        InputError: an unknown name, a bad fraction, or nobody left to learn from.
    """
    everybody = set(identities)
    fraction = _fraction(wanted)
    if fraction is None:
        if unknown := sorted(set(wanted) - everybody):
            raise InputError(
                f"hold_out: nobody is called {unknown[0]!r}; there are"
                f" {', '.join(map(repr, sorted(everybody)[:20]))}"
            )
        chosen = set(wanted)
    else:
        order = sorted(everybody, key=lambda name: _place(name, seed))
        count = max(1, round(fraction * len(order))) if fraction else 0
        chosen = set(order[:count])
    if chosen == everybody:
        raise InputError(f"hold_out: leaves nobody of {len(everybody)} identities to learn from")
    return frozenset(chosen)


def _place(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()


def _fraction(wanted: Sequence[str]) -> float | None:
    if len(wanted) != 1:
        return None
    try:
        fraction = float(wanted[0])
    except ValueError:
        return None
    if not 0 <= fraction < 1:
        raise InputError(f"hold_out: expected a fraction of 0 to below 1, got {wanted[0]}")
    return fraction
