"""The `settings` of Cloud SQL instances, field by field from the stack file."""

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

from components.config.cloud_sql import CloudSqlReplica, CloudSqlSpec

DAYS: Final = {
    day: number
    for number, day in enumerate(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), start=1
    )
}
"""Cloud SQL's week begins on Monday with 1 (Admin API, MaintenanceWindow.day)."""


def of_primary(spec: CloudSqlSpec) -> DatabaseInstanceSettingsArgs:
    """Everything the primary has and replicas have not: disk size, backups, window, standby, protection."""
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
        **_shared(spec),
    )


def of_replica(spec: CloudSqlSpec, replica: CloudSqlReplica) -> DatabaseInstanceSettingsArgs:
    """A replica's disk starts as large as the primary's is by then, so it is told no size."""
    return DatabaseInstanceSettingsArgs(
        tier=replica.tier or spec.tier,
        availability_type="ZONAL",
        location_preference=DatabaseInstanceSettingsLocationPreferenceArgs(zone=replica.zone),
        deletion_protection_enabled=False,
        **_shared(spec),
    )


def backups(spec: CloudSqlSpec) -> DatabaseInstanceSettingsBackupConfigurationArgs:
    """For MySQL point-in-time recovery is the binary log; the switch of that name is other databases'."""
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


def addresses(spec: CloudSqlSpec) -> DatabaseInstanceSettingsIpConfigurationArgs:
    """Who reaches an instance, and never without TLS."""
    return DatabaseInstanceSettingsIpConfigurationArgs(
        ipv4_enabled=spec.public_ip,
        private_network=spec.private_network,
        allocated_ip_range=spec.allocated_ip_range,
        ssl_mode=spec.ssl_mode,
        authorized_networks=[
            DatabaseInstanceSettingsIpConfigurationAuthorizedNetworkArgs(name=network.name, value=network.value)
            for network in spec.authorized_networks
        ],
    )


def _shared(spec: CloudSqlSpec) -> dict[str, Any]:
    return {
        "edition": spec.edition,
        "disk_type": spec.disk_type,
        "disk_autoresize": spec.disk_autoresize,
        "disk_autoresize_limit": spec.disk_autoresize_limit_gb,
        "database_flags": [
            DatabaseInstanceSettingsDatabaseFlagArgs(name=flag, value=value)
            for flag, value in sorted(spec.database_flags.items())
        ],
        "ip_configuration": addresses(spec),
        "user_labels": dict(spec.labels),
    }
