"""A stack file may set those of mysqld's variables that can cost no answered write, by their exact names."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.kinds.mysql.objects import CONF, files_of
from components.kinds.mysql.settings import ABSENT, FIELDS, HARMLESS, WITHIN, amount, out_of_bounds, refusal
from components.kubernetes.quantities import Quantity
from tests.unit.components.kinds.mysql.test_component import build, mysql, settings_of
from tests.unit.components.programs import problems

KEPT = "kept by the program, so that no answered write is lost; leave it out"
UNKNOWN = 'not among the settings known to be harmless; leave it out (docs/mysql.md, "Settings", lists them)'
CLAIM = Quantity("8Ti")
SOUND = {
    "collation_server": "utf8mb4_0900_as_cs",
    "innodb_redo_log_capacity": "1G",
    "max_allowed_packet": "64M",
    "max_connections": "500",
    "net_write_timeout": "600",
    "transaction_isolation": "READ-COMMITTED",
}
"""Values that are sound, of the variables that do not take just any number."""


def said(**values: Any) -> list[str]:
    """The lines that refuse these settings, without the path that each begins with."""
    found = problems({"mysql": mysql(settings=values)})
    return [line.removeprefix("statefulsets:workloads.mysql.settings") for line in found]


def test_there_is_enough_to_tune_and_each_is_there_once() -> None:
    assert 50 <= len(HARMLESS) <= 70
    assert sorted(set(HARMLESS)) == list(HARMLESS)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in HARMLESS)
    assert set(WITHIN) <= set(HARMLESS)


def test_none_that_the_program_sets_or_that_is_known_to_do_harm_is_among_them() -> None:
    ours = re.findall(r"^(?:loose_)?([a-z_]+) = ", "\n".join(files_of(CONF).values()), re.MULTILINE)
    assert len(ours) > 20
    assert {*ours, *FIELDS, *(name for names in ABSENT for name in names)} & set(HARMLESS) == set()


@pytest.mark.parametrize("name", HARMLESS)
def test_every_harmless_one_is_accepted(name: str) -> None:
    assert said(**{name: SOUND.get(name, "1")}) == []


def test_all_of_them_reach_every_member() -> None:
    values = {name: SOUND.get(name, "1") for name in HARMLESS}
    assert values.items() <= settings_of(build(settings=values)).items()


@pytest.mark.parametrize(
    "name",
    [
        *("binlog_ignore_db", "binlog_do_db", "binlog_ignore", "skip_log_bin", "disable_log_bin", "log_bin"),
        *("replicate_ignore_db", "replicate_do_db", "replicate_wild_ignore_table", "replica_skip_errors"),
        *("slave_skip_errors", "innodb_doublewrite", "innodb_doublew", "skip_innodb_doublewrite", "sync_binlog"),
        *("loose_sync_binlog", "SYNC_BINLOG", "sync-binlog", "loose_skip_log_bin", "innodb_flush_log_at_trx_commit"),
        *("innodb_flush_method", "innodb_force_recovery", "gtid_mode", "enforce_gtid_consistency", "server_id"),
        *("read_only", "super_read_only", "skip_replica_start", "skip_slave_start", "relay_log_recovery"),
        *("tls_version", "ssl_cipher", "admin_ssl_ca", "require_secure_transport", "authentication_policy"),
        *("skip_grant_tables", "skip_networking", "skip_name_resolve", "bind_address", "port", "plugin_load"),
        *("plugin_load_add", "init_file", "init_connect", "datadir", "socket", "tmpdir", "rpl_read_size"),
        *("loose_rpl_semi_sync_source_wait_point", "clone_ddl_timeout", "disabled_storage_engines"),
        *("log_replica_updates", "log_slave_updates", "server_uuid", "report_host", "xa_detach_on_prepare"),
        *("innodb_log_file_size", "innodb_redo_log_encrypt", "innodb_read_only", "offline_mode", "mysqlx_port"),
        *("pid_file", "secure_file_priv", "default_storage_engine", "default_tmp_storage_engine"),
    ],
)
def test_what_no_lost_write_depends_on_is_the_programs(name: str) -> None:
    assert said(**{name: "1"}) == [f".{name}: {KEPT}"]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("binlog_expire_logs_seconds", "binaryLogs.expireSeconds"),
        ("innodb_buffer_pool_size", "resources.limits.memory"),
        ("max_binlog_size", "binaryLogs.maxFileSize"),
        ("rpl_semi_sync_source_enabled", "semiSync.replicas"),
        ("rpl_semi_sync_source_timeout", "semiSync.timeoutSeconds"),
        ("rpl_semi_sync_source_wait_for_replica_count", "semiSync.replicas"),
        ("ssl_ca", "tlsSecret"),
        ("ssl_cert", "tlsSecret"),
        ("ssl_key", "tlsSecret"),
        ("loose_ssl_key", "tlsSecret"),
    ],
)
def test_where_a_field_sets_it_that_field_is_named(name: str, field: str) -> None:
    assert said(**{name: "1"}) == [f".{name}: {KEPT} and write {field}"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("max_connection", "max_connections"),
        ("loose_max_connections", "max_connections"),
        ("skip_max_connections", "max_connections"),
        ("max-connections", "max_connections"),
        ("MAX_CONNECTIONS", "max_connections"),
        ("maxConnections", "max_connections"),
        ("tx_isolation", "transaction_isolation"),
        ("innodb_io_cap", "innodb_io_capacity"),
    ],
)
def test_one_that_is_meant_and_spelt_in_another_way_is_refused_with_the_right_spelling(name: str, meant: str) -> None:
    assert said(**{name: "500"}) == [f".{name}: {UNKNOWN}; did you mean {meant}?"]


@pytest.mark.parametrize("name", ["sql_mode", "innodb_lock_wait_timeout", "max_execution_time", "max_heap_table_size"])
def test_one_that_is_well_known_and_does_harm_is_refused_without_another_in_its_place(name: str) -> None:
    assert said(**{name: "1"}) == [f".{name}: {UNKNOWN}"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert said(
        binlog_ignore_db="app", max_connection="5", max_connections=500, sql_mode="", wait_timeout="1\nskip_log_bin"
    ) == [
        f".binlog_ignore_db: {KEPT}",
        f".max_connection: {UNKNOWN}; did you mean max_connections?",
        ".max_connections: 500 is not a text; write it in quotes",
        f".sql_mode: {UNKNOWN}",
        '.wait_timeout: "1\\nskip_log_bin" is more than one line; write the value on one',
    ]
    assert said(max_connections="1", max_allowed_packet="1K", wait_timeout="1") == [
        '.max_allowed_packet: "1K" is refused, because CLONE needs as much, and a replica takes no change of a row with'
        " a larger value; write 2M to 256M",
        '.max_connections: "1" is refused, because each replica, probe and member that asks takes one; write 50 to'
        " 100000",
    ]


def spellings(name: str) -> st.SearchStrategy[str]:
    """A strategy for other ways to write an option's name, which mysqld takes too or which come near one."""
    prefixes = st.sampled_from(("loose_", "skip_", "disable_", "enable_", "maximum_", "loose-", "--", "", " "))
    changed = st.sampled_from(
        (name, name.upper(), name.replace("_", "-"), name.replace("_", "-", 1), name[:-1], name[: len(name) // 2])
    )
    return st.tuples(prefixes, changed, st.sampled_from(("", "", " ", "s", "\n", "=1", "#"))).map("".join)


@settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.text(max_size=60), st.sampled_from(sorted({*HARMLESS, *FIELDS})).flatmap(spellings)))
def test_any_other_name_is_refused_in_one_line_with_a_way_out(name: str) -> None:
    if name in HARMLESS:
        return
    (line,) = problems({"mysql": mysql(settings={name: "1"})})
    assert line.startswith("statefulsets:workloads.mysql.settings")
    assert "; leave it out" in line
    assert line.splitlines() == [line]
    assert refusal(name) in (KEPT, UNKNOWN) or " and write " in line or "; did you mean " in line


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("binlog_group_commit_sync_delay", "0", "10000"),
        ("innodb_redo_log_capacity", "100M", "512G"),
        ("max_allowed_packet", "2M", "256M"),
        ("max_connections", "50", "100000"),
        ("net_write_timeout", "60", "31536000"),
    ],
)
def test_a_value_that_does_harm_is_refused_and_one_at_the_edge_is_not(name: str, least: str, most: str) -> None:
    assert out_of_bounds(name, least, CLAIM) is out_of_bounds(name, most, CLAIM) is None
    beyond = (str(amount(least) - 1), str(amount(most) + 1))
    for value in (*beyond, "", "-1", "many", "64MB", "0x40", f"{most} ", "1.5G", "\u0665\u0660\u0660"):
        said = out_of_bounds(name, value, CLAIM)
        assert said is not None, value
        assert said.endswith(f"; write {least} to {most}")


def test_the_redo_log_leaves_three_quarters_of_the_claim() -> None:
    assert said(innodb_redo_log_capacity="2560M") == []
    assert said(innodb_redo_log_capacity="3G") == [
        '.innodb_redo_log_capacity: "3G" is more than a quarter of the claims\' 10Gi; lower it or raise'
        " storage.claimSize"
    ]
    larger = mysql(settings={"innodb_redo_log_capacity": "3G"}, storage={"kind": "dynamic", "claimSize": "12Gi"})
    assert problems({"mysql": larger}) == []


def test_a_number_is_read_as_mysqld_reads_it() -> None:
    assert [amount(text) for text in ("7", "1k", "64M", "2g", "1T", "1P", "1E")] == [
        7, 1 << 10, 64 << 20, 2 << 30, 1 << 40, 1 << 50, 1 << 60,
    ]  # fmt: skip
    assert amount("1.5G") == amount("") == amount("K") == amount("1KB") == -1
