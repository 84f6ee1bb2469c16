"""Programs for those who work on the project: measurements, mutants, the soak, and the copy that they work on."""
