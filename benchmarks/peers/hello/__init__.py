"""The yardstick: FastAPI and uvicorn, a fixed answer, nothing read and nothing kept."""

from benchmarks.harness.servers import Server

HELLO = Server(
    name="hello",
    title="FastAPI hello world",
    environment="hello",
    command=lambda start: [
        *(start.python, "-m", "uvicorn", "--app-dir", "benchmarks/peers/hello", "serve:app"),
        *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"),
        *("--port", str(start.port)),
    ],
    ready="/hello",
    packages=("fastapi", "uvicorn", "uvloop", "httptools"),
)
