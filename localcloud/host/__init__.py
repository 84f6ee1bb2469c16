"""What the cluster needs of the machine it is on: places, processes, locks, words on a terminal."""
