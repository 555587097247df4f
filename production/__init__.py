"""Production on a GPU: what starts there, and everything about it that can be checked without one."""
