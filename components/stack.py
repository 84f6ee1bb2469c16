"""A whole stack: one component for each workload of the stack file, all on the target's cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes import Provider

from components import history, kubeconfig, made
from components.config import KubiaWorkload, NginxWorkload, StackConfig, Target, Workload
from components.config.cloud_sql import CloudSqlSpec
from components.config.mysql import MySqlWorkload
from components.config.mysql_xtrabackup import XtrabackupWorkload
from components.config.storage import StaticBackend
from components.config.workloads import StatefulWorkload
from components.kubia import Kubia, KubiaArgs
from components.mysql import ReplicatedMySql, ReplicatedMySqlArgs, XtrabackupMySql, XtrabackupMySqlArgs
from components.nginx import Nginx, NginxArgs

Outputs = Mapping[str, Any]


def deploy(stack: StackConfig) -> dict[str, Outputs]:
    """Registers every workload; returns each one's outputs by its name.

    Before that it refuses a cluster that is not there, and edits that the data of the last `up` would not survive.
    """
    if wrong := kubeconfig.problem(stack.target):
        raise pulumi.RunError(f"1 problem in this stack's config:\n{wrong}")
    before = made.read()
    history.refuse(stack, before)
    opts = pulumi.ResourceOptions(providers=[cluster(stack.target)])
    return {
        name: {**build(name, workload, stack, opts), **claims_noted(workload, before.workloads.get(name))}
        for name, workload in stack.workloads.items()
    }


def claims_noted(workload: Workload, before: made.MadeWorkload | None) -> Outputs:
    """How many ordinals ever had a claim, as an output: volumes beyond them are the ones that may be taken away."""
    if not isinstance(workload, StatefulWorkload) or not isinstance(workload.storage, StaticBackend):
        return {}
    last = workload.ordinal_range.stop
    return {"claimed": max(last, history.most_claimed(before)) if before and before.volumes else last}


def cluster(target: Target) -> Provider:
    """The target's cluster. The context is always sent, so that a kubeconfig's current one decides nothing."""
    return Provider(
        "cluster",
        context=target.context,
        kubeconfig=target.kubeconfig,
        # A changed ConfigMap or Secret is updated; by default it would be deleted first, under the pods that mount it.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


def build(name: str, workload: Workload, stack: StackConfig, opts: pulumi.ResourceOptions) -> Outputs:
    """Registers one workload by its kind."""
    namespace, project = stack.target.namespace, stack.project
    match workload:
        case KubiaWorkload():
            return Kubia(name, KubiaArgs(namespace=namespace, workload=workload, project=project), opts).outputs
        case NginxWorkload():
            return Nginx(name, NginxArgs(namespace=namespace, workload=workload, project=project), opts).outputs
        case MySqlWorkload():
            passwords = {account: stack.passwords[key] for account, key in workload.password_keys}
            mysql = ReplicatedMySqlArgs(namespace=namespace, workload=workload, passwords=passwords, project=project)
            return ReplicatedMySql(name, mysql, opts).outputs
        case XtrabackupWorkload():
            passwords = {account: stack.passwords[key] for account, key in workload.password_keys}
            seeds = XtrabackupMySqlArgs(namespace=namespace, workload=workload, passwords=passwords, project=project)
            return XtrabackupMySql(name, seeds, opts).outputs
        case CloudSqlSpec():
            return managed_mysql(name, workload, stack, opts)


def managed_mysql(name: str, spec: CloudSqlSpec, stack: StackConfig, opts: pulumi.ResourceOptions) -> Outputs:
    """A Cloud SQL workload, whose component alone brings in pulumi_gcp."""
    from components.cloud_sql import CloudSqlMySql, CloudSqlMySqlArgs

    passwords = {user.name: stack.passwords[user.password_key] for user in spec.users}
    args = CloudSqlMySqlArgs(namespace=stack.target.namespace, spec=spec, passwords=passwords)
    return CloudSqlMySql(name, args, opts).outputs
