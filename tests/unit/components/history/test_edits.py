"""Edits that the last `up`'s data would not survive are refused before anything is registered, with a line each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.history import made as made_by_up
from components.history.made import READ_OUTPUTS, READ_RESOURCES
from tests.support.monitor import Call
from tests.support.recording import Recorded, record
from tests.unit.components.programs import (
    CLOUD_SQL,
    DISKS,
    LOCAL,
    PROJECT,
    REGIONAL,
    SHARED,
    TARGET,
    changed,
    config_of,
    export,
    kubia,
    nginx,
    parsed,
    run,
)

ORGANIZATION = "org"
"""The organization that the recording monitor tells a program."""
WORDS = "statefulsets:workloads"
PURPOSE = '; on purpose: docs/runbooks.md, "An edit is refused"'
Workloads = dict[str, Any]


def left_by(recorded: Recorded) -> dict[str, Any]:
    """The engine's answer after an `up`: URN -> the resource's type and outputs."""
    return {each.urn: {"type": each.type, "outputs": dict(each.outputs or each.inputs)} for each in recorded.resources}


def after(
    before: Recorded,
    workloads: Workloads,
    target: Any = TARGET,
    project: str = PROJECT,
    left: Any = None,
    outputs: Any = None,
    **options: Any,
) -> Recorded:
    """Runs the next `up`, of a file that may be an edited one. `left` and `outputs` replace what the engine knows."""
    calls = {
        READ_RESOURCES: {"name": "test", "outputs": left_by(before) if left is None else left},
        READ_OUTPUTS: {"name": "test", "outputs": before.stack_outputs if outputs is None else outputs},
    }
    return record(lambda: export(given(workloads, target, project)), calls=calls, **options)


def given(workloads: Workloads, target: Any = TARGET, project: str = PROJECT) -> Any:
    """The parsed stack file, with a password under every key that it may name."""
    accounts = ("Root", "Replication", "Clone", "Backup", "Monitor", "Application")
    keys = ("appPassword", *(f"mysql{account}Password" for account in accounts))
    return replace(parsed(workloads, target, project), secrets={key: pulumi.Output.secret("x") for key in keys})


def first(workloads: Workloads) -> Recorded:
    """Runs the first `up` of a stack with these workloads."""
    return after(Recorded((), {}), workloads)


def refused(before: Recorded, workloads: Workloads, target: Any = TARGET, **options: Any) -> list[str]:
    """The lines that refuse an edit. Fails if anything was registered."""
    recorded = after(before, workloads, target, raises=pulumi.RunError, **options)
    assert recorded.resources == ()
    return lines_of(recorded)


def lines_of(recorded: Recorded) -> list[str]:
    """The lines of a refusal below its first one, which must say how many there are."""
    head, *lines = str(recorded.error).splitlines()
    assert (
        head == f"{len(lines)} edit{'s are' if len(lines) > 1 else ' is'} refused, held against what the last up made:"
    )
    return lines


def edit(*path: Any, to: Any) -> Callable[[Any], None]:
    """A function that sets the value at a path of the workloads, or takes it away where `to` is None."""

    def apply(workloads: Any) -> None:
        place = workloads
        for key in path[:-1]:
            place = place[key]
        if to is None:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return apply


def swapped(name: str, field: str) -> Callable[[Any], None]:
    def apply(workloads: Any) -> None:
        listed = workloads[name]["storage"][field]
        listed[0], listed[1] = listed[1], listed[0]

    return apply


FILE: Workloads = {
    "kubia": kubia(),
    "web": nginx(replicas=1),
    "disks": kubia(storage=copy.deepcopy(DISKS)),
    "zones": kubia(storage=copy.deepcopy(REGIONAL)),
    "shared": kubia(replicas=1, storage=copy.deepcopy(SHARED)),
}
LOST = {
    "keep": "the set would be replaced: all pods stop at once, and the claims stay as they were made",
    "discard": "the set would be replaced, and its claims deleted with ALL data in them",
}
STRANDED = {
    "keep": "its data would stay behind, out of the pods' reach",
    "discard": "its claims would be deleted with ALL data in them",
}


@cache
def first_up(durability: str) -> Recorded:
    """Runs the first `up` of FILE with this durability, once for all tests."""
    return run(file(durability))


def file(durability: str) -> Workloads:
    return {name: {**copy.deepcopy(workload), "durability": durability} for name, workload in FILE.items()}


def made(durability: str) -> tuple[Recorded, Workloads]:
    """What the first `up` of FILE recorded, and a copy of FILE to edit."""
    return first_up(durability), file(durability)


def order(wanted: str, *have: str) -> str:
    """The line that refuses a list of volumes or disks that does not begin with the existing ones."""
    there = ", ".join(f"{name} (ordinal {ordinal})" for ordinal, name in enumerate(have))
    return (
        f"{WORDS}.{wanted} but there are {there}; an ordinal keeps its volume, or a replica would find another's data"
        f" or none; begin the list with {', '.join(have)}, and append new ones"
    )


def other_disk(path: str, wanted: str, disk: str, has: str) -> str:
    return (
        f"{WORDS}.{path}: {wanted} but {disk} has {has}; another disk would be made for it, new and empty; write {has}"
        " again for it"
    )


EDITS: dict[str, tuple[Callable[[Any], None], str]] = {
    "claims that are larger": (
        edit("web", "storage", "claimSize", to="2Gi"),
        f"{WORDS}.web.storage.claimSize: 2Gi but its claims were made with 1Gi; LOST; write 1Gi again",
    ),
    "another class": (
        edit("web", "storage", "className", to="fast"),
        f"{WORDS}.web.storage.className: fast but its claims were made with standard; LOST; write standard again",
    ),
    "another access mode": (
        edit("disks", "storage", "accessMode", to="ReadWriteOncePod"),
        f"{WORDS}.disks.storage.accessMode: ReadWriteOncePod but its claims were made with ReadWriteOnce; LOST;"
        " write ReadWriteOnce again",
    ),
    "another order of starting": (
        edit("kubia", "podManagementPolicy", to="Parallel"),
        f"{WORDS}.kubia.podManagementPolicy: Parallel but the set was made with OrderedReady; LOST;"
        " write OrderedReady again",
    ),
    "directories instead of a class": (
        edit("web", "storage", to=changed(LOCAL, {"volumes": [{"name": "w", "node": "n", "path": "/srv/w/0"}]})),
        f"{WORDS}.web.storage.kind: local but the data is on dynamic; STRANDED; write dynamic again",
    ),
    "a class instead of directories": (
        edit("kubia", "storage", to={"kind": "dynamic"}),
        f"{WORDS}.kubia.storage.kind: dynamic but the data is on local; STRANDED; write local again",
    ),
    "disks instead of directories": (
        edit("kubia", "storage", to=changed(DISKS, {"disks": [{"name": n} for n in ("v-0", "v-1", "v-2")]})),
        f"{WORDS}.kubia.storage.kind: gce-disks but the data is on local; STRANDED; write local again",
    ),
    "directories in another order": (
        swapped("kubia", "volumes"),
        order("kubia.storage.volumes: v-1, v-0, v-2", "v-0", "v-1", "v-2"),
    ),
    "disks in another order": (
        swapped("disks", "disks"),
        order("disks.storage.disks: pv-b, pv-a, pv-c", "pv-a", "pv-b", "pv-c"),
    ),
    "the first directory taken away": (
        edit("kubia", "storage", "volumes", 0, to=None),
        order("kubia.storage.volumes: v-1, v-2", "v-0", "v-1", "v-2"),
    ),
    "a claimed directory renamed": (
        edit("kubia", "storage", "volumes", 1, "name", to="other"),
        order("kubia.storage.volumes: v-0, other, v-2", "v-0", "v-1"),
    ),
    "a directory elsewhere": (
        edit("kubia", "storage", "volumes", 1, "path", to="/srv/elsewhere"),
        f"{WORDS}.kubia.storage.volumes[1]: v-1 is /srv/elsewhere on node-1 but its data is in /srv/volumes/1 on"
        " node-1; the API refuses to move a volume, and another directory would be empty; write the old place again",
    ),
    "a disk in another zone": (
        edit("disks", "storage", "disks", 0, "zone", to="europe-west1-c"),
        other_disk("disks.storage.zone", "europe-west1-c", "pv-a", "europe-west1-b"),
    ),
    "disks of another type": (
        edit("disks", "storage", "type", to="pd-ssd"),
        other_disk("disks.storage.type", "pd-ssd", "pv-a", "pd-standard"),
    ),
    "a regional disk in another zone": (
        edit("zones", "storage", "replicaZones", to=["europe-west1-b", "europe-west1-d"]),
        other_disk(
            "zones.storage.replicaZones",
            "europe-west1-b and europe-west1-d",
            "r-a",
            "europe-west1-b and europe-west1-c",
        ),
    ),
    "disks of another driver": (
        edit("disks", "storage", "source", to="in-tree"),
        f"{WORDS}.disks.storage.source: in-tree but pv-a was made with csi; the API refuses to change a volume's"
        " source; write csi again",
    ),
    "another kind": (
        edit("web", "kind", to="kubia"),
        f"{WORDS}.web.kind: kubia but it was made as nginx; STRANDED; write nginx again, and give the new workload a"
        " name of its own",
    ),
    "a workload with a class taken away": (
        edit("web", to=None),
        f"{WORDS}.web: not in the file any more; STRANDED; put it back: a workload that is renamed starts empty, for"
        " its claims have its name; to take it away on purpose",
    ),
    "another shared claim": (
        edit("shared", "storage", "claim", to="other"),
        f"{WORDS}.shared.storage.claim: other but the data is in helloweb-disk; the new claim would be empty; write"
        " helloweb-disk again",
    ),
    "a smaller shared claim": (
        edit("shared", "storage", "claimSize", to="1Gi"),
        f"{WORDS}.shared.storage.claimSize: 1Gi but its claims were made with 30Gi; claim helloweb-disk would be"
        " replaced by a new, empty one; write 30Gi again",
    ),
}


@pytest.mark.parametrize("durability", ["keep", "discard"])
@pytest.mark.parametrize("what", EDITS)
def test_an_edit_that_data_would_not_survive_is_one_line(what: str, durability: str) -> None:
    before, workloads = made(durability)
    apply, said = EDITS[what]
    apply(workloads)
    expected = said.replace("LOST", LOST[durability]).replace("STRANDED", STRANDED[durability])
    lines = [line.removesuffix(PURPOSE).removesuffix(": docs/runbooks.md, \"An edit is refused\"")
             for line in refused(before, workloads)]  # fmt: skip
    assert lines == [expected]


def test_what_the_last_up_left_decides_and_not_the_durability_of_the_file() -> None:
    before, workloads = made("discard")
    workloads["web"] |= {"durability": "keep", "podManagementPolicy": "Parallel"}
    (line,) = refused(before, workloads)
    assert LOST["discard"] in line


def test_all_edits_are_told_at_once() -> None:
    before, workloads = made("keep")
    for apply, _ in (EDITS["another class"], EDITS["directories in another order"], EDITS["disks of another type"]):
        apply(workloads)
    assert len(refused(before, workloads)) == 3


def test_a_renamed_workload_is_told_that_it_would_start_empty() -> None:
    before, workloads = made("keep")
    workloads["web2"] = workloads.pop("web")
    (line,) = refused(before, workloads)
    assert line.startswith(f"{WORDS}.web: not in the file any more; {STRANDED['keep']}; put it back")


def test_a_workload_does_not_get_the_volumes_of_another() -> None:
    before, workloads = made("keep")
    workloads["kubia2"] = workloads.pop("kubia")
    lines = refused(before, workloads)
    assert len(lines) == 4
    assert lines[1] == (
        f"{WORDS}.kubia2.storage.volumes[0].name: v-0 is a volume of kubia since the last up, and holds its data; give"
        f" this one a name of its own{PURPOSE}"
    )


def test_another_engine_is_refused() -> None:
    with_engine = {"mysql": config_of("local")["statefulsets:workloads"]["mysql"]}
    before = first(with_engine)
    edited = {"mysql": {"kind": "mysql", "engine": "xtrabackup", "storage": with_engine["mysql"]["storage"]}}
    assert refused(before, edited) == [
        f"{WORDS}.mysql.engine: xtrabackup but its members' data was made by clone; they would set it aside, and none"
        f" could fill the others; write clone again, and move the data by a dump{PURPOSE}"
    ]


@pytest.mark.parametrize(
    ("durability", "loss"),
    [("keep", "and would stay behind unused"), ("discard", "and would be deleted with ALL data")],
)
def test_another_namespace_is_refused_once_for_all_workloads(durability: str, loss: str) -> None:
    before, workloads = made(durability)
    (line,) = refused(before, workloads, {**TARGET, "namespace": "other"})
    assert line.startswith("statefulsets:target.namespace: other but disks, kubia, shared, web, zones are in shop;")
    assert loss in line
    assert "write shop again" in line


def test_another_cluster_is_refused_and_another_name_of_the_same_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = {"test": "https://one", "same": "https://one", "other": "https://two"}
    monkeypatch.setattr("components.config.kubeconfig.USUAL", str(kubeconfig(tmp_path / "config", servers)))
    before, workloads = made("keep")
    (line,) = refused(before, workloads, {**TARGET, "context": "other"})
    assert line == (
        "statefulsets:target.context: it leads to other but the stack is on test; a stack keeps its cluster: its"
        " objects and data there would be deleted or forgotten; name test again, and make another stack for another"
        " cluster" + PURPOSE
    )
    assert after(before, workloads, {**TARGET, "context": "same"}).of_type("StatefulSet")
    moved = {**TARGET, "kubeconfig": str(kubeconfig(tmp_path / "moved", servers))}
    assert after(before, workloads, moved).of_type("StatefulSet"), "the same server, from another file"
    gone = {**TARGET, "kubeconfig": str(kubeconfig(tmp_path / "run-1", servers))}
    of_a_run = run(workloads, gone)
    (tmp_path / "run-1").unlink()
    assert after(of_a_run, workloads).of_type("StatefulSet"), "the file of a run that is over"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "shell", {"test": "https://four"})))
    (line,) = refused(before, workloads)
    assert "it leads to https://four but the stack is on https://one" in line, "the context of a shell's own file"
    monkeypatch.delenv("KUBECONFIG")
    stolen = {**TARGET, "kubeconfig": str(kubeconfig(tmp_path / "stolen", {"test": "https://three"}))}
    (line,) = refused(before, workloads, stolen)
    assert line.startswith("statefulsets:target.context: it leads to https://three but the stack is on https://one;")
    only_file = {"namespace": "shop", "kubernetesVersion": "1.34"}
    by_file = run(workloads, {**only_file, "kubeconfig": moved["kubeconfig"]})
    (tmp_path / "moved").unlink()
    (line,) = refused(by_file, workloads, {**only_file, "kubeconfig": str(tmp_path / "config")})
    assert line.startswith("statefulsets:target.kubeconfig: ")


def kubeconfig(file: Path, servers: Mapping[str, str]) -> Path:
    """Writes a kubeconfig with these contexts, each of which leads to the server that is given for it."""
    lines = ["clusters:", *(f"- {{name: {n}, cluster: {{server: '{s}'}}}}" for n, s in servers.items())]
    lines += ["contexts:", *(f"- {{name: {n}, context: {{cluster: {n}}}}}" for n in servers)]
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("durability", ["keep", "discard"])
@pytest.mark.parametrize(
    "apply",
    [
        lambda workloads: None,
        edit("kubia", "replicas", to=3),
        edit("kubia", "replicas", to=0),
        edit("kubia", "storage", "volumes", 2, to=None),
        edit("kubia", "storage", "volumes", 2, "name", to="other"),
        edit("web", "storage", "claimSize", to="1024Mi"),
        edit("disks", "storage", "size", to="4Gi"),
        edit("shared", "storage", "claimSize", to="31Gi"),
        edit("web", "image", to="nginx:2"),
        edit("new", to=nginx()),
        lambda workloads: workloads["kubia"]["storage"]["volumes"].append(
            {"name": "v-3", "node": "node-3", "path": "/srv/volumes/3"}
        ),
    ],
    ids=[
        "nothing",
        "more",
        "none",
        "shorter",
        "unclaimed",
        "spelled",
        "grown",
        "grown claim",
        "image",
        "new",
        "longer",
    ],
)
def test_what_costs_no_data_is_let_through(apply: Callable[[Any], None], durability: str) -> None:
    before, workloads = made(durability)
    apply(workloads)
    assert len(after(before, workloads).of_type("StatefulSet")) >= 5


def test_a_volume_that_a_larger_set_once_claimed_stays() -> None:
    workloads = {"kubia": kubia(replicas=3)}
    three = run(workloads)
    workloads["kubia"]["replicas"] = 2
    two = after(three, workloads)
    assert two.stack_outputs["kubia"]["claimed"] == 3, "the claim of a replica that is gone is still bound"
    del workloads["kubia"]["storage"]["volumes"][2]
    (line,) = refused(two, workloads)
    assert "begin the list with v-0, v-1, v-2" in line


def test_of_a_stack_of_before_every_volume_may_have_been_claimed() -> None:
    before, workloads = made("keep")
    assert after(before, workloads, outputs={}).stack_outputs["kubia"]["claimed"] == 3
    del workloads["kubia"]["storage"]["volumes"][2]
    (line,) = refused(before, workloads, outputs={})
    assert "begin the list with v-0, v-1, v-2" in line


def test_what_was_taken_away_on_purpose_is_not_asked_for_again() -> None:
    before, workloads = made("keep")
    del workloads["web"]
    rest = [each for each in before.resources if "web" not in each.name]
    assert len(after(Recorded(tuple(rest), before.stack_outputs), workloads).of_type("StatefulSet")) == 4


@pytest.mark.parametrize(("size", "has"), [("1Gi", "pv-b has 3Gi; a disk never shrinks")])
def test_a_smaller_disk_is_refused(size: str, has: str) -> None:
    before = run({"kubia": kubia(storage=changed(DISKS, {"size": "3Gi"}))})
    left = left_by(before)
    for resource in left.values():
        if resource["type"] == "gcp:compute/disk:Disk":
            resource["outputs"]["size"] = 3 if resource["outputs"]["name"] == "pv-b" else 1
            resource["outputs"]["type"] = (
                "https://www.googleapis.com/compute/v1/projects/p/zones/z/diskTypes/pd-standard"
            )
    edited = {"kubia": kubia(storage=changed(DISKS, {"size": size}))}
    assert refused(before, edited, left=left) == [
        f"{WORDS}.kubia.storage.size: {size} but {has}, and a smaller one would be new and empty; write 3Gi or more"
    ]


def test_a_cloud_sql_that_is_left_out_is_the_engines_to_refuse() -> None:
    """The engine refuses because the instance is protected in the state while its durability is keep."""
    before = first({"sql": CLOUD_SQL})
    assert after(before, {"web": nginx()}).of_type("StatefulSet")
    (line,) = refused(before, {"sql": nginx()})
    assert line.startswith(f"{WORDS}.sql.kind: nginx but it was made as cloud-sql")


def test_the_stack_asks_for_its_own_state_and_for_outputs_only_where_there_is_one() -> None:
    name = f"{ORGANIZATION}/statefulsets/test"
    first = run({"kubia": kubia()})
    assert first.calls == (Call(READ_RESOURCES, {"stackName": name}),)
    assert after(first, {"kubia": kubia()}).calls[-1] == Call(READ_OUTPUTS, {"name": name})


def without(before: Recorded, *words: str) -> Recorded:
    """What the engine remembers once the resources are gone whose names contain one of the words."""
    rest = tuple(each for each in before.resources if not any(word in each.name for word in words))
    return Recorded(rest, before.stack_outputs)


def test_a_gap_in_the_volumes_does_not_shift_the_ordinals_behind_it() -> None:
    before, workloads = made("keep")
    left = without(before, "volumes-v-0")
    assert len(after(left, workloads).of_type("StatefulSet")) == 5
    swapped("kubia", "volumes")(workloads)
    (line,) = refused(left, workloads)
    assert "v-1, v-0, v-2 but there are v-1 (ordinal 1), v-2 (ordinal 2);" in line


def test_an_up_that_failed_before_it_made_a_set_forbids_nothing() -> None:
    before, workloads = made("keep")
    workloads["web"] |= {"kind": "kubia"}
    swapped("kubia", "volumes")(workloads)
    workloads["kubia"]["storage"]["volumes"][0]["path"] = "/srv/corrected"
    half = without(before, "web-set", "kubia-set", "volumes-v-1")
    outputs = {name: made for name, made in before.stack_outputs.items() if name not in ("web", "kubia")}
    assert len(after(half, workloads, outputs=outputs).of_type("StatefulSet")) == 5
    (*_, line) = refused(half, workloads)
    assert line.startswith(f"{WORDS}.kubia.storage.volumes: "), "where one had ended well, ordinals have their volumes"


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.pop("spec"),
        lambda made: made.clear(),
        lambda made: made["spec"].pop("claimRef", None),
        lambda made: made["spec"].update(claimRef={"name": "odd"}) if "claimRef" in made["spec"] else None,
        lambda made: made["metadata"].pop("labels"),
        lambda made: made["metadata"].update(labels={"app": "of another program"}),
    ],
)
def test_objects_that_say_less_than_ours_are_passed_over(change: Callable[[dict[str, Any]], Any]) -> None:
    before, workloads = made("keep")
    left = copy.deepcopy(left_by(before))
    for resource in left.values():
        if resource["type"].startswith("kubernetes:core/v1:Persistent"):
            change(resource["outputs"])
    assert after(before, workloads, left=left).of_type("StatefulSet")


def test_disks_of_the_old_driver_keep_zone_and_project_too() -> None:
    old = kubia(storage=changed(DISKS, {"source": "in-tree"}))
    before = run({"kubia": old})
    elsewhere = copy.deepcopy(old)
    elsewhere["storage"]["zone"] = "europe-west1-c"
    assert refused(before, {"kubia": elsewhere})[0].startswith(
        f"{WORDS}.kubia.storage.zone: europe-west1-c but pv-a has"
    )
    assert refused(before, {"kubia": old}, project="another") == [
        "gcp:project: another but pv-a has acme-test; another disk would be made for it, new and empty; write acme-test"
        f" again for it{PURPOSE}"
    ]


def test_only_the_programs_own_provider_says_where_the_stack_is() -> None:
    before, workloads = made("keep")
    left = left_by(before)
    (cluster,) = (urn for urn, each in left.items() if each["type"] == "pulumi:providers:kubernetes")
    left[cluster.replace("::cluster", "::default")] = {
        "type": "pulumi:providers:kubernetes",
        "outputs": {"context": "x"},
    }
    assert after(before, workloads, left=left).of_type("StatefulSet")


def failing(times: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes the engine's first answers fail, `times` of them, and returns the list in which each request is noted."""
    asked: list[str] = []
    invoke = pulumi.runtime.invoke

    def torn(function: str, arguments: Any) -> Any:
        asked.append(function)
        if len(asked) <= times:
            raise Exception(f"invoke of {function} failed: failed to load checkpoint: EOF")
        return invoke(function, arguments)

    monkeypatch.setattr(pulumi.runtime, "invoke", torn)
    monkeypatch.setattr(made_by_up, "PAUSES", (0.0,) * 3)
    return asked


