"""What a scoring pod does before it goes: first nobody sends it more, then its journal is empty.

It ends when no transaction waits for the database, and at the latest after the seconds that it is
given; then the volume keeps what is left.
"""

import sys
import time
import urllib.request

METRIC = "crispml_journal_transactions"


def waiting(text: str) -> float:
    """Return how many transactions wait in the journals of this pod."""
    lines = (line.rpartition(" ") for line in text.splitlines())
    return sum(float(value) for name, _, value in lines if name.partition("{")[0] == METRIC)


def main(url: str, endpoints_s: float, most_s: float) -> None:
    """Drain the service whose metrics are at `url`."""
    deadline = time.monotonic() + most_s
    time.sleep(endpoints_s)
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if waiting(answer.read().decode()) == 0:
                    return
        except OSError:
            pass  # it may be busy; who is gone waits for nobody
        time.sleep(0.5)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
