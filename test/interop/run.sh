#!/usr/bin/env bash
# Tests with clients that nobody here wrote: kcat, kafkajs, kafka-python and Kafka 3.4's own tools. Installs what they need
# into .cache/ and test/interop/node_modules; programs that only the system can bring (kcat, Java, Maven …) by apt-get where
# that is possible. Needs `make setup` to have run.
#
#   test/interop/run.sh [--prepare] [MOCHA-ARG...]   --prepare installs and stops; MOCHA-ARG: files, -g PATTERN …
#
# INTEROP_TARGET=kafka runs everything against the real Kafka 3.4 instead, which proves the tests themselves;
# INTEROP_BOOTSTRAP=HOST:PORT uses a cluster that runs already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH=$PWD/.node/bin:$PATH NODE_NO_WARNINGS=1

fail() { echo "test/interop/run.sh: $*" >&2; exit 1; }

# What each needed program is packaged as in Debian and Ubuntu.
declare -A package=([kcat]=kcat [java]=default-jre-headless [mvn]=maven [python3]=python3 [script]=bsdutils [unshare]=util-linux
  [ip]=iproute2 [ps]=procps [git]=git)

install_programs() {
  local name packages=()
  for name in "${!package[@]}"; do command -v "$name" >/dev/null || packages+=("${package[$name]}"); done
  # Debian packages Python without what makes a virtual environment.
  python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
  ((${#packages[@]} == 0)) && return
  local apt=(apt-get)
  if [[ $(id -u) != 0 ]]; then apt=(sudo -n apt-get); fi
  command -v apt-get >/dev/null || fail "please install: ${packages[*]} (there is no apt-get here to do it)"
  echo "Installing ${packages[*]}"
  "${apt[@]}" update -qq </dev/null >&2 || fail "apt-get update failed; needed: ${packages[*]}"
  DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -qq -y --no-install-recommends "${packages[@]}" </dev/null >&2 ||
    fail "apt-get could not install ${packages[*]}"
  for name in "${!package[@]}"; do command -v "$name" >/dev/null || fail "$name is still missing after installing ${package[$name]}"; done
}

install_npm_clients() {
  local stamp=test/interop/node_modules/.ready
  [[ $stamp -nt test/interop/package-lock.json ]] && return
  npm ci --prefix test/interop </dev/null >&2 || fail 'npm could not install kafkajs (test/interop/package-lock.json)'
  touch "$stamp"
}

install_python_clients() {
  local venv=.cache/interop-venv
  [[ $venv/.ready -nt test/interop/requirements.txt ]] && return
  rm -rf "$venv"
  python3 -m venv "$venv" </dev/null >&2 || fail 'Python could not make a virtual environment'
  "$venv/bin/pip" install -q -r test/interop/requirements.txt </dev/null >&2 || fail 'pip could not install kafka-python (test/interop/requirements.txt)'
  touch "$venv/.ready"
}

mkdir -p .cache
install_programs
install_npm_clients
install_python_clients
test/interop/kafka-tools/kafka-tool.sh --prepare </dev/null || fail "Kafka 3.4's tools could not be brought"

if [[ ${1:-} = --prepare ]]; then exit; fi
npx tsc -p test/interop/tsconfig.json
files=()
if ! printf '%s\n' "$@" | grep -q 'interop\.test\.ts'; then files=('test/interop/**/*.interop.test.ts'); fi
exec npx mocha --config test/interop/.mocharc.json "${files[@]}" "$@"
