"""Commands that are no experiments: what the members are now, and what goes away again."""
