"""What breaks a set and mends it again, one file a family. Drills, cluster tests and the soak make them."""
