#!/usr/bin/env bash
# Stops the coordinators that were started from this installation.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
stop_servers coordinator/server/main zookeeper
