"""The servers that are measured beside our own, one folder each.

``requirements.txt`` pins its environment (``requirements.in`` says what was asked for),
``__init__.py`` says how records are sent, and the scripts run in the environment of the peer.
"""

from benchmarks.harness.servers import Server
from benchmarks.peers import bentoml, hello, kserve, mlflow, mlserver, vetiver

HELLO: Server = hello.HELLO
PEERS: tuple[Server, ...] = (
    mlflow.MLFLOW,
    mlserver.PLAIN,
    mlserver.BATCHING,
    bentoml.PLAIN,
    bentoml.BATCHING,
    vetiver.VETIVER,
    kserve.KSERVE,
)
