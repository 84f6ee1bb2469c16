"""A whole stack: one component for each workload of the stack file, all on the target's cluster."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes import Provider

from . import history
from .config import kubeconfig
from .config.loader import StackConfig
from .history import made
from .kinds import kind_of
from .kinds.contract import Outputs, Site
from .model.base import Workload
from .model.target import Target
from .stateful.spec import StatefulSpec
from .storage.backends import StaticBackend


def deploy(stack: StackConfig) -> dict[str, Outputs]:
    """Registers every workload and returns the outputs of each by its name.

    Before that it refuses a kubeconfig context that does not exist, and every edit of the stack file that the data of
    the last `up` would not survive.
    """
    if wrong := kubeconfig.problem(stack.target):
        raise pulumi.RunError(f"1 problem in this stack's config:\n{wrong}")
    before = made.read()
    history.refuse(stack, before)
    site = Site(
        namespace=stack.target.namespace,
        project=stack.project,
        secrets=stack.secrets,
        opts=pulumi.ResourceOptions(providers=[cluster(stack.target)]),
    )
    return {
        name: {
            **kind_of(workload).deploy(name, workload, site),
            **claims_noted(workload, before.workloads.get(name)),
        }
        for name, workload in stack.workloads.items()
    }


def claims_noted(workload: Workload, before: made.MadeWorkload | None) -> Outputs:
    """The output `claimed`: how many ordinals ever had a claim. Only volumes beyond those may leave the stack file."""
    if not isinstance(workload, StatefulSpec) or not isinstance(workload.storage, StaticBackend):
        return {}
    last = workload.ordinal_range.stop
    return {"claimed": max(last, history.most_claimed(before)) if before and before.volumes else last}


def cluster(target: Target) -> Provider:
    """The provider of the target's cluster. It always names the context: a kubeconfig's current one decides nothing."""
    return Provider(
        "cluster",
        context=target.context,
        kubeconfig=target.kubeconfig,
        # A changed ConfigMap or Secret is updated; by default it would be deleted first, under the pods that mount it.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )
