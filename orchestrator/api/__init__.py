"""The HTTP API: one file per resource, each with a function that returns its router."""
