"""The `settings` that a `mysql` workload may have: variables of mysqld that can cost no answered write.

They are listed by their exact names. A list of what is forbidden would have holes: mysqld has some seven hundred
variables, and takes an option by any unambiguous beginning of its name, with `loose_`, with `skip_` and with hyphens as
well. Each variable here exists in MySQL 8.4 and 9.7. Whatever its value, it leaves alone durability, replication, what
is in the binary logs, TLS, accounts, files and the scripts' own statements; where that is true only between two values,
WITHIN has both. A value that mysqld does not take keeps a member from starting, which stops a roll-out at its first
replica.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ...kubernetes.quantities import Quantity
from ...model.errors import nearest, shown

CONNECTIONS: Final = (
    "connect_timeout",
    "interactive_timeout",
    "max_allowed_packet",
    "max_connections",
    "max_prepared_stmt_count",
    "net_buffer_length",
    "net_read_timeout",
    "net_write_timeout",
    "thread_cache_size",
    "wait_timeout",
)
"""Limits of connections. CLONE has its own timeouts where these are shorter (clone_protocol_service.cc,
MIN_IDLE_TIME_OUT_SEC)."""

CACHES: Final = (
    "information_schema_stats_expiry",
    "open_files_limit",
    "schema_definition_cache",
    "stored_program_cache",
    "stored_program_definition_cache",
    "table_definition_cache",
    "table_open_cache",
    "table_open_cache_instances",
    "tablespace_definition_cache",
)

SESSION_MEMORY: Final = (
    "binlog_cache_size",
    "binlog_stmt_cache_size",
    "join_buffer_size",
    "read_buffer_size",
    "read_rnd_buffer_size",
    "set_operations_buffer_size",
    "sort_buffer_size",
    "temptable_max_ram",
    "tmp_table_size",
)
"""Memory of a session. In the binary log's two caches a transaction waits for its commit: their sizes change where it
waits, and not what is in it."""

STATEMENTS: Final = (
    "collation_server",
    "cte_max_recursion_depth",
    "eq_range_index_dive_limit",
    "group_concat_max_len",
    "long_query_time",
    "max_sort_length",
    "optimizer_prune_level",
    "optimizer_search_depth",
    "range_optimizer_max_mem_size",
    "transaction_isolation",
)
"""Limits of statements, the optimizer, defaults of new databases and transactions. mysqld does not start with a
collation of another character set than utf8mb4. Rows are what is replicated, so that no replica decides these again."""

INNODB: Final = (
    "innodb_adaptive_flushing",
    "innodb_adaptive_flushing_lwm",
    "innodb_adaptive_hash_index",
    "innodb_ddl_buffer_size",
    "innodb_ddl_threads",
    "innodb_flush_neighbors",
    "innodb_io_capacity",
    "innodb_io_capacity_max",
    "innodb_log_buffer_size",
    "innodb_lru_scan_depth",
    "innodb_max_dirty_pages_pct",
    "innodb_max_dirty_pages_pct_lwm",
    "innodb_old_blocks_pct",
    "innodb_old_blocks_time",
    "innodb_page_cleaners",
    "innodb_parallel_read_threads",
    "innodb_print_all_deadlocks",
    "innodb_purge_batch_size",
    "innodb_purge_threads",
    "innodb_random_read_ahead",
    "innodb_read_ahead_threshold",
    "innodb_read_io_threads",
    "innodb_redo_log_capacity",
    "innodb_sort_buffer_size",
    "innodb_stats_auto_recalc",
    "innodb_stats_persistent_sample_pages",
    "innodb_stats_transient_sample_pages",
    "innodb_write_io_threads",
)
"""InnoDB's memory, threads, reading and flushing. The claim's size bounds the redo log, see `out_of_bounds`."""

GROUP_COMMIT: Final = ("binlog_group_commit_sync_delay", "binlog_group_commit_sync_no_delay_count")
"""How long a commit waits for others to share its fsync. It is answered after that fsync all the same."""

HARMLESS: Final = tuple(sorted((*CONNECTIONS, *CACHES, *SESSION_MEMORY, *STATEMENTS, *INNODB, *GROUP_COMMIT)))

ABSENT: Final[Mapping[tuple[str, ...], str]] = {
    ("slow_query_log", "general_log"): "files in the data directory that grow without bound",
    ("sql_mode",): "without strict mode a value that does not fit is cut, and answered",
    ("performance_schema",): "the probes and every member's judgement of the others read it",
    ("innodb_flush_method", "innodb_doublewrite"): "how, and how surely, InnoDB gets to the disk",
    ("innodb_buffer_pool_size",): "derived from `resources.limits.memory`",
    ("innodb_buffer_pool_instances", "innodb_buffer_pool_chunk_size"): (
        "round the buffer pool up, 2688 MiB with 16 instances to 4096 MiB, past the memory limit"
    ),
    ("max_execution_time", "max_join_size"): (
        "end the members' own SELECTs: in probes, and where a replica that stops applies what it received"
    ),
    ("lock_wait_timeout", "innodb_lock_wait_timeout", "innodb_deadlock_detect"): (
        "a replica applies under them too, and gives up for good after ten attempts: with 1 s one reader's"
        " `FOR SHARE` does it within a minute. Applications set them for their own sessions"
    ),
    ("max_heap_table_size", "max_binlog_cache_size"): (
        "a replica that has less than the primary, as in a roll-out, cannot apply what the primary took"
    ),
    ("max_user_connections",): "counts the members' account `replication` too: with 1 no second replica connects",
    ("max_connect_errors", "host_cache_size"): "of use only where names are resolved",
    ("back_log",): "follows `max_connections` by itself",
    ("innodb_thread_concurrency",): "with few threads the members' own statements wait behind the application's",
    ("binlog_format", "binlog_row_image", "binlog_transaction_compression"): "what is in the binary logs",
    ("replica_parallel_workers", "replica_preserve_commit_order"): "how fast and in what order a replica applies",
    ("event_scheduler", "init_connect"): "statements that nobody sends, on members too",
    ("lower_case_table_names",): "only taken when a data directory is made, which happens without any settings",
    ("optimizer_switch",): "may give wrong results, in the scripts' statements too; set it for a session or in a hint",
    ("tls_version", "authentication_policy"): "who may connect, and how",
    ("log_error", "tmpdir", "secure_file_priv"): "where files are",
}
"""Variables that people often set and that are not allowed, each with the reason. docs/mysql.md has them, too."""
NO_HINT: Final = frozenset(name for names in ABSENT for name in names)
"""Names for which no similar one is suggested, because who writes one of these means no other."""

FIELDS: Final[Mapping[str, str]] = {
    "binlog_expire_logs_seconds": "binaryLogs.expireSeconds",
    "innodb_buffer_pool_size": "resources.limits.memory",
    "max_binlog_size": "binaryLogs.maxFileSize",
    "rpl_semi_sync_source_enabled": "semiSync.replicas",
    "rpl_semi_sync_source_timeout": "semiSync.timeoutSeconds",
    "rpl_semi_sync_source_wait_for_replica_count": "semiSync.replicas",
    "ssl_ca": "tlsSecret",
    "ssl_cert": "tlsSecret",
    "ssl_key": "tlsSecret",
}
"""Variable -> the field of the workload that sets it."""

KEPT: Final = (
    *("binlog_", "log_bin", "max_binlog_", "gtid_", "enforce_gtid", "sync_", "log_replica_", "log_slave_"),
    *("replicate_", "replica_", "slave_", "relay_log", "rpl_", "server_id", "server_uuid", "report_", "init_", "xa_"),
    *("innodb_doublew", "innodb_flush_log", "innodb_flush_method", "innodb_force_", "innodb_log_", "innodb_redo_log_"),
    *("innodb_buffer_pool_size", "innodb_read_only", "read_only", "super_read_only", "offline_mode"),
    *("ssl_", "tls_", "admin_", "require_secure_transport", "grant_tables", "authentication_", "plugin_", "clone_"),
    *("networking", "name_resolve", "bind_address", "port", "socket", "mysqlx"),
    *("datadir", "pid_file", "tmpdir", "secure_file_priv"),
    *("default_storage_", "default_tmp_storage_", "disabled_storage_"),
)
"""Beginnings of variables that the program sets itself, or on which it depends that no answered write is lost. They
only choose the message: every variable that is not harmless is refused."""
PREFIXES: Final = re.compile(r"^(loose_|skip_|disable_|enable_|maximum_)+")
"""The words that mysqld takes before an option's name."""


