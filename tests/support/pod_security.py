"""The Pod Security Standard `restricted`, control by control, over rendered objects.

Source: kubernetes.io/docs/concepts/security/pod-security-standards as of Kubernetes 1.34; the names of the
controls, fields and allowed values are its own. `restricted` is all of `baseline` and six controls more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Spec = Mapping[str, Any]
Pod = Mapping[str, Any]
Check = Callable[[Pod], Iterator[str]]

POD_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "ReplicationController": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
ADDABLE_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"}
    | {"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
VOLUME_TYPES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"} | {"persistentVolumeClaim", "projected", "secret"}
)
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"


def restricted_errors(obj: Mapping[str, Any]) -> list[str]:
    """`<control>: <field and value>` for each violation; nothing for an object without pods."""
    path = POD_TEMPLATES.get(str(obj.get("kind")))
    if path is None:
        return []
    pod = obj
    for part in path:
        pod = pod.get(part) or {}
    return [f"{control}: {error}" for control, check in CONTROLS.items() for error in check(pod)]


def containers(pod: Pod) -> Iterator[tuple[str, Spec]]:
    """Every container with its path. Init containers and ephemeral ones are held to the same rules."""
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for container in pod.get("spec", {}).get(group) or ():
            yield f"{group}[{container.get('name')}]", container


def contexts(pod: Pod) -> Iterator[tuple[str, Spec]]:
    """The pod's and every container's securityContext."""
    yield "securityContext", pod.get("spec", {}).get("securityContext") or {}
    for path, container in containers(pod):
        yield f"{path}.securityContext", container.get("securityContext") or {}


def container_contexts(pod: Pod) -> Iterator[tuple[str, Spec]]:
    """Every container's securityContext."""
    for path, container in containers(pod):
        yield f"{path}.securityContext", container.get("securityContext") or {}


def host_process(pod: Pod) -> Iterator[str]:
    """baseline, HostProcess: windowsOptions.hostProcess is undefined or false."""
    for path, context in contexts(pod):
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            yield f"{path}.windowsOptions.hostProcess is true"


def host_namespaces(pod: Pod) -> Iterator[str]:
    """baseline, Host Namespaces: hostNetwork, hostPID, hostIPC are undefined or false."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get("spec", {}).get(field):
            yield f"{field} is true"


def privileged_containers(pod: Pod) -> Iterator[str]:
    """baseline, Privileged Containers: privileged is undefined or false."""
    for path, context in container_contexts(pod):
        if context.get("privileged"):
            yield f"{path}.privileged is true"


def added_capabilities(pod: Pod) -> Iterator[str]:
    """baseline, Capabilities: capabilities.add holds none but the runtime's default set."""
    yield from _added_beyond(pod, ADDABLE_CAPABILITIES)


def host_path_volumes(pod: Pod) -> Iterator[str]:
    """baseline, HostPath Volumes: hostPath is undefined."""
    for volume in pod.get("spec", {}).get("volumes") or ():
        if "hostPath" in volume:
            yield f"volumes[{volume.get('name')}].hostPath is set"


def host_ports(pod: Pod) -> Iterator[str]:
    """baseline, Host Ports: hostPort is undefined or 0."""
    for path, container in containers(pod):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield f"{path}.ports.hostPort is {port['hostPort']}"


def host_probes(pod: Pod) -> Iterator[str]:
    """baseline since 1.34, Host Probes / Lifecycle Hooks: host in httpGet, tcpSocket is undefined or ''."""
    for path, container in containers(pod):
        hooks = container.get("lifecycle") or {}
        handlers = {
            **{probe: container.get(probe) for probe in ("livenessProbe", "readinessProbe", "startupProbe")},
            **{f"lifecycle.{hook}": hooks.get(hook) for hook in ("postStart", "preStop")},
        }
        for field, handler in handlers.items():
            for action in ("httpGet", "tcpSocket"):
                if ((handler or {}).get(action) or {}).get("host"):
                    yield f"{path}.{field}.{action}.host is set"


def app_armor(pod: Pod) -> Iterator[str]:
    """baseline, AppArmor: RuntimeDefault, Localhost or undefined; in annotations as there, or undefined."""
    for path, context in contexts(pod):
        profile = context.get("appArmorProfile") or {}
        if profile.get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
            yield f"{path}.appArmorProfile.type is {profile['type']}"
    for key, value in (pod.get("metadata", {}).get("annotations") or {}).items():
        allowed = value in ("", "runtime/default") or value.startswith("localhost/")
        if key.startswith(APPARMOR_ANNOTATION) and not allowed:
            yield f"annotation {key} is {value}"


