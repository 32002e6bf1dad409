#!/usr/bin/env bash
# Shows and changes the feature levels of a cluster.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-features "$@"
