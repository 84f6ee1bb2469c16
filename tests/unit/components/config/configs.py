"""Strategies by which Hypothesis makes stack files: mostly sound ones, and the same with a mistake or two put in."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from components.config import kubeconfig

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    10**30,
    "",
    " ",
    "2",
    "Recycle",
    "pv-a",
    "Ünïcode",
    "\x00",
    "../..",
    "1Gi",
    "9999Ei",
    "europe-west1-b",
    "a" * 300,
    [],
    [None],
    {},
    {"kind": "local"},
    [[[]]],
    {"": {"": ""}},
)
ZONES = ("europe-west1-b", "europe-west1-c", "europe-west1-d", "us-east1-b")
SMALL = ("1Mi", "512Mi", "1Gi")
MIDDLE = ("1Gi", "1024Mi", "2Gi", "10Gi")
LARGE = ("10Gi", "10240Mi", "200Gi", "1Ti")
names = st.sampled_from(("a", "b", "kubia", "kubia-client", "db-read", "x" * 52))


def some(strategies: Mapping[str, st.SearchStrategy[Any]], **required: st.SearchStrategy[Any]) -> Any:
    """A strategy for maps that have the required keys and any of the optional ones."""
    return st.fixed_dictionaries(required, optional=dict(strategies))


small, middle, large = (st.sampled_from(sizes) for sizes in (SMALL, MIDDLE, LARGE))
static = {"claimSize": small, "volumeSize": middle}
gce = {
    **static,
    "type": st.sampled_from(("pd-standard", "pd-ssd")),
    "fsType": st.sampled_from(("ext4", "xfs")),
    "accessMode": st.sampled_from(("ReadWriteOnce", "ReadWriteOncePod")),
    "labels": st.just({"team": "a"}),
    "snapshots": st.just({"keepDays": 3}),
}


def listed(prefix: str, item: Any) -> st.SearchStrategy[Any]:
    """A strategy for lists of one to five items whose names differ."""
    return st.sampled_from((5, 4, 3, 1)).flatmap(
        lambda n: st.tuples(*(item(f"{prefix}-{i}", i) for i in range(n))).map(list)
    )


def local(prefix: str) -> Any:
    """A `local` backend with directories on two nodes."""

    def volume(name: str, i: int) -> Any:
        nodes = st.sampled_from(("node-0", "node-1"))
        return st.fixed_dictionaries({"name": st.just(name), "node": nodes, "path": st.just(f"/srv/{prefix}/{i}")})

    return some(static, kind=st.just("local"), volumes=listed(prefix, volume))


def disks(prefix: str) -> Any:
    """A `gce-disks` backend."""

    def disk(name: str, _: int) -> Any:
        return some({"zone": st.sampled_from(ZONES), "adopt": st.booleans()}, name=st.just(name))

    optional = {**gce, "zone": st.sampled_from(ZONES), "source": st.sampled_from(("csi", "in-tree"))}
    return some({**optional, "size": large}, kind=st.just("gce-disks"), disks=listed(prefix, disk))


def regional(prefix: str) -> Any:
    """A `regional-disks` backend."""
    required = {
        "kind": st.just("regional-disks"),
        "disks": listed(prefix, lambda name, _: st.just({"name": name})),
        "region": st.just("europe-west1"),
        "replicaZones": st.sampled_from((["europe-west1-b", "europe-west1-c"], ["europe-west1-c", "europe-west1-d"])),
        "size": large,
    }
    return some(gce, **required)


def storage(prefix: str) -> Any:
    """A storage backend of any kind."""
    dynamic = some({"className": st.just("fast"), "claimSize": small}, kind=st.just("dynamic"))
    modes = st.sampled_from(("ReadWriteMany", "ReadWriteMany", "ReadWriteOnce"))
    shared = some({}, kind=st.just("shared-claim"), claim=st.just(f"{prefix}-claim"), accessMode=modes)
    return st.one_of(local(prefix), disks(prefix), regional(prefix), dynamic, shared)


def stateful(prefix: str) -> Any:
    """A workload that is a kubia or an nginx."""
    optional = {
        "durability": st.sampled_from(("keep", "discard")),
        "podManagementPolicy": st.sampled_from(("OrderedReady", "Parallel")),
        "updateStrategy": st.sampled_from(({"type": "OnDelete"}, {"partition": 1}, {})),
        "minReadySeconds": st.integers(0, 9),
        "ordinals": st.sampled_from((0, 0, 1)).map(lambda start: {"start": start}),
        "clientService": st.booleans(),
        "clients": st.sampled_from(("namespace", "cluster", "anywhere")),
    }
    kinds = st.sampled_from(("kubia", "nginx"))
    return some(optional, kind=kinds, replicas=st.integers(0, 3), storage=storage(prefix))


targets = some(
    {"zones": st.just(list(ZONES)), "kubeconfig": st.just(kubeconfig.USUAL)},
    context=st.just("test"),
    namespace=st.sampled_from(("default", "shop")),
    kubernetesVersion=st.sampled_from(("1.34", "1.34", "1.30", "1.26")),
)
workloads = st.lists(names, min_size=1, max_size=3, unique=True).flatmap(
    lambda chosen: st.fixed_dictionaries({name: stateful(f"{name[:8]}-v") for name in chosen})
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a structure."""
    here = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in here for place in places(item, (*path, key)))]


def bent(config: list[Any], dice: random.Random) -> list[Any]:
    """A copy of a structure in which one or two values are replaced, removed or joined by an unknown key."""
    config = copy.deepcopy(config)
    for _ in range(dice.choice((1, 1, 2))):
        path = dice.choice(places(config)[1:])
        owner = config
        for step in path[:-1]:
            owner = owner[step]
        action = dice.choice(("junk", "junk", "hole", "stray"))
        if action == "hole" and isinstance(owner, dict):
            del owner[path[-1]]
        elif action == "stray" and isinstance(owner, dict):
            owner[dice.choice(("replica", "xyzzy", "", "reclaimPolicy", "é"))] = dice.choice(JUNK)
        else:
            owner[path[-1]] = copy.deepcopy(dice.choice(JUNK))
    return config


@st.composite
def families(draw: st.DrawFn, size: int) -> list[list[Any]]:
    """A list of `size` stack files: the first as drawn, the others copies of it with mistakes put in.

    Hypothesis draws only the first one and shrinks it. To draw each mistake by itself would take ten times as long.
    """
    sound = [draw(targets), draw(workloads)]
    dice = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311  tests need no secrets
    return [sound, *(bent(sound, dice) for _ in range(size - 1))]
