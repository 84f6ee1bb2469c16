"""StatefulService: replicas of any image, each with a name, a claim and a DNS name of its own."""

# Annotations here are not deferred: Pulumi reads the arguments' types from them to make SDKs for other languages.
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi

from ..kubernetes.inputs import is_late
from ..kubernetes.objects import KubernetesObject
from ..model.args import ANY, Checked, Late, settle
from ..model.errors import Finding
from ..storage.provide import provide
from . import container
from .any_image import StatefulServiceSpec, check_any_image
from .args import StatefulServiceArgs
from .members import TYPE, Replicas, wanted
from .objects import Pods, service_account

LATE: Final[Late] = {
    ("image",): "unknown",
    ("command", ANY): "unknown",
    ("args", ANY): "unknown",
    ("env", ANY): "unknown",
    ("config_files", ANY): "unknown",
}


class StatefulService(Replicas):
    """After `up` there are replicas with a name, a claim and a DNS name each, behind a governing headless Service.

    Around them there are a PodDisruptionBudget (one pod at a time), a NetworkPolicy (only the named ports), a
    ServiceAccount whose token no pod gets, the volumes of the storage, a ConfigMap with the files and a Secret with the
    secret variables. `name` is the name of the StatefulSet and of the Service. The pods pass Pod Security `restricted`
    but for what `allow` says.

    A changed claim template (its name, size, class or access mode) or podManagementPolicy replaces the set, which stops
    every pod at once. With durability keep the claims outlive that; with discard they go with the old set. In a stack
    file such changes are refused (components/history).

    Raises pulumi.RunError before anything is registered, with a line for everything that is wrong.
    """

    def __init__(self, name: str, args: StatefulServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        found = wrong_secrets(args.get("secret_env"))
        checked = settle(
            name, StatefulServiceSpec, without_secrets(args), rules=check_any_image, late=LATE, found=found
        )
        space = wanted(
            name, checked.spec, namespace=checked.namespace, image=checked.get("image"), project=checked.project
        )
        super().__init__(TYPE, name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = KubernetesObject(f"{name}-account", service_account(name, checked.namespace), child)
        files = self._files(name, checked, account)
        secret = self._secret(name, checked, account, args.get("secret_env") or {})
        self._make(
            name,
            pods(name, checked, files=files, secret=secret),
            provide(space, child),
            [made for made in (files, secret) if made is not None],
            account,
        )

    def _files(
        self, name: str, checked: Checked[StatefulServiceSpec], account: KubernetesObject
    ) -> KubernetesObject | None:
        if not checked.spec.config_files:
            return None
        owned = container.owned_by(container.config_map(name, checked), name, account)
        return KubernetesObject(f"{name}-files", owned, self._kept_for_pods_of_before())

    def _secret(
        self,
        name: str,
        checked: Checked[StatefulServiceSpec],
        account: KubernetesObject,
        values: Mapping[str, Any],
    ) -> KubernetesObject | None:
        if not values:
            return None
        hidden = pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
        opts = pulumi.ResourceOptions.merge(self._kept_for_pods_of_before(), hidden)
        owned = container.owned_by(container.secret(name, checked, values), name, account)
        return KubernetesObject(f"{name}-env", owned, opts)

    def _kept_for_pods_of_before(self) -> pulumi.ResourceOptions:
        """What a new revision replaces stays in the cluster, because pods that are not rolled yet start from it again.

        The provider does not wait for a roll-out to end, and one may stop half-way. All revisions belong to the
        ServiceAccount, and Kubernetes deletes them when that goes, which is when the workload does.
        """
        return pulumi.ResourceOptions(parent=self, retain_on_delete=True)


def without_secrets(args: StatefulServiceArgs) -> dict[str, Any]:
    """The arguments as a stack file would have them: a secret's key in its place."""
    fields: dict[str, Any] = dict(args)
    if isinstance(fields.get("secret_env"), Mapping):
        fields["secret_env"] = dict.fromkeys(fields["secret_env"], "given")
    return fields


def wrong_secrets(values: Any) -> Iterator[Finding]:
    """A finding for each secret variable whose value is known and is no text. It never shows a value."""
    for variable, value in values.items() if isinstance(values, Mapping) else ():
        if not is_late(value) and not isinstance(value, str):
            said = "missing; add it" if value is None else "not a text; write it in quotes"
            yield ("secretEnv", variable), said


def pods(
    name: str,
    checked: Checked[StatefulServiceSpec],
    *,
    files: KubernetesObject | None,
    secret: KubernetesObject | None,
) -> Pods:
    """The pods, which refer to their ConfigMap and Secret by name."""
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
