"""kazoo as a client that never rests, and tells a history of all that it does, as `support/history.ts` describes.

    ensemble_load.py SERVERS CLIENT SEED SESSION_TIMEOUT_S

Each line of standard input is a round and the paths to work on from then on; its end is the end of the load. No call is repeated.
"""

import json
import logging
import random
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, ConnectionClosedError, ConnectionLoss, OperationTimeoutError, SessionExpiredError
from kazoo.protocol.states import KeeperState

PAUSE_S = 0.015
LOST = (ConnectionLoss, ConnectionClosedError, SessionExpiredError, OperationTimeoutError)


def micros():
    return time.monotonic_ns() // 1000


class Load:
    def __init__(self, servers, client, seed, timeout_s):
        self.client = client
        self.chance = random.Random(seed)
        self.round, self.ephemeral_of, self.count, self.paths = 0, 0, 0, []
        self.assigned = 0, []  # the next round and its paths; taken up after a sync, for a follower may not have heard of them
        self.rung = {"/bell"}
        self.ended = threading.Event()
        self.expired = threading.Event()
        retry = {"max_tries": -1, "delay": 0.05, "backoff": 1.5, "max_delay": 0.5}
        self.session = KazooClient(hosts=servers, timeout=timeout_s, connection_retry=retry)
        # Called on kazoo's own thread, at each change.
        self.session.add_listener(self.state_changed)

    def tell(self, kind, **facts):
        sys.stdout.write(json.dumps({"kind": kind, "client": self.client, **facts}) + "\n")
        sys.stdout.flush()

    def state_changed(self, _state):
        if self.session.client_state == KeeperState.EXPIRED_SESSION and not self.expired.is_set():
            self.expired.set()
            self.tell("expired")

    def listen(self):
        for line in sys.stdin:
            number, *paths = line.split()
            self.assigned = int(number), paths
        self.ended.set()

    def run(self):
        self.session.start(timeout=60)
        threading.Thread(target=self.listen, daemon=True).start()
        while not self.ended.is_set() and not self.expired.is_set():
            try:
                if self.round != self.assigned[0]:
                    self.catch_up()
                for path in list(self.rung):
                    self.look(path)
                if self.ephemeral_of != self.round:
                    self.make_ephemeral()
                if self.paths:
                    self.step()
            except LOST:
                pass  # what became of the call has been told
            time.sleep(PAUSE_S)
        self.session.stop()
        self.session.close()

    def catch_up(self):
        number, paths = self.assigned
        self.session.sync("/")
        self.rung.update(paths)
        self.round, self.paths = number, paths

    def look(self, path):
        self.rung.discard(path)  # first: the watch may go off before its call returns
        try:
            # Its connection's end also calls a watch: kazoo leaves it to the program to set it again.
            _, stat = self.session.get(path, watch=lambda _event: self.rung.add(path))
        except LOST:
            self.rung.add(path)
            raise
        self.tell("seen", path=path, version=stat.version)

    def make_ephemeral(self):
        self.ephemeral_of = self.round
        path, stat = self.session.create(f"/ephemerals/{self.client}-{self.round}", ephemeral=True, include_data=True)
        self.tell("ephemeral", path=path, czxid=stat.czxid)

    def step(self):
        path = self.chance.choice(self.paths)
        dice = self.chance.randrange(10)
        if dice < 4:
            self.read(path)
        elif dice < 6:
            self.write(path, -1)
        elif dice < 8:
            self.write(path, self.read(path))
        else:
            self.create_sequential()

    def read(self, path):
        begun = micros()
        self.session.sync(path)
        data, stat = self.session.get(path)
        self.tell("read", path=path, value=data.decode(), version=stat.version, outcome="ok", **{"from": begun, "to": micros()})
        return stat.version

    def next_value(self):
        self.count += 1
        return f"{self.client}:{self.count}"

    def write(self, path, expected):
        value, begun, outcome, version = self.next_value(), micros(), "unknown", -1
        try:
            version = self.session.set(path, value.encode(), version=expected).version
            outcome = "ok"
        except BadVersionError:
            outcome = "refused"
        finally:
            self.tell("write", path=path, value=value, expected=expected, outcome=outcome, version=version, **{"from": begun, "to": micros()})

    def create_sequential(self):
        value, begun, outcome, path = self.next_value(), micros(), "unknown", ""
        try:
            path = self.session.create("/sequentials/n-", value.encode(), sequence=True)
            outcome = "ok"
        finally:
            self.tell("sequential", value=value, outcome=outcome, path=path, **{"from": begun, "to": micros()})


if __name__ == "__main__":
    # Lost connections are what this is about.
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)
    Load(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])).run()
