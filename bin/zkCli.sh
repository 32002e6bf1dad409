#!/usr/bin/env bash
# A shell on the tree of znodes, under the name and with the options that ZooKeeper's own has: -server host:port …
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node coordinator/cli/shell "$@"
