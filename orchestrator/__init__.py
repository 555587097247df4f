"""The orchestrator: WebSocket audio in, Triton's models behind, spoken answers out."""
