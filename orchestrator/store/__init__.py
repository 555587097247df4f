"""Conversations in a database: what was acknowledged outlives the process."""
