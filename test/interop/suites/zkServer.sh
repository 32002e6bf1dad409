#!/usr/bin/env bash
# `zkServer.sh start-foreground ZOO.CFG` of the real ZooKeeper, as go-zookeeper's own tests start their servers.
exec "$(dirname -- "${BASH_SOURCE[0]}")/../zookeeper/zookeeper-tool.sh" server "$2"
