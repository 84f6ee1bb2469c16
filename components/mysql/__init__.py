"""Replicated MySQL (002): a primary, replicas that clone themselves, and the Services in front of them."""

from components.mysql.component import ReplicatedMySql, ReplicatedMySqlArgs
from components.mysql.xtrabackup import XtrabackupMySql, XtrabackupMySqlArgs

__all__ = ["ReplicatedMySql", "ReplicatedMySqlArgs", "XtrabackupMySql", "XtrabackupMySqlArgs"]
