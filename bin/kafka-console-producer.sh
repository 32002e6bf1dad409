#!/usr/bin/env bash
# Sends each line of standard input as a record.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-console-producer "$@"
