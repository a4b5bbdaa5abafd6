"""Metrics, boxes and side-by-side reports."""