def test_a_state_that_the_engine_is_just_writing_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before, workloads = made("keep")
    EDITS["another class"][0](workloads)
    asked = failing(2, monkeypatch)
    assert len(refused(before, workloads)) == 1
    assert asked == [READ_RESOURCES] * 3 + [READ_OUTPUTS]


def test_without_a_look_at_the_state_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    before, workloads = made("keep")
    failing(9, monkeypatch)
    recorded = after(before, workloads, raises=pulumi.RunError)
    assert recorded.resources == ()
    assert str(recorded.error) == (
        "what the last up made cannot be read, so nothing is changed: invoke of"
        " pulumi:pulumi:readStackResourceOutputs failed: failed to load checkpoint: EOF; try again"
    )


CACHE = {
    "kind": "stateful",
    "image": "redis:8",
    "ports": [{"name": "redis", "port": 6379}],
    "mounts": [{"path": "/data", "subPath": "data"}, {"path": "/wal", "subPath": "wal"}],
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"claimTemplate": "store"},
            "claimTemplate: store but its claims were made from data; the set would be replaced: all pods stop at once,"
            " and the claims stay as they were made, and new ones are empty; write data again",
        ),
        (
            {"mounts": [{"path": "/data", "subPath": "data"}]},
            "mounts: directory wal of its claims was mounted at /wal and is not any more; the program would not find"
            " its data; mount it there again",
        ),
        (
            {"storage": {"kind": "dynamic", "claimSize": "2Gi"}},
            "storage.claimSize: 2Gi but its claims were made with 1Gi; the set would be replaced: all pods stop at"
            " once, and the claims stay as they were made; write 1Gi again",
        ),
    ],
)
def test_an_edit_of_any_image_that_its_data_would_not_survive_is_refused(changes: dict[str, Any], said: str) -> None:
    before = first({"cache": CACHE})
    assert refused(before, {"cache": {**CACHE, **changes}}) == [f"{WORDS}.cache.{said}{PURPOSE}"]


