"""Speech -> Motion; one module per driver."""
