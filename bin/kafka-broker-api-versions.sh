#!/usr/bin/env bash
# Lists which APIs and versions the brokers of a cluster speak.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
run_node broker/cli/kafka-broker-api-versions "$@"
