"""Fetches, starts and supervises the local runtime: a real Triton and the orchestrator, on one machine."""
