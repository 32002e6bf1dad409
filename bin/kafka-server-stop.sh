#!/usr/bin/env bash
# Stops the brokers that were started from this installation.
self=${BASH_SOURCE[0]}
[[ ! -L $self ]] || self=$(readlink -f -- "$self")
source "$(dirname -- "$self")/run-node.sh"
stop_servers broker/server/main kafka
