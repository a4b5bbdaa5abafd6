"""The gRPC service: contract, sessions, limits, transport security."""
