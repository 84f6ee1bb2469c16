"""One node: its disk's files, its cgroup, its cables, and the programs that run in it."""
