"""What a test starts ends with it, even when the test is killed."""

import subprocess
import sys
from pathlib import Path

from bot.settings import ROOT
from tests.faults.houses import is_there, until

DRIVER = """
import time
from tests.postgresql import serving_postgresql
with serving_postgresql("fsync=off") as server:
    print(server.data, flush=True)
    time.sleep(600)
"""


def test_a_postgresql_ends_with_whoever_started_it_is_killed(postgresql: object) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    data = Path(driver.stdout.readline().strip())
    server = int((data / "postmaster.pid").read_text().split()[0])
    assert is_there(server)

    driver.kill()
    driver.wait()
    driver.stdout.close()

    until(lambda: not is_there(server), "the server has ended")
    until(lambda: not data.parent.exists(), "its folder is gone")
