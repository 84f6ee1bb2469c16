"""Pulumi's side: stacks on the local cluster, on the stand-in, on clusters of other people."""