def se_linux(pod: Pod) -> Iterator[str]:
    """baseline, SELinux: a container type, no user and no role."""
    for path, context in contexts(pod):
        options = context.get("seLinuxOptions") or {}
        if options.get("type", "") not in SELINUX_TYPES:
            yield f"{path}.seLinuxOptions.type is {options['type']}"
        for field in ("user", "role"):
            if options.get(field):
                yield f"{path}.seLinuxOptions.{field} is {options[field]}"


def proc_mount(pod: Pod) -> Iterator[str]:
    """baseline, /proc Mount Type: procMount is undefined or Default."""
    for path, context in container_contexts(pod):
        if context.get("procMount", "Default") != "Default":
            yield f"{path}.procMount is {context['procMount']}"


def seccomp_baseline(pod: Pod) -> Iterator[str]:
    """baseline, Seccomp: RuntimeDefault, Localhost or undefined, wherever it is told."""
    for path, context in contexts(pod):
        profile = (context.get("seccompProfile") or {}).get("type", "RuntimeDefault")
        if profile not in ("RuntimeDefault", "Localhost"):
            yield f"{path}.seccompProfile.type is {profile}"


def sysctls(pod: Pod) -> Iterator[str]:
    """baseline, Sysctls: none but the namespaced ones of the safe list."""
    for sysctl in (pod.get("spec", {}).get("securityContext") or {}).get("sysctls") or ():
        if sysctl.get("name") not in SAFE_SYSCTLS:
            yield f"securityContext.sysctls has {sysctl.get('name')}"


def volume_types(pod: Pod) -> Iterator[str]:
    """restricted, Volume Types: those of VOLUME_TYPES."""
    for volume in pod.get("spec", {}).get("volumes") or ():
        for kind in volume.keys() - {"name"} - VOLUME_TYPES:
            yield f"volumes[{volume.get('name')}] is of type {kind}"


def privilege_escalation(pod: Pod) -> Iterator[str]:
    """restricted, Privilege Escalation: allowPrivilegeEscalation is false in every container."""
    for path, context in container_contexts(pod):
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{path}.allowPrivilegeEscalation is not false"


def running_as_non_root(pod: Pod) -> Iterator[str]:
    """restricted, Running as Non-root: runAsNonRoot is true for the pod or each container, never false."""
    for path, value in _inherited(pod, "runAsNonRoot"):
        if value is not True:
            yield f"{path}.runAsNonRoot is not true"


def running_as_non_root_user(pod: Pod) -> Iterator[str]:
    """restricted, Running as Non-root user: runAsUser is undefined or not 0."""
    for path, context in contexts(pod):
        if context.get("runAsUser") == 0:
            yield f"{path}.runAsUser is 0"


def seccomp_restricted(pod: Pod) -> Iterator[str]:
    """restricted, Seccomp: RuntimeDefault or Localhost, told for the pod or each container."""
    for path, profile in _inherited(pod, "seccompProfile"):
        if (profile or {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"{path}.seccompProfile.type is not RuntimeDefault"


def dropped_capabilities(pod: Pod) -> Iterator[str]:
    """restricted, Capabilities: every container drops ALL and adds none but NET_BIND_SERVICE."""
    for path, context in container_contexts(pod):
        if "ALL" not in ((context.get("capabilities") or {}).get("drop") or ()):
            yield f"{path}.capabilities.drop has no ALL"
    yield from _added_beyond(pod, frozenset({"NET_BIND_SERVICE"}))


def _added_beyond(pod: Pod, allowed: frozenset[str]) -> Iterator[str]:
    for path, context in container_contexts(pod):
        for capability in (context.get("capabilities") or {}).get("add") or ():
            if capability not in allowed:
                yield f"{path}.capabilities.add has {capability}"


def _inherited(pod: Pod, field: str) -> Iterator[tuple[str, Any]]:
    """The value of a field that holds for each container: the container's own, or else the pod's."""
    of_pod = (pod.get("spec", {}).get("securityContext") or {}).get(field)
    for path, context in container_contexts(pod):
        own = context.get(field)
        yield path, of_pod if own is None else own


CONTROLS: Mapping[str, Check] = {
    "HostProcess": host_process,
    "Host Namespaces": host_namespaces,
    "Privileged Containers": privileged_containers,
    "Capabilities (baseline)": added_capabilities,
    "HostPath Volumes": host_path_volumes,
    "Host Ports": host_ports,
    "Host Probes / Lifecycle Hooks": host_probes,
    "AppArmor": app_armor,
    "SELinux": se_linux,
    "/proc Mount Type": proc_mount,
    "Seccomp (baseline)": seccomp_baseline,
    "Sysctls": sysctls,
    "Volume Types": volume_types,
    "Privilege Escalation": privilege_escalation,
    "Running as Non-root": running_as_non_root,
    "Running as Non-root user": running_as_non_root_user,
    "Seccomp": seccomp_restricted,
    "Capabilities": dropped_capabilities,
}
