"""Which models there are, what is known of each, and which of them Triton serves."""
