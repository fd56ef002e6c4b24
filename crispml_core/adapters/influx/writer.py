"""One write to InfluxDB through its client: it is done, refused for good, or worth another try."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from influxdb_client import InfluxDBClient, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

# Asked to wait by 429 or 503, or for a moment unable: all else that is refused stays refused.
_AGAIN = (408, 425, 429)


class Refused(Exception):
    """The server will not take these points, now or later; the text says what to do."""


class Away(Exception):
    """The server does not answer, or asks for time.

    Parameters
    ----------
    retry_after_s : float
        How long it asks to wait; 0 when it does not say.
    """

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class InfluxWriter:
    """Writes lines at once; the client neither collects, tries again nor waits here.

    What it would do itself while a server is away has no bound: its queue grows without one, and
    one batch takes minutes.

    Parameters
    ----------
    url, token, org, bucket : str
        Where points go.
    timeout_s : float
        How long one write may take.
    ca_file : Path, optional
        With the CAs that are trusted, and no others; those of the system without it.
    """

    def __init__(
        self,
        url: str,
        token: str,
        org: str,
        bucket: str,
        timeout_s: float,
        ca_file: Path | None = None,
    ) -> None:
        self._org, self._bucket = org, bucket
        self._client = InfluxDBClient(
            url,
            token,
            org=org,
            timeout=round(timeout_s * 1000),
            retries=False,
            ssl_ca_cert=None if ca_file is None else str(ca_file),
        )
        self._api = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: Sequence[str]) -> None:
        """Write lines.

        Raises
        ------
        Away
            If it is worth another try.
        Refused
            If it is not.
        """
        try:
            self._api.write(
                self._bucket, self._org, "\n".join(lines), write_precision=WritePrecision.NS
            )
        except ApiException as error:
            raise _meaning(error) from None
        except (HTTPError, OSError) as error:
            raise Away(type(error).__name__) from None

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()
        self._client.close()


def _meaning(error: ApiException) -> Exception:
    status = error.status or 0
    if not status:  # the client tells of a failed handshake like this
        return Away("its certificate is not trusted: check CRISPML_INFLUX__CA_FILE")
    if status in _AGAIN or status >= 500:
        headers = error.headers or {}
        return Away(f"it answers {status}", _seconds(headers.get("Retry-After", "")))
    return Refused(f"it answers {status}; {_ADVICE.get(status, 'its log says why')}")


def _seconds(text: str) -> float:
    """Return the seconds of a header; a date, which nobody sends here, counts as none."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


_ADVICE = {
    401: "check CRISPML_INFLUX__TOKEN",
    403: "check the rights of CRISPML_INFLUX__TOKEN",
    404: "check CRISPML_INFLUX__URL, CRISPML_INFLUX__ORG and CRISPML_INFLUX__BUCKET",
}
