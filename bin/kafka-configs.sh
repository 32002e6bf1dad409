#!/usr/bin/env bash
# Describes and alters the configuration of topics and brokers.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-configs "$@"
