"""Subject and geometry frames -> frames; one module per animator."""
