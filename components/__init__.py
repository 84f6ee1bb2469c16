"""Reusable Pulumi components for workloads whose replicas each keep their own disk, name and history."""