class Bounds(NamedTuple):
    """The least and the most that a variable may be to do no harm, as mysqld writes numbers, and the reason."""

    least: str
    most: str
    because: str


WITHIN: Final[Mapping[str, Bounds]] = {
    "binlog_group_commit_sync_delay": Bounds(
        "0", "10000", "a replica waits as long for each group that it applies, and would fall behind for ever"
    ),
    "innodb_redo_log_capacity": Bounds(
        "100M", "512G", "many connections at once may find no room in less, and MySQL has no more"
    ),
    "max_allowed_packet": Bounds(
        "2M", "256M", "CLONE needs as much, and a replica takes no change of a row with a larger value"
    ),
    "max_connections": Bounds("50", "100000", "each replica, probe and member that asks takes one"),
    "net_write_timeout": Bounds(
        "60", "31536000", "a replica that is slow for as long is cut off, within a large transaction again and again"
    ),
}
"""Variables whose value must be within bounds. Where one of the bounds needs none of ours, it is MySQL's own."""
SHARE_OF_CLAIM: Final = 4
"""The redo log may take one in this many parts of the claim. InnoDB takes all of that at once, in spare files, so
that a quarter leaves room for data."""


def refusal(name: str) -> str | None:
    """The message for a name that is not allowed; None for a harmless one that is spelt as in MySQL's manual."""
    if name in HARMLESS:
        return None
    bare = PREFIXES.sub("", name.lower().replace("-", "_"), count=1)
    if bare.startswith(KEPT):
        instead = f" and write {FIELDS[bare]}" if bare in FIELDS else ""
        return f"kept by the program, so that no answered write is lost; leave it out{instead}"
    hint = "" if name in NO_HINT else nearest(name, HARMLESS)
    return f'not among the settings known to be harmless; leave it out (docs/mysql.md, "Settings", lists them){hint}'


def out_of_bounds(name: str, value: str, claim: Quantity) -> str | None:
    """The message for a value with which a harmless variable does harm; None for any other value."""
    if name not in WITHIN:
        return None
    least, most, because = WITHIN[name]
    if not amount(least) <= amount(value) <= amount(most):
        return f"{shown(value)} is refused, because {because}; write {least} to {most}"
    if name == "innodb_redo_log_capacity" and amount(value) * SHARE_OF_CLAIM > claim.value:
        return f"{shown(value)} is more than a quarter of the claims' {claim}; lower it or raise storage.claimSize"
    return None


def amount(value: str) -> int:
    """The number that mysqld reads, such as `67108864` or `64M`; -1 for a text that is no number."""
    found = re.fullmatch(r"([0-9]{1,19})([KMGTPE]?)", value.upper(), re.ASCII)
    return int(found[1]) << 10 * "_KMGTPE".index(found[2] or "_") if found else -1
