"""What a turn costs, measured from outside: sessions in real time against a running server, and the floor."""
