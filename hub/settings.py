"""Every setting of the hub, read once at the door (`hub.__main__`) from `HUB_*` and handed down."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hub.core.retry import DAY, SCHEDULE

PREFIX = "HUB_"


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it in one line. The door exits with code 2."""


class Settings(BaseModel):
    """Frozen settings. The environment name of a field is `HUB_` and the field in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(Path(".hub"), description="Folder that holds all state of this machine")
    kafka: str | None = Field(None, description="Bootstrap servers; unset: `hub up` starts a local Kafka")
    kafka_port: int = Field(19092, description="Port of the local Kafka (the next one is its controller's)")
    kafka_libs: Path = Field(Path(".kafka/libs"), description="Folder with the jars of the local Kafka")
    replication: int = Field(1, ge=1, description="Replication factor of topics that the hub makes")
    partitions: int = Field(4, ge=1, le=256, description="Partitions of keyed topics; fixed once made")
    host: str = Field("127.0.0.1", description="Address the HTTP door listens on")
    port: int = Field(8080, description="Port of the HTTP door")
    public_url: str | None = Field(
        None, description="How others reach the HTTP door; default from host and port"
    )
    metrics_port: int = Field(
        8090, description="Metrics and health of processor (+0), courier (+1), projector (+2)"
    )
    database: str | None = Field(
        None, description="SQLAlchemy URL of the read model; default SQLite in `data`"
    )
    partners: Path | None = Field(None, description="Directory of partners (YAML) that `hub up` loads")
    sink_allow: tuple[str, ...] = Field(
        (),
        description="Networks (CIDR, comma separated) that webhooks may reach though private, http allowed",
    )
    webhook_origin: str = Field("onderwijshub.local", description="DNS name sent as WebHook-Request-Origin")
    webhook_timeout: float = Field(15.0, gt=0, description="Seconds for one whole delivery attempt")
    retry_schedule: tuple[float, ...] = Field(
        SCHEDULE,
        min_length=1,
        description="Seconds before attempt 1, 2, 3, ... of a delivery (comma separated); the last one repeats",
    )
    source: str = Field(
        "urn:nld:oin:00000099000000000000:systeem:onderwijshub",
        description="CloudEvents source of the hub itself",
    )
    rules: Path | None = Field(
        None,
        description="YAML file with thresholds and calendar (deploy/almere.yaml); what it leaves out is as there",
    )
    clock: Path | None = Field(
        None,
        description="File with the instant or date it is now, for rehearsals; empty: the machine's clock",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level logged")
    log_format: str = Field("json", pattern="^(json|text)$", description="Shape of log lines")

    @field_validator("rules", "clock", mode="before")
    @classmethod
    def _empty(cls, value: object) -> object:
        return value or None

    @field_validator("sink_allow", "retry_schedule", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(p for p in value.split(",") if p) if isinstance(value, str) else value

    @field_validator("sink_allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("retry_schedule")
    @classmethod
    def _waits(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 <= seconds <= 30 * DAY for seconds in value) or value[-1] <= 0:
            raise ValueError(
                "waits are 0 seconds to 30 days, and the last one, which repeats, is more than 0"
            )
        return value

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data / 'readmodel.sqlite'}"

    @property
    def bootstrap(self) -> str:
        return self.kafka or f"127.0.0.1:{self.kafka_port}"

    @property
    def url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def loopback(self) -> bool:
        """Whether the HTTP door can only be reached from this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables.

    Raises SettingsError, naming the first wrong or unknown `HUB_` variable.
    """
    given = {k.removeprefix(PREFIX).lower(): v for k, v in environ.items() if k.startswith(PREFIX)}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + ".".join(str(p) for p in first["loc"][:1]).upper()
        raise SettingsError(f"{name}: {first['msg']}") from None
