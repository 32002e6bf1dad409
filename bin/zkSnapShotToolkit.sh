#!/usr/bin/env bash
# Prints the znodes of a snapshot.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node coordinator/cli/snapshot-toolkit "$@"
