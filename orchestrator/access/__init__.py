"""Who may ask for what: callers, their scopes and the keys that they show."""
