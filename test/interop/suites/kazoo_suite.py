"""pytest plugin for kazoo's own tests: each worker has servers on ports of its own, and one file tells how every test ended.

KAZOO_SUITE_PORT is where the first worker's ports begin, KAZOO_SUITE_RESULTS the file: a JSON object of test to outcome.
"""

import json
import os

PORTS_A_WORKER = 40
outcomes = {}


def pytest_configure(config):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    first = int(os.environ["KAZOO_SUITE_PORT"])
    os.environ["ZOOKEEPER_PORT_OFFSET"] = str(first + PORTS_A_WORKER * int(worker[2:]))


def pytest_runtest_logreport(report):
    # A test is as bad as the worst of its set-up, call and tear-down.
    name = "/".join(report.nodeid.split("/")[-1:])
    if outcomes.get(name) in (None, "passed"):
        outcomes[name] = report.outcome


def pytest_sessionfinish(session):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        with open(os.environ["KAZOO_SUITE_RESULTS"], "w") as file:
            json.dump(outcomes, file)
