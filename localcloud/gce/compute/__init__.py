"""Compute Engine, as far as the stand-in has it: disks, snapshots, schedules, networks, and nodes as instances."""
