"""Recordings that come whole, as files: decoded block by block, cut at silences and written down."""
