"""Checks that compare the fields of a `cloud-sql` workload with each other, before anything is registered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ...model.errors import Finding
from .spec import CloudSqlSpec

LONGEST_SERVICE: Final = 63
"""Most characters of a Service's name, which is a label of RFC 1035."""
LONGEST_PROJECT: Final = 30
LONGEST_CONNECTION: Final = 98
"""Most characters of `project:instance` (documentation, "About instance settings", Instance ID)."""
AUTO_SUFFIX: Final = "-1234567"
"""A text as long as what Pulumi adds to a name that is left to it (Pulumi documentation, "Autonaming")."""
EDITION_TIERS: Final = {
    "ENTERPRISE": (r"db-(f1-micro|g1-small|n1-.+|n4-.+|custom-.+)", "db-n1-standard-1"),
    "ENTERPRISE_PLUS": (r"db-(perf-optimized|c4a)-.+", "db-perf-optimized-N-2"),
}
"""Edition -> the form of its machine types, and an example (documentation, "Cloud SQL editions overview")."""
LONGEST_LOG: Final = {"ENTERPRISE": 7, "ENTERPRISE_PLUS": 35}
"""Edition -> most days of binary log (documentation, "Configure point-in-time recovery")."""


def problems(workload: str, spec: CloudSqlSpec) -> list[Finding]:
    """All that is wrong with `workload`. There is nothing if Google would accept it."""
    return [*names_fit(workload, spec), *(problem for rule in RULES for problem in rule(spec))]


def names_fit(workload: str, spec: CloudSqlSpec) -> Iterator[Finding]:
    """Names of instances, with the project's, stay within Google's limit, and names of Services within DNS's."""
    if len(workload) > LONGEST_SERVICE - len("-read"):
        yield (), f"{workload}-read is more than the {LONGEST_SERVICE} characters of a Service's name; shorten it"
    room = LONGEST_CONNECTION - 1 - (len(spec.project) if spec.project else LONGEST_PROJECT)
    names = [primary_name(workload, spec)] + [replica_name(workload, key, spec) for key in spec.read_replicas]
    longest = max((name + ("" if spec.instance_name else AUTO_SUFFIX) for name in names), key=len)
    if len(longest) > room:
        fix = "shorten it" if spec.instance_name else "name the workload or its replicas shorter"
        yield ("instanceName",), f"{longest} has {len(longest)} characters and the project leaves {room}; {fix}"


def primary_name(workload: str, spec: CloudSqlSpec) -> str:
    """Name of the primary, without the end that Pulumi adds where it makes the name."""
    return spec.instance_name or f"{workload}-primary"


def replica_name(workload: str, key: str, spec: CloudSqlSpec) -> str:
    """Name of a replica, without the end that Pulumi adds where it makes the name."""
    return f"{spec.instance_name}-{key}" if spec.instance_name else f"{workload}-replica-{key}"


def usable(spec: CloudSqlSpec) -> Iterator[Finding]:
    """There is a database and a user for applications."""
    if not spec.databases:
        yield ("databases",), "empty; list at least one"
    if not spec.users:
        yield ("users",), "empty; list at least one"


def reachable(spec: CloudSqlSpec) -> Iterator[Finding]:
    """The instance has an address, and takes it from a range only where it has a network."""
    if not spec.public_ip and spec.private_network is None:
        yield ("privateNetwork",), "the instance has no address; name a network, or set publicIp: true"
    if spec.allocated_ip_range and spec.private_network is None:
        yield ("allocatedIpRange",), "there is no privateNetwork it could be a range of; add one or take this away"


def not_open_to_all(spec: CloudSqlSpec) -> Iterator[Finding]:
    """No network holds a good part of the internet, unless that is acknowledged."""
    for index, network in enumerate(spec.authorized_networks):
        if network.is_open and not spec.allow_whole_internet:
            yield (
                ("authorizedNetworks", index, "value"),
                f"{network.value} lets strangers try passwords; write your clients' network,"
                " or acknowledge it with allowWholeInternet: true",
            )


