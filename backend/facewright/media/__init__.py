"""Decoding and encoding of pictures, sound and video."""
