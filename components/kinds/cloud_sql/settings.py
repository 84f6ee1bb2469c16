"""The `settings` of Cloud SQL instances, made field by field of what the stack file says."""

from __future__ import annotations

from typing import Any, Final

from pulumi_gcp.sql import (
    DatabaseInstanceSettingsArgs,
    DatabaseInstanceSettingsBackupConfigurationArgs,
    DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs,
    DatabaseInstanceSettingsDatabaseFlagArgs,
    DatabaseInstanceSettingsFinalBackupConfigArgs,
    DatabaseInstanceSettingsIpConfigurationArgs,
    DatabaseInstanceSettingsIpConfigurationAuthorizedNetworkArgs,
    DatabaseInstanceSettingsLocationPreferenceArgs,
    DatabaseInstanceSettingsMaintenanceWindowArgs,
)

from ...model.args import Checked
from .spec import CloudSqlReplica, CloudSqlSpec

DAYS: Final = {
    day: number
    for number, day in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), start=1
    )
}
"""Day -> its number: Cloud SQL's week begins on Monday with 1 (Admin API, MaintenanceWindow.day)."""


def of_primary(checked: Checked[CloudSqlSpec]) -> DatabaseInstanceSettingsArgs:
    """Settings of the primary. It alone has a disk size, backups, a maintenance window, a standby and protection."""
    spec = checked.spec
    return DatabaseInstanceSettingsArgs(
        tier=spec.tier,
        availability_type=spec.availability_type,
        disk_size=spec.disk_size_gb,
        location_preference=DatabaseInstanceSettingsLocationPreferenceArgs(
            zone=spec.zone, secondary_zone=spec.secondary_zone
        )
        if spec.zone or spec.secondary_zone
        else None,
        backup_configuration=backups(spec),
        final_backup_config=DatabaseInstanceSettingsFinalBackupConfigArgs(
            enabled=spec.keeps, retention_days=spec.backups.final_days if spec.keeps else None
        ),
        retain_backups_on_delete=spec.keeps,
        deletion_protection_enabled=spec.keeps,
        maintenance_window=DatabaseInstanceSettingsMaintenanceWindowArgs(
            day=DAYS[spec.maintenance.day], hour=spec.maintenance.hour, update_track=spec.maintenance.track
        ),
        **_shared(checked),
    )


def of_replica(checked: Checked[CloudSqlSpec], replica: CloudSqlReplica) -> DatabaseInstanceSettingsArgs:
    """Settings of a replica. It is told no disk size, as its disk starts as large as the primary's is by then."""
    spec = checked.spec
    return DatabaseInstanceSettingsArgs(
        tier=replica.tier or spec.tier,
        availability_type="ZONAL",
        location_preference=DatabaseInstanceSettingsLocationPreferenceArgs(zone=replica.zone),
        deletion_protection_enabled=False,
        **_shared(checked),
    )


def backups(spec: CloudSqlSpec) -> DatabaseInstanceSettingsBackupConfigurationArgs:
    """Backups and the binary log, which is MySQL's point-in-time recovery; the switch of that name is for others."""
    return DatabaseInstanceSettingsBackupConfigurationArgs(
        enabled=True,
        binary_log_enabled=True,
        start_time=spec.backups.start_time,
        location=spec.backups.location,
        transaction_log_retention_days=spec.backups.log_days,
        backup_retention_settings=DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
            retained_backups=spec.backups.retained, retention_unit="COUNT"
        ),
    )


def addresses(checked: Checked[CloudSqlSpec]) -> DatabaseInstanceSettingsIpConfigurationArgs:
    """The addresses of an instance, and who reaches them, never without TLS."""
    spec = checked.spec
    return DatabaseInstanceSettingsIpConfigurationArgs(
        ipv4_enabled=spec.public_ip,
        private_network=checked.get("private_network"),
        allocated_ip_range=checked.get("allocated_ip_range"),
        ssl_mode=spec.ssl_mode,
        authorized_networks=[
            DatabaseInstanceSettingsIpConfigurationAuthorizedNetworkArgs(
                name=network.name, value=checked.get("authorized_networks", position, "value")
            )
            for position, network in enumerate(spec.authorized_networks)
        ],
    )


def _shared(checked: Checked[CloudSqlSpec]) -> dict[str, Any]:
    spec = checked.spec
    return {
        "edition": spec.edition,
        "disk_type": spec.disk_type,
        "disk_autoresize": spec.disk_autoresize,
        "disk_autoresize_limit": spec.disk_autoresize_limit_gb,
        "database_flags": [
            DatabaseInstanceSettingsDatabaseFlagArgs(name=flag, value=value)
            for flag, value in sorted(spec.database_flags.items())
        ],
        "ip_configuration": addresses(checked),
        "user_labels": dict(spec.labels),
    }