def once_each(spec: CloudSqlSpec) -> Iterator[Finding]:
    """Every database, user and network is there once only."""
    lists = {
        ("databases", "name"): [database.name for database in spec.databases],
        ("users", "name"): [user.name for user in spec.users],
        ("authorizedNetworks", "name"): [network.name for network in spec.authorized_networks],
        ("authorizedNetworks", "value"): [network.value for network in spec.authorized_networks],
    }
    for (field, key), values in lists.items():
        for index in repeated(values):
            yield (field, index, key), f"{values[index]} is there already; take one of the two away"


def repeated(values: Iterable[str]) -> Iterator[int]:
    """Positions of values that stand further up already. As in MySQL on some systems, letters' case does not count."""
    seen: Counter[str] = Counter()
    for index, value in enumerate(values):
        seen[value.lower()] += 1
        if seen[value.lower()] > 1:
            yield index


def client_known(spec: CloudSqlSpec) -> Iterator[Finding]:
    """The applications' Secret is about a user and a database that exist; among several it must be said which."""
    sides = (
        ("clientUser", spec.client_user, [user.name for user in spec.users]),
        ("clientDatabase", spec.client_database, [database.name for database in spec.databases]),
    )
    for field, chosen, known in sides:
        if chosen is None and len(known) > 1:
            yield (field,), f"missing; say which of {', '.join(known)} the applications get"
        if chosen is not None and chosen not in known:
            yield (field,), f"{chosen} is none of {', '.join(known)}; write one of them or add it"


def zones_in_place(spec: CloudSqlSpec) -> Iterator[Finding]:
    """Zones are in the region, and a standby has another zone than the primary."""
    for field, zone in (("zone", spec.zone), ("secondaryZone", spec.secondary_zone)):
        if zone is not None and zone.rpartition("-")[0] != spec.region:
            yield (field,), f"{zone} is not in {spec.region}; write one of its zones"
    if spec.secondary_zone is not None and spec.availability_type == "ZONAL":
        yield ("secondaryZone",), "there is no standby to put there; set availabilityType: REGIONAL"
    if spec.secondary_zone is not None and spec.secondary_zone == spec.zone:
        yield ("secondaryZone",), f"{spec.zone} is the primary's too, and one outage would take both; write another"


def tiers_of_edition(spec: CloudSqlSpec) -> Iterator[Finding]:
    """The edition has the machine types."""
    form, example = EDITION_TIERS[spec.edition]
    tiers: list[tuple[tuple[str, ...], str | None]] = [(("tier",), spec.tier)]
    tiers += [(("readReplicas", key, "tier"), replica.tier) for key, replica in spec.read_replicas.items()]
    for path, tier in tiers:
        if tier is not None and not re.fullmatch(form, tier):
            yield path, f"{tier} is not in edition {spec.edition}; write one such as {example}"


def recovery_possible(spec: CloudSqlSpec) -> Iterator[Finding]:
    """The binary log reaches no further back than the edition allows, and than the oldest backup does."""
    most, days = LONGEST_LOG[spec.edition], spec.backups.log_days
    if days > most:
        yield ("backups", "logDays"), f"{days} is more than edition {spec.edition} keeps; write {most} or less"
    if days > spec.backups.retained:
        yield ("backups", "logDays"), f"{days} days of log need as many daily backups; raise backups.retained"


def disk_room(spec: CloudSqlSpec) -> Iterator[Finding]:
    """The limit of the disk's growth is not below its size, and is there only where the disk grows by itself."""
    limit = spec.disk_autoresize_limit_gb
    if limit and not spec.disk_autoresize:
        yield ("diskAutoresizeLimitGb",), "the disk does not grow by itself; take this away or set diskAutoresize"
    if limit and limit < spec.disk_size_gb:
        yield ("diskAutoresizeLimitGb",), f"{limit} is below diskSizeGb {spec.disk_size_gb}; raise it"


RULES: Final[tuple[Callable[[CloudSqlSpec], Iterator[Finding]], ...]] = (
    usable,
    reachable,
    not_open_to_all,
    once_each,
    client_known,
    zones_in_place,
    tiers_of_edition,
    recovery_possible,
    disk_room,
)
