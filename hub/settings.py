"""Every setting of the hub, read once at the door (`hub.__main__`) from `HUB_*` and handed down."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from hub.core.kafka_rights import OPERATOR
from hub.core.retry import DAY, SCHEDULE
from hub.core.topics import DAY_MS
from hub.errors import SettingsError as SettingsError
from hub.locked import Locked

PREFIX = "HUB_"
_ADDRESS = re.compile(r"[^@\s,<>\"]+@[A-Za-z0-9.-]+")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
PORTS_PER_BROKER = 3
"""Of the local Kafka: for the parts of the hub, for its controllers, for partners."""


class Settings(BaseModel):
    """Frozen settings. The environment name of a field is `HUB_` and the field in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(Path(".hub"), description="Folder that holds all state of this machine")
    kafka: str | None = Field(None, description="Bootstrap servers; unset: `hub up` starts a local Kafka")
    kafka_port: int = Field(
        19092, description="First port of the local Kafka; each broker has three: hub, controller, partners"
    )
    kafka_brokers: int = Field(
        1, description="Brokers of the local Kafka, 1 or 3; fixed once it has data. Of 3 any one may die"
    )
    kafka_partners: str | None = Field(
        None, description="Bootstrap servers where partners come in; default the local Kafka's own"
    )
    kafka_partners_ca: Path | None = Field(
        None, description="CA certificate (PEM) that partners trust there; default the local Kafka's own"
    )
    kafka_libs: Path = Field(Path(".kafka/libs"), description="Folder with the jars of the local Kafka")
    kafka_security: Literal["plaintext", "sasl_ssl"] = Field(
        "plaintext",
        description="sasl_ssl: TLS, and a password and rights of its own for every part; `--locked` sets it",
    )
    kafka_user: str = Field(
        OPERATOR,
        min_length=1,
        description="As whom this process comes in; `hub up` gives each part its own name",
    )
    kafka_password: SecretStr | None = Field(
        None, description="Its password; better in a file, for others may see an environment"
    )
    kafka_password_file: Path | None = Field(
        None, description="File with its password; default the one that `hub kafka lock` wrote in `data`"
    )
    kafka_ca: Path | None = Field(
        None, description="CA certificate (PEM) to trust; default the local Kafka's own, else the system's"
    )
    replication: int | None = Field(
        None, ge=1, description="Replication factor of topics that the hub makes; unset: the cluster decides"
    )
    partitions: int = Field(4, ge=1, le=256, description="Partitions of keyed topics; fixed once made")
    retention_days: float = Field(
        28.0,
        gt=0,
        le=28,
        description="Days that Kafka keeps events, outboxes and journal, and what was erased of a line; `hub up` and "
        "`hub topics` apply it to the topics that are there",
    )
    host: str = Field("127.0.0.1", description="Address the HTTP door listens on")
    port: int = Field(8080, description="Port of the HTTP door")
    public_url: str | None = Field(
        None, description="How others reach the HTTP door; default from host and port"
    )
    metrics_port: int = Field(
        8090,
        description="Metrics and health of processor (+0), courier (+1), projector (+2), then of further workers "
        "and the alarm",
    )
    processors: int = Field(
        1, ge=1, le=64, description="Processors that `hub up` runs; they share the partitions"
    )
    couriers: int = Field(
        1, ge=1, le=64, description="Couriers that `hub up` runs; they share the subscriptions"
    )
    worker: int = Field(
        1,
        ge=1,
        description="Which of the processors or couriers on this machine this process is; `hub up` sets it",
    )
    standby: bool = Field(
        True,
        description="Each processor keeps copies of the states others work on: take-over at once, for their disk",
    )
    backlog_limit: int = Field(
        50_000,
        ge=1,
        description="Records that may wait for the processors; above it publishers are told 429 until it is half",
    )
    database: str | None = Field(
        None, description="SQLAlchemy URL of the read model; default SQLite in `data`"
    )
    database_reader: str | None = Field(
        None,
        description="The same database for the gateway, by a role that may only read; default `database`",
    )
    partners: Path | None = Field(None, description="Directory of partners (YAML) that `hub up` loads")
    sink_allow: tuple[str, ...] = Field(
        (),
        description="Networks (CIDR, comma separated) that webhooks may reach though private, http allowed",
    )
    issuers: tuple[str, ...] = Field(
        (),
        description="Issuers (URLs, comma separated) whose OAuth 2.0 access tokens are taken; http on loopback only",
    )
    audience: str | None = Field(
        None, description="How access tokens of issuers name this hub; default the public URL"
    )
    proxy_trust: tuple[str, ...] = Field(
        (),
        description="Networks (CIDR, comma separated) of the proxy that says whose client certificate it saw",
    )
    proxy_header: str = Field(
        "X-Client-OIN",
        pattern="^[A-Za-z0-9-]+$",
        description="Header in which that proxy gives the OIN; from all others it is refused",
    )
    sink_ports: tuple[int, ...] = Field(
        (), description="Ports (comma separated) that webhooks may go to beside 443 and 8443"
    )
    sink_ca: Path | None = Field(
        None,
        description="CA certificates (PEM) trusted at receivers beside those of the system, such as PKIoverheid",
    )
    sink_certificate: Path | None = Field(
        None, description="Certificate and key (PEM, one file) by which receivers may know the hub: mTLS"
    )
    secrets_key: Path | None = Field(
        None,
        description="File with the keys that seal the secrets of subscriptions, one for all machines; default made in "
        "`data`",
    )
    webhook_origin: str = Field("onderwijshub.local", description="DNS name sent as WebHook-Request-Origin")
    webhook_timeout: float = Field(15.0, gt=0, description="Seconds for one whole delivery attempt")
    retry_schedule: tuple[float, ...] = Field(
        SCHEDULE,
        min_length=1,
        description="Seconds before attempt 1, 2, 3, ... of a delivery (comma separated); the last one repeats",
    )
    heartbeat: float = Field(
        3600.0,
        ge=0,
        description="Seconds of quiet after which a webhook is told its last number; 0 = never; config.heartbeat of a "
        "subscription goes first",
    )
    consent_days: float = Field(
        30.0, gt=0, description="Days after which the consent of a webhook expires; it is asked again before"
    )
    source: str = Field(
        "urn:nld:oin:00000099000000000000:systeem:onderwijshub",
        description="CloudEvents source of the hub itself",
    )
    line_key: Path | None = Field(
        None,
        description="File with the secret under which persons stand in the journal, one for all parts of the hub; "
        "default line.key in `data`, made when it is not there",
    )
    seal_key: Path | None = Field(
        None,
        description="File with the Ed25519 key (PEM) that signs the seals of the journal, one for all projectors; "
        "default journal.key in `data`, made when it is not there",
    )
    rules: Path | None = Field(
        None,
        description="YAML file with thresholds and calendar (deploy/almere.yaml); what it leaves out is as there",
    )
    pairwise_key: Path | None = Field(
        None,
        description="File with the key (32 bytes or more) of the references that partners outside education get for "
        "learners; default made once in `data`. Hubs on several machines must be given the same",
    )
    clock: Path | None = Field(
        None,
        description="File with the instant or date it is now, for rehearsals; empty: the machine's clock",
    )
    login_issuer: str | None = Field(
        None, description="OpenID Connect issuer where people log in (https; http on a loopback address)"
    )
    login_client: str | None = Field(None, description="Client id of the hub at that issuer")
    login_key: Path | None = Field(
        None,
        description="Private key (PEM, RSA or P-256) with which the hub proves there that it is that client",
    )
    login_role: str = Field("role", description="Claim of the ID token that holds a person's role")
    login_organisation: str = Field(
        "organisation", description="Claim that holds the OrgRef of a partner administrator, such as oin:..."
    )
    session_key: Path | None = Field(
        None, description="File with 32 secret bytes that seal sessions; default made once in `data`"
    )
    door_origins: tuple[str, ...] = Field(
        (),
        description="Origins (https://host, comma separated) of web pages that may call the API; default none",
    )
    door_rate: float = Field(
        1000.0,
        ge=0,
        le=1e6,
        description="Requests a second of one partner, for each process of the door; 0 = no limit",
    )
    door_polls: int = Field(64, ge=1, description="Reads of feeds at a time of one partner, for each process")
    door_subscriptions: int = Field(
        50, ge=1, description="Subscriptions of one partner, its inbox not counted"
    )
    door_connections: int = Field(2000, ge=1, description="Connections at a time of one process of the door")
    door_body_bytes: int = Field(
        1024 * 1024, ge=64 * 1024, description="Bytes of one body; less than a batch may have limits batches"
    )
    door_url_bytes: int = Field(8192, ge=1024, description="Bytes of a URL")
    door_headers: int = Field(100, ge=20, description="Headers of one request")
    door_header_bytes: int = Field(
        96 * 1024, ge=8192, description="Bytes of all headers of one request together"
    )
    door_head_seconds: float = Field(
        10.0, gt=0, description="Time in which the head of a request must come in"
    )
    door_body_seconds: float = Field(
        30.0, gt=0, description="Time in which its body must come in, and in which its answer must be read on"
    )
    door_idle_seconds: int = Field(
        15, ge=1, description="Time that a connection may wait for its next request"
    )
    alert_smtp: str | None = Field(
        None,
        description="Mail server of the alarm: smtp://host:port (STARTTLS, on loopback not needed) or "
        "smtps://host:port; with it or HUB_ALERT_WEBHOOK `hub up` runs `hub alerts`",
    )
    alert_from: str = Field("onderwijshub@localhost", description="Address that the alarm mails from")
    alert_to: tuple[str, ...] = Field((), description="Addresses (comma separated) that it mails to")
    alert_user: str = Field("", description="User at the mail server; empty: it asks for none")
    alert_password_file: Path | None = Field(None, description="File with the password of that user")
    alert_webhook: str | None = Field(
        None, description="URL (https; http on loopback) that gets every alert, signed (Standard Webhooks)"
    )
    alert_secret_file: Path | None = Field(
        None, description="File with the key that signs it: whsec_ or whsk_ and base64"
    )
    alert_after: float = Field(
        60.0, gt=0, le=3600, description="Seconds that something must be wrong, or well again, to be told of"
    )
    alert_backlog: float = Field(
        900.0, gt=0, description="Seconds that the oldest undelivered event of a webhook may wait untold"
    )
    alert_refusals: int = Field(
        100, ge=0, description="Messages of one publisher that may be refused in an hour untold"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level logged")
    log_format: str = Field("json", pattern="^(json|text)$", description="Shape of log lines")

    @field_validator(
        *(
            "line_key",
            "seal_key",
            "pairwise_key",
            "secrets_key",
            "rules",
            "clock",
            "sink_ca",
            "sink_certificate",
        ),
        *("kafka_password", "kafka_password_file", "kafka_ca"),
        *("alert_smtp", "alert_webhook", "alert_password_file", "alert_secret_file"),
        mode="before",
    )
    @classmethod
    def _empty(cls, value: object) -> object:
        return value or None

    @field_validator(
        *("sink_allow", "sink_ports", "retry_schedule", "issuers", "proxy_trust", "door_origins", "alert_to"),
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(p for p in value.split(",") if p) if isinstance(value, str) else value

    @field_validator("login_issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        if value is not None:
            _check_issuer(value)
        return value

    @field_validator("alert_smtp")
    @classmethod
    def _mail_server(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            more = parts.username is not None or parts.path or parts.query or parts.fragment
            if parts.scheme not in ("smtp", "smtps") or not parts.hostname or more or parts.port == 0:
                raise ValueError("a mail server is smtp://host:port or smtps://host:port")
        return value

    @field_validator("alert_from", "alert_to")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if not _ADDRESS.fullmatch(address):
                raise ValueError("an address is name@domain")
        return value

    @field_validator("alert_webhook")
    @classmethod
    def _alert_url(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme != "https" and not (parts.scheme == "http" and on_loopback(parts.hostname or "")):
                raise ValueError("a webhook is reached by https; by http only on loopback")
            if not parts.hostname or parts.username is not None or parts.fragment:
                raise ValueError("a webhook is a URL without user and fragment")
        return value

    @field_validator("kafka_brokers")
    @classmethod
    def _brokers(cls, value: int) -> int:
        if value not in (1, 3):
            raise ValueError("one broker, or three: of two none may die either")
        return value

    @field_validator("sink_allow", "proxy_trust")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("issuers")
    @classmethod
    def _issuer_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            _check_issuer(url)
        return value

    @field_validator("sink_ports")
    @classmethod
    def _ports(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not all(0 < port < 65536 for port in value):
            raise ValueError("ports are 1 to 65535")
        return value

    @field_validator("door_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError("an origin is https://host or https://host:port, without a path")
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
    def window_ms(self) -> int:
        """`retention_days` in milliseconds."""
        return int(self.retention_days * DAY_MS)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data / 'readmodel.sqlite'}"

    @property
    def secrets_file(self) -> Path:
        return self.secrets_key or self.data / "secrets.key"

    @property
    def reader_url(self) -> str:
        return self.database_reader or self.database_url

    @property
    def locked(self) -> bool:
        """Whether Kafka asks the parts of the hub who they are."""
        return self.kafka_security == "sasl_ssl"

    @property
    def bootstrap(self) -> str:
        """Where Kafka is, with the credential it asks for. Raises SettingsError when that cannot be read."""
        servers = self.kafka or self._local(0)
        if not self.locked:
            return servers
        password = self._password()
        try:
            return Locked(servers, self.kafka_user, password, self._ca)
        except OSError as error:
            raise SettingsError(f"HUB_KAFKA_CA: {self._ca} holds no certificate to trust: {error}") from None

    @property
    def secrets(self) -> Path:
        """Where `hub kafka lock` puts a file with a password for each part, named after its user."""
        return self.data / "secrets"

    def acting_as(self, user: str) -> Settings:
        """The same, coming in to Kafka by another name, with the password that `hub kafka lock` wrote for it."""
        return self.model_copy(
            update={"kafka_user": user, "kafka_password": None, "kafka_password_file": None}
        )

    @property
    def _ca(self) -> Path | None:
        return self.kafka_ca or (None if self.kafka else self.data / "kafka" / "tls" / "ca.pem")

    def _password(self) -> str:
        if self.kafka_password is not None:
            return self.kafka_password.get_secret_value()
        path = self.kafka_password_file or self.secrets / self.kafka_user
        try:
            found = path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is no text"
            raise SettingsError(f"HUB_KAFKA_PASSWORD_FILE: {path}: {reason}") from None
        if not found:
            raise SettingsError(f"HUB_KAFKA_PASSWORD_FILE: {path} is empty")
        return found

    @property
    def partner_bootstrap(self) -> str:
        """Where partners come in by Kafka; empty for a cluster of one's own when nothing is set."""
        return self.kafka_partners or ("" if self.kafka else self._local(2))

    @property
    def partner_ca(self) -> Path | None:
        """The CA that partners trust there; None: one that their system knows."""
        return self.kafka_partners_ca or (None if self.kafka else self.data / "kafka" / "tls" / "ca.pem")

    def _local(self, door: int) -> str:
        ports = (self.kafka_port + PORTS_PER_BROKER * number + door for number in range(self.kafka_brokers))
        return ",".join(f"127.0.0.1:{port}" for port in ports)

    @property
    def url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def name(self, part: str) -> str:
        """Name of this process on this machine: `processor`, `processor-2`, ...; its folder and log bear it."""
        return part if self.worker == 1 else f"{part}-{self.worker}"

    def health_port(self, part: str) -> int:
        """Where this process serves `/metrics`, `/healthz` and `/readyz`."""
        if part == "alerts":
            return self.metrics_port + 1 + self.processors + self.couriers
        further = self.worker - 2
        if further < 0:
            return self.metrics_port + ("processor", "courier", "projector").index(part)
        return self.metrics_port + 3 + further + (self.processors - 1 if part == "courier" else 0)

    @property
    def alarmed(self) -> bool:
        """Whether somebody is to be told when something is wrong."""
        return self.alert_smtp is not None or self.alert_webhook is not None

    @property
    def loopback(self) -> bool:
        """Whether the HTTP door can only be reached from this machine."""
        return on_loopback(self.host)


def _check_issuer(url: str) -> None:
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("an issuer is a URL with host and path, and nothing more")
    if parts.scheme != "https" and not (parts.scheme == "http" and on_loopback(parts.hostname)):
        raise ValueError("an issuer is reached by https; by http only on loopback")


def on_loopback(host: str) -> bool:
    """Whether nobody but this machine can be meant."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
