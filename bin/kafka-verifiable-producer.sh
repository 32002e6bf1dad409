#!/usr/bin/env bash
# Produces growing integers and tells which were acknowledged.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-verifiable-producer "$@"
