"""InfluxDB behind TLS: the CA that is named is trusted, and no other."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from crispml_core.adapters.influx.writer import Away, InfluxWriter
from tests.certificates import Authority


class Taking(BaseHTTPRequestHandler):
    """Takes every write."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def url(authority: Authority) -> Iterator[str]:
    pair = authority.issue("influx")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    server = HTTPServer(("127.0.0.1", 0), Taking)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_the_ca_that_is_named_is_trusted(
    url: str, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    for ca_file, trusted in ((authority.file, True), (other.file, False), (None, False)):
        writer = InfluxWriter(url, "token", "org", "bucket", 5.0, ca_file)
        try:
            if trusted:
                writer.write(["m f=1"])
            else:
                with pytest.raises(Away):
                    writer.write(["m f=1"])
        finally:
            writer.close()
