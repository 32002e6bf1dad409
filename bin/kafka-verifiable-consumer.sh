#!/usr/bin/env bash
# Consumes a topic in a group and tells what it was given.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-verifiable-consumer "$@"
