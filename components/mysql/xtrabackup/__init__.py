"""The seeds' own replicated MySQL (002): MySQL 5.7, and XtraBackup as the way to new members."""

from components.mysql.xtrabackup.component import XtrabackupMySql, XtrabackupMySqlArgs

__all__ = ["XtrabackupMySql", "XtrabackupMySqlArgs"]
