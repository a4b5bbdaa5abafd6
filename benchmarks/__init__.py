"""Measurements with their commands: ``python -m benchmarks`` runs them all.

Each module is a command of its own and prints the machine it ran on: numbers without one
mean nothing.
"""
