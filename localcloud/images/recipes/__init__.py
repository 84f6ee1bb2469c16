"""One module per image: what goes in, and what it runs as."""
