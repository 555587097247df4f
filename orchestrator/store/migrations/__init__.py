"""How the tables came to be, step by step; `migrating` runs what is missing."""
