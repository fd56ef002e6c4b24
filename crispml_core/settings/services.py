"""How the services answer and execute."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from crispml_core.settings.concern import Concern
from crispml_core.settings.loopback import is_loopback


class ServerSettings(Concern):
    """The HTTP server of a service."""

    host: str = "127.0.0.1"
    """Address that the service listens on."""

    port: int = Field(default=0, ge=0, le=65535)
    """Port; 0 means the default of the service: 8101 for training, 8102 for scoring."""

    max_body_bytes: int = Field(default=32 * 1024**2, ge=1024)
    """Largest JSON request body."""

    max_upload_bytes: int = Field(default=8 * 1024**3, ge=1024)
    """Largest body of CSV, NDJSON, Parquet or Arrow, also decompressed."""

    max_records: int = Field(default=100_000, ge=1)
    """Most records or labels in one JSON request."""

    max_batch_rows: int = Field(default=20_000_000, ge=1)
    """Most records or labels in one request of NDJSON, CSV, Parquet or Arrow."""

    body_timeout_s: float = Field(default=60.0, gt=0, le=3600)
    """How long the service waits for a body, and a second more for every 64 KiB that came."""

    max_held_bytes: int = Field(default=512 * 1024**2, ge=1024)
    """Bodies of JSON that a process holds at the same time; beyond them the answer is 503."""

    max_concurrent: int = Field(default=512, ge=1)
    """Requests of one API key or one subject that a process works on; beyond them 429."""

    max_connections: int = Field(default=1000, ge=1)
    """Connections that a process has open; one more is answered with 503 and closed."""

    head_timeout_s: float = Field(default=10.0, gt=0, le=600)
    """How long a client may take to send the address and the header fields of a request."""

    keep_alive_s: int = Field(default=75, ge=1, le=3600)
    """How long a connection stays open that nothing is asked on; longer than whoever balances the
    load keeps one, or it loses requests that cross with the end of their connection."""

    max_wait_s: float = Field(default=300.0, ge=0, le=3600)
    """Longest time that `Prefer: wait` keeps a request open."""

    tls_cert_file: Path | None = None
    """File with the certificate of the service and its chain, PEM; plain HTTP without it."""

    tls_key_file: Path | None = None
    """File with the key of the certificate, PEM and without a password."""

    tls_client_ca_file: Path | None = None
    """File with the CAs, one of which must have signed the certificate of each client, PEM."""

    workers: int = Field(default=1, ge=1, le=64)
    """Processes of one scoring service that share its port; training always has one."""

    stop_delay_s: float = Field(default=0.0, ge=0, le=300)
    """How long a service that was asked to stop still answers new requests, while it is not ready:
    until whoever balances the load knows."""

    shutdown_s: float = Field(default=20.0, ge=0, le=600)
    """How long a stopping service waits for open requests."""

    @field_validator("tls_cert_file", "tls_key_file", "tls_client_ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _whole_tls(self) -> ServerSettings:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("TLS_CERT_FILE and TLS_KEY_FILE go together: set both, or neither")
        if self.tls_client_ca_file is not None and self.tls_cert_file is None:
            raise ValueError("TLS_CLIENT_CA_FILE needs TLS_CERT_FILE and TLS_KEY_FILE")
        return self


class ScoringSettings(Concern):
    """The path from a record to its durable score."""

    queue: int = Field(default=4096, ge=1)
    """Requests that may wait for their commit; beyond them the answer is 503 with `Retry-After`."""

    deadline_s: float = Field(default=30.0, gt=0, le=600)
    """How long a request may wait for its commit."""

    commit_timeout_s: float = Field(default=2.0, gt=0, le=300)
    """How long a commit waits for an answer of the database before it goes to the journal."""

    models_bytes: int = Field(default=1024**3, ge=1024)
    """How much the loaded model versions may weigh; those that no alias names are dropped first."""

    report_rows: int = Field(default=5_000_000, ge=1)
    """Most scores of one report, replay or challenge; a million take up to a GiB of memory."""

    @model_validator(mode="after")
    def _commits_in_time(self) -> ScoringSettings:
        # One that has no answer waits for it and for a new connection, and then for the journal.
        if self.commit_timeout_s > self.deadline_s / 2:
            raise ValueError(
                "COMMIT_TIMEOUT_S must be at most half of DEADLINE_S, or requests end before the "
                "journal takes their scores"
            )
        return self


class RunSettings(Concern):
    """The queue of runs and its worker processes."""

    workers: int = Field(default=1, ge=1, le=64)
    """Runs that one training service executes at the same time, each in a process of its own."""

    lease_s: float = Field(default=15.0, ge=1, le=3600)
    """How long a run stays owned without a heartbeat; after that anybody may fail it."""

    heartbeat_s: float = Field(default=3.0, ge=0.1, le=600)
    """Time between two heartbeats; at most half of `lease_s`."""

    poll_s: float = Field(default=0.2, ge=0.02, le=60)
    """Time between two looks into an empty queue."""

    timeout_s: float = Field(default=3600.0, ge=1)
    """How long a run may take unless its request says otherwise."""

    @model_validator(mode="after")
    def _beats_in_time(self) -> RunSettings:
        # One heartbeat may get lost without the run.
        if self.heartbeat_s > self.lease_s / 2:
            raise ValueError("HEARTBEAT_S must be at most half of LEASE_S")
        return self


class BatchSettings(Concern):
    """Very large batches, which the scoring service executes as runs."""

    path: Path = Path(".crispml/batches")
    """Folder below which sources and sinks lie, on a volume that outlives the process."""

    workers: int = Field(default=1, ge=1, le=16)
    """Batches that one scoring process executes at the same time, each in a process of its own."""

    chunk_rows: int = Field(default=65_536, ge=1, le=1_000_000)
    """Records that are scored and committed together, unless the request says otherwise."""


class ComputeSettings(Concern):
    """Where runs compute what is too large for one process."""

    dask_address: str | None = None
    """Scheduler of a Dask cluster, `tls://host:8786` or `tcp://host:8786`; without it a run
    computes in its own process."""

    dask_ca_file: Path | None = None
    """File with the CA that signed the certificates of the cluster, PEM; `tls://` needs it."""

    dask_cert_file: Path | None = None
    """File with the certificate by which the cluster knows this process, PEM."""

    dask_key_file: Path | None = None
    """File with the key of the certificate, PEM and without a password."""

    dask_open_address: str | None = None
    """An address with `tcp://` on another machine, said a second time: whoever reaches a scheduler
    without TLS runs code on its workers."""

    dask_wait_s: float = Field(default=30.0, gt=0, le=3600)
    """How long a run waits for the scheduler and for a first worker."""

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _known_cluster(self) -> ComputeSettings:
        files = (self.dask_ca_file, self.dask_cert_file, self.dask_key_file)
        if self.dask_address is None:
            return self
        scheme, separator, place = self.dask_address.partition("://")
        if not separator or scheme not in ("tls", "tcp"):
            raise ValueError("DASK_ADDRESS begins with tls:// or tcp://")
        if scheme == "tls" and None in files:
            raise ValueError(
                "DASK_ADDRESS with tls:// needs DASK_CA_FILE, DASK_CERT_FILE and DASK_KEY_FILE"
            )
        is_near = is_loopback(place.rpartition(":")[0].strip("[]"))
        if scheme == "tcp" and not is_near and self.dask_open_address != self.dask_address:
            raise ValueError(
                "DASK_ADDRESS with tcp:// is for this machine: use tls://, or say the address in "
                "DASK_OPEN_ADDRESS too"
            )
        return self


class ClockSettings(Concern):
    """The clock, which demos and tests move through months."""

    file: Path | None = None
    """File with the seconds that the clock is ahead; refused outside of the environment `dev`."""

    @field_validator("file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value
