#!/usr/bin/env bash
# Removes all but the newest snapshots of a coordinator, and what they cover of its log.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node coordinator/cli/purge-toolkit "$@"
