"""What Cloud SQL requests may say (Admin API v1beta4), as far as this program says it."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from localcloud.gce.http.bodies import Body


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


class LocationPreference(Body):
    """The zones that an instance is to be in."""

    zone: str | None = None
    secondary_zone: str | None = None


class BackupRetention(Body):
    """How many backups are kept."""

    retained_backups: int = Field(ge=1, le=365)
    retention_unit: Literal["COUNT"] = "COUNT"


class BackupConfiguration(Body):
    """When an instance is backed up, and for how many days its log is kept."""

    enabled: bool = False
    binary_log_enabled: bool = False
    start_time: str = Field(default="00:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    location: str | None = None
    transaction_log_retention_days: int = Field(default=7, ge=1, le=35)
    backup_retention_settings: BackupRetention | None = None


class FinalBackupConfig(Body):
    """Whether an instance is backed up when it is deleted, and for how many days that is kept."""

    enabled: bool = False
    retention_days: int | None = Field(default=None, ge=1, le=365)


class MaintenanceWindow(Body):
    """When an instance may be maintained: the day of the week, from 1 for Monday, and the hour in UTC."""

    day: int = Field(ge=1, le=7)
    hour: int = Field(ge=0, le=23)
    update_track: Literal["canary", "stable", "week5"] = "stable"


class NameAndValue(Body):
    """A flag of mysqld and its value."""

    name: str
    value: str


class AuthorizedNetwork(Body):
    """A network, in CIDR notation, from which the public address may be called."""

    name: str = ""
    value: Annotated[str, AfterValidator(_network)]


class IpConfiguration(Body):
    """The addresses that an instance has, and who may call them and how."""

    ipv4_enabled: bool = True
    private_network: str | None = None
    allocated_ip_range: str | None = None
    ssl_mode: Literal["ALLOW_UNENCRYPTED_AND_ENCRYPTED", "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"] = (
        "ALLOW_UNENCRYPTED_AND_ENCRYPTED"
    )
    authorized_networks: list[AuthorizedNetwork] = Field(default_factory=list)


class Settings(Body):
    """All settings of an instance; sizes are in GB."""

    tier: str = Field(pattern=r"^db-[A-Za-z0-9-]+$")
    edition: Literal["ENTERPRISE", "ENTERPRISE_PLUS"] = "ENTERPRISE"
    availability_type: Literal["ZONAL", "REGIONAL"] = "ZONAL"
    data_disk_size_gb: int | None = Field(default=None, ge=10, le=65536)
    data_disk_type: Literal["PD_SSD", "PD_HDD"] = "PD_SSD"
    storage_auto_resize: bool = True
    storage_auto_resize_limit: int = Field(default=0, ge=0)
    location_preference: LocationPreference | None = None
    backup_configuration: BackupConfiguration | None = None
    final_backup_config: FinalBackupConfig | None = None
    retain_backups_on_delete: bool = False
    deletion_protection_enabled: bool = False
    maintenance_window: MaintenanceWindow | None = None
    database_flags: list[NameAndValue] = Field(default_factory=list)
    ip_configuration: IpConfiguration = IpConfiguration()
    user_labels: dict[str, str] = Field(default_factory=dict)


class InstanceInsert(Body):
    """An instance that is to be made; with `masterInstanceName` it is a read replica."""

    name: str
    region: str = "us-central1"
    database_version: str = Field(pattern=r"^MYSQL_(8_0(_[0-9]{2})?|8_4)$")
    master_instance_name: str | None = None
    settings: Settings


class InstanceUpdate(Body):
    """The new settings of an instance, all of them."""

    database_version: str | None = Field(default=None, pattern=r"^MYSQL_(8_0(_[0-9]{2})?|8_4)$")
    settings: Settings


class DatabaseInsert(Body):
    """A database that is to be made, or to have this character set and collation."""

    name: str = Field(min_length=1, max_length=64)
    charset: str = "utf8mb4"
    collation: str = "utf8mb4_0900_ai_ci"


class UserInsert(Body):
    """An account that is to be made, or to have this password; one without a password is locked."""

    name: str = Field(min_length=1, max_length=32)
    host: str = "%"
    password: str = ""


class UserUpdate(Body):
    """The new password of an account."""

    password: str = Field(min_length=1)


class SslCertInsert(Body):
    """The name of a client whose certificate is to be made."""

    common_name: str = Field(min_length=1, max_length=64)
