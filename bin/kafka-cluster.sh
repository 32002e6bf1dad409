#!/usr/bin/env bash
# Tells a cluster's id.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-cluster "$@"
