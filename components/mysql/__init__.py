"""Replicated MySQL (002): a primary, replicas that clone themselves, and the Services in front of them."""

from components.mysql.component import ReplicatedMySql, ReplicatedMySqlArgs

__all__ = ["ReplicatedMySql", "ReplicatedMySqlArgs"]
