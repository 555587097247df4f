"""Triton's perf_analyzer against the models of this repository: its installation, its input files, its start."""
