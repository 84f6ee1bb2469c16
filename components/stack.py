"""A whole stack: one component for each workload of the stack file, all on the target's cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes import Provider

from components.config import StackConfig, Target, Workload
from components.kubia import Kubia, KubiaArgs


def deploy(stack: StackConfig) -> dict[str, Mapping[str, Any]]:
    """Registers every workload; returns each one's outputs by its name."""
    opts = pulumi.ResourceOptions(provider=cluster(stack.target))
    return {name: build(name, workload, stack, opts) for name, workload in stack.workloads.items()}


def cluster(target: Target) -> Provider:
    """The target's cluster. The context is always sent, so that a kubeconfig's current one decides nothing."""
    return Provider(
        "cluster",
        context=target.context,
        kubeconfig=target.kubeconfig,
        enable_config_map_mutable=True,
    )


def build(name: str, workload: Workload, stack: StackConfig, opts: pulumi.ResourceOptions) -> Mapping[str, Any]:
    """Registers one workload by its kind."""
    namespace = stack.target.namespace
    return Kubia(name, KubiaArgs(namespace=namespace, workload=workload), opts).outputs
