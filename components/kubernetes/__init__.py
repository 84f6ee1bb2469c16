"""Kubernetes' own words: objects, names that it derives, quantities, and what every pod of ours has in common."""
