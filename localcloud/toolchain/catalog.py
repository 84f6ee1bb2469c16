"""The tools, their pinned versions, and where each can come from."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.host.paths import KUBERNETES_VERSION

MODULES = Path(__file__).parent
PULUMI_VERSION = "3.259.0"
LANGUAGE_HOST_VERSION = "3.184.0"
YAML_HOST_VERSION = "1.25.0"
PROVIDER_VERSION = "4.25.0"
COREDNS_VERSION = "1.12.4"
ETCD_VERSION = "3.6.4"
CSI_VERSION = "1.28.1"
PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"

# The same for all, else a package that two of them use would be compiled twice. What a debugger reads is stripped by
# the linker; that the compilers do not even write it saves a fifth of their time.
BUILD_FLAGS = ("-trimpath", "-gcflags=all=-dwarf=false")


@dataclass(frozen=True)
class Release:
    """A vendor's download: an archive (or a bare program), the list of SHA-256 sums beside it, and what to take out.

    `members` maps a program to its path in the archive; for a bare program the path is empty.
    """

    url: str
    sums: str
    members: Mapping[str, str]


@dataclass(frozen=True)
class Tool:
    """One or more programs that come together.

    `on_path`: argv that prints the version of the one on PATH, `minimum` the oldest that will do (empty: never taken
    from there, it must match exactly). `releases`: empty where it is always built. `package`: the Go package to build
    in `<modules>/<name>`. `copies`: files of Go modules that belong beside the program, and `embeds` those that go into
    it, as name -> (module, path in it). `seconds` and `megabytes` are those of a build on two cores.
    """

    name: str
    version: str
    programs: Sequence[str]
    package: str
    seconds: int
    megabytes: int
    releases: Sequence[Release]
    on_path: Sequence[str] = ()
    minimum: str = ""
    ldflags: Sequence[str] = ()
    copies: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    embeds: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    modules: Path = MODULES

    @property
    def module(self) -> Path:
        return self.modules / self.name

    @property
    def key(self) -> str:
        """Names the cached result: version, platform, and the content of every pin that made it."""
        added = (sorted(self.copies.items()), sorted(self.embeds.items()))
        flags = (BUILD_FLAGS, self.ldflags)
        digest = hashlib.sha256(repr((self.version, self.programs, self.package, flags, added)).encode())
        for file in sorted(self.module.rglob("*")):
            if file.name in ("go.mod", "go.sum") or (file.suffix == ".go" and not file.name.endswith("_test.go")):
                name = file.relative_to(self.module).as_posix()
                digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
        return f"{self.name}-{self.version}-{ARCHITECTURE}-{digest.hexdigest()[:16]}"


ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
_PULUMI_ARCHITECTURE = {"amd64": "x64"}.get(ARCHITECTURE, ARCHITECTURE)

_PULUMI_RELEASES = "https://get.pulumi.com/releases"
_KUBERNETES_RELEASES = f"https://dl.k8s.io/v{KUBERNETES_VERSION}/bin/linux/{ARCHITECTURE}"
_GITHUB = "https://github.com"


def _kubernetes(program: str) -> Release:
    url = f"{_KUBERNETES_RELEASES}/{program}"
    return Release(url, f"{url}.sha256", {program: ""})


def _pulumi(programs: Sequence[str]) -> Release:
    archive = f"{_PULUMI_RELEASES}/sdk/pulumi-v{PULUMI_VERSION}-linux-{_PULUMI_ARCHITECTURE}.tar.gz"
    sums = f"{_GITHUB}/pulumi/pulumi/releases/download/v{PULUMI_VERSION}/pulumi-{PULUMI_VERSION}-checksums.txt"
    return Release(archive, sums, {program: f"pulumi/{program}" for program in programs})


_NODE_PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
)
_ETCD = f"etcd-v{ETCD_VERSION}-linux-{ARCHITECTURE}"
_COREDNS = (
    f"{_GITHUB}/coredns/coredns/releases/download/v{COREDNS_VERSION}/coredns_{COREDNS_VERSION}_linux_{ARCHITECTURE}.tgz"
)
_LANGUAGE_HOST = ("pulumi-language-python", "pulumi-language-python-exec")

TOOLS: Sequence[Tool] = (
    # In this order they are built: the first has few modules, so that little is waited for, and the last links quickly.
    Tool(
        name="coredns",
        version=COREDNS_VERSION,
        programs=("coredns",),
        package=".",
        seconds=125,
        megabytes=50,
        releases=(Release(_COREDNS, f"{_COREDNS}.sha256", {"coredns": "coredns"}),),
    ),
    Tool(
        name="node",
        version=KUBERNETES_VERSION,
        programs=_NODE_PROGRAMS,
        package=".",
        seconds=330,
        megabytes=131,
        ldflags=(
            f"-X k8s.io/component-base/version.gitVersion=v{KUBERNETES_VERSION}",
            "-X k8s.io/component-base/version.gitMajor=1",
            "-X k8s.io/component-base/version.gitMinor=34",
        ),
        releases=(
            *(_kubernetes(program) for program in _NODE_PROGRAMS[1:]),
            Release(
                f"{_GITHUB}/etcd-io/etcd/releases/download/v{ETCD_VERSION}/{_ETCD}.tar.gz",
                f"{_GITHUB}/etcd-io/etcd/releases/download/v{ETCD_VERSION}/SHA256SUMS",
                {"etcd": f"{_ETCD}/etcd"},
            ),
        ),
    ),
    Tool(
        name="csi",
        version=CSI_VERSION,
        programs=("csi-controller", "csi-node"),
        package=".",
        seconds=60,
        megabytes=95,
        ldflags=(f"-X main.version=v{CSI_VERSION}",),
        releases=(),  # Google publishes an image, and no program
    ),
    Tool(
        name="pulumi-resource-kubernetes",
        version=PROVIDER_VERSION,
        programs=("pulumi-resource-kubernetes",),
        package=".",
        seconds=375,
        megabytes=306,
        ldflags=(f"-X {PROVIDER}/pkg/version.Version={PROVIDER_VERSION}",),
        embeds={
            name: (PROVIDER, f"cmd/pulumi-resource-kubernetes/{name}")
            for name in ("schema.json", "terraform-mapping.json")
        },
        releases=(
            Release(
                f"{_PULUMI_RELEASES}/plugins/pulumi-resource-kubernetes-v{PROVIDER_VERSION}-linux-{ARCHITECTURE}.tar.gz",
                f"{_GITHUB}/pulumi/pulumi-kubernetes/releases/download/v{PROVIDER_VERSION}/"
                f"pulumi-kubernetes_{PROVIDER_VERSION}_checksums.txt",
                {"pulumi-resource-kubernetes": "pulumi-resource-kubernetes"},
            ),
        ),
    ),
    Tool(
        name="pulumi",
        version=PULUMI_VERSION,
        programs=("pulumi",),
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        seconds=215,
        megabytes=115,
        on_path=("pulumi", "version"),
        minimum=PULUMI_VERSION,
        ldflags=(f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{PULUMI_VERSION}",),
        releases=(_pulumi(("pulumi",)),),
    ),
    Tool(
        name="pulumi-language-python",
        version=LANGUAGE_HOST_VERSION,
        programs=_LANGUAGE_HOST,
        package="github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3",
        seconds=20,
        megabytes=25,
        on_path=("pulumi", "version"),
        minimum=LANGUAGE_HOST_VERSION,
        ldflags=(f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{LANGUAGE_HOST_VERSION}",),
        copies={
            "pulumi-language-python-exec": (PULUMI_SDK, "python/cmd/pulumi-language-python-exec"),
        },
        releases=(_pulumi(_LANGUAGE_HOST),),
    ),
)

YAML_HOST = Tool(
    name="pulumi-language-yaml",
    version=YAML_HOST_VERSION,
    programs=("pulumi-language-yaml",),
    package="github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    seconds=100,
    megabytes=60,
    on_path=("pulumi", "version"),
    minimum=PULUMI_VERSION,
    ldflags=(f"-X github.com/pulumi/pulumi-yaml/pkg/version.Version=v{YAML_HOST_VERSION}",),
    releases=(_pulumi(("pulumi-language-yaml",)),),
)
"""For programs of yours in YAML that use the components; no stack of this project needs it (`make yaml`)."""


SDKGEN = Tool(
    name="sdkgen",
    version=PULUMI_VERSION,
    programs=("sdkgen",),
    package=".",
    seconds=150,
    megabytes=40,
    releases=(),
)
"""It generates SDKs of the component package for Go and TypeScript; only its tests need it."""