def test_what_of_a_claim_is_mounted_where_is_not_swapped() -> None:
    swapped = [{"path": "/data", "subPath": "wal"}, {"path": "/wal", "subPath": "data"}]
    lines = refused(first({"cache": CACHE}), {"cache": {**CACHE, "mounts": swapped}})
    assert [line.partition("; ")[0] for line in lines] == [
        f"{WORDS}.cache.mounts: directory data of its claims was mounted at /data and is at /wal",
        f"{WORDS}.cache.mounts: directory wal of its claims was mounted at /wal and is at /data",
    ]


def test_a_directory_of_a_shared_claim_stays_mounted_too() -> None:
    shared = {**CACHE, "storage": {"kind": "shared-claim", "claim": "one"}, "mounts": [{"path": "/d", "subPath": "a"}]}
    moved = {**shared, "mounts": [{"path": "/d", "subPath": "b"}]}
    (line,) = refused(first({"cache": shared}), {"cache": moved})
    assert "cache.mounts: directory a of its claims was mounted at /d and is not any more" in line


def test_a_claim_that_was_mounted_whole_stays_so() -> None:
    whole = {**CACHE, "mounts": [{"path": "/data"}]}
    (line,) = refused(first({"cache": whole}), {"cache": CACHE})
    assert "mounts: the whole of its claims was mounted at /data and is not any more" in line


@pytest.mark.parametrize(
    "changes",
    [
        {"mounts": [*CACHE["mounts"], {"path": "/more", "subPath": "more"}]},
        {"mounts": list(reversed(CACHE["mounts"]))},
        {"image": "redis:9", "env": {"A": "1"}, "uid": 1000},
    ],
)
def test_an_edit_of_any_image_that_costs_no_data_is_let_through(changes: dict[str, Any]) -> None:
    after(first({"cache": CACHE}), {"cache": {**CACHE, **changes}})


def test_a_part_of_a_workload_is_not_taken_for_a_workload_of_its_own() -> None:
    """A kubia contains a StatefulService of its name, which would be of another kind if it stood alone."""
    before = first({"kubia": kubia()})
    assert made_by_up.of(left_by(before), before.stack_outputs).workloads["kubia"].kind == "kubia"
    (line,) = refused(before, {"kubia": CACHE})
    assert line.startswith(f"{WORDS}.kubia.kind: stateful but it was made as kubia")
