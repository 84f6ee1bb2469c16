"""StatefulService: replicas of any image, each with a name, a claim and a DNS name of its own."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Mapping
from typing import Any, Final

import pulumi

from ..kubernetes.objects import KubernetesObject
from ..model.args import ANY, Checked, Late, settle
from ..storage.provide import provide
from . import container
from .any_image import StatefulServiceSpec, check_any_image
from .args import StatefulServiceArgs
from .members import TYPE, Replicas, wanted
from .objects import Pods

LATE: Final[Late] = {
    ("image",): "unknown",
    ("command", ANY): "unknown",
    ("args", ANY): "unknown",
    ("env", ANY): "unknown",
    ("config_files", ANY): "unknown",
}


class StatefulService(Replicas):
    """After `up`: replicas with a name, a claim and a DNS name each, behind a governing headless Service.

    Also a PodDisruptionBudget (one pod at a time), a NetworkPolicy (only the named ports), a ServiceAccount whose token
    no pod gets, the volumes of the storage, a ConfigMap of the files and a Secret of the secret variables. `name` is
    the name of the StatefulSet and of the Service. The pods pass Pod Security `restricted` but for what `allow` says.

    Replaces the set, and so stops every pod at once: a changed claim template (its name, size, class or access mode)
    and a changed podManagementPolicy. With durability keep the claims outlive that; with discard they go with the old
    set. In a stack file such changes are refused (components/history).

    Raises pulumi.RunError before anything is registered, with a line for everything that is wrong.
    """

    def __init__(self, name: str, args: StatefulServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        checked = settle(name, StatefulServiceSpec, without_secrets(args), rules=check_any_image, late=LATE)
        super().__init__(TYPE, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        space = wanted(
            name, checked.spec, namespace=checked.namespace, image=checked.get("image"), project=checked.project
        )
        files = self._files(name, checked)
        secret = self._secret(name, checked, args.get("secret_env") or {})
        self._make(
            name,
            pods(name, checked, files=files, secret=secret),
            provide(space, child),
            [made for made in (files, secret) if made is not None],
        )

    def _files(self, name: str, checked: Checked[StatefulServiceSpec]) -> KubernetesObject | None:
        if not checked.spec.config_files:
            return None
        return KubernetesObject(f"{name}-files", container.config_map(name, checked), self._kept_for_old_pods(checked))

    def _secret(
        self, name: str, checked: Checked[StatefulServiceSpec], values: Mapping[str, Any]
    ) -> KubernetesObject | None:
        if not values:
            return None
        hidden = pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
        opts = pulumi.ResourceOptions.merge(self._kept_for_old_pods(checked), hidden)
        return KubernetesObject(f"{name}-env", container.secret(name, checked, values), opts)

    def _kept_for_old_pods(self, checked: Checked[StatefulServiceSpec]) -> pulumi.ResourceOptions:
        """A roll-out that stops half-way on purpose leaves pods that still need what they were made with."""
        strategy = checked.spec.update_strategy
        halves = strategy.partition > 0 or strategy.type == "OnDelete"
        return pulumi.ResourceOptions(parent=self, retain_on_delete=True if halves else None)


def without_secrets(args: StatefulServiceArgs) -> dict[str, Any]:
    """The arguments as a stack file would have them: a secret's key in its place."""
    fields: dict[str, Any] = dict(args)
    if fields.get("secret_env"):
        fields["secret_env"] = dict.fromkeys(fields["secret_env"], "given")
    return fields


def pods(
    name: str,
    checked: Checked[StatefulServiceSpec],
    *,
    files: KubernetesObject | None,
    secret: KubernetesObject | None,
) -> Pods:
    """The pods, told the names of their ConfigMap and Secret."""
    spec = checked.spec
    allowed = spec.allow.words
    return Pods(
        namespace=checked.namespace,
        spec=spec,
        ports=container.ports(spec),
        containers=(container.container(name, checked, secret.object_name if secret else None),),
        uid=spec.uid,
        volumes=container.volumes(spec, files.object_name if files else None),
        sysctls=container.PRIVILEGED_PORTS if container.PRIVILEGED_WORD in allowed else None,
        publish_not_ready=spec.publish_not_ready,
        allowed=allowed,
    )
