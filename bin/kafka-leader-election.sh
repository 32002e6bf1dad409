#!/usr/bin/env bash
# Gives partitions to their preferred leaders, or to whoever is left.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-leader-election "$@"
