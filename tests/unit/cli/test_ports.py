"""Two commands never choose the same port."""

import subprocess
import sys

from crispml_core.cli.ports import PortClaims, free_port


def test_a_claimed_port_is_not_given_away_before_anybody_listens():
    wanted = free_port(0)
    one, two = PortClaims(), PortClaims()
    try:
        assert one.claim(wanted) == wanted
        assert two.claim(wanted) != wanted
    finally:
        one.release()
        two.release()


def test_a_released_port_is_free_again():
    wanted = free_port(0)
    one = PortClaims()
    assert one.claim(wanted) == wanted
    one.release()
    two = PortClaims()
    assert two.claim(wanted) == wanted
    two.release()


def test_a_command_that_was_killed_leaves_no_claim():
    wanted = free_port(0)
    code = (
        "import time; from crispml_core.cli.ports import PortClaims\n"
        f"claims = PortClaims(); print(claims.claim({wanted}), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline().strip() == str(wanted)
        mine = PortClaims()
        assert mine.claim(wanted) != wanted
        other.kill()
        other.wait()
    assert mine.claim(wanted) == wanted
    mine.release()
