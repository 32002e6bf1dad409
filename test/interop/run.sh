#!/usr/bin/env bash
# Tests with clients that nobody here wrote: kcat, kafkajs, kafka-python, Kafka 3.4's own tools; kazoo, go-zookeeper,
# node-zookeeper-client, ZooKeeper's C client. Installs what they need into .cache/ and test/interop/node_modules; what only the
# system can bring (kcat, Java, Maven, Go, a C compiler …) by apt-get where that is possible. Needs `make setup` to have run.
#
#   test/interop/run.sh [--prepare] [MOCHA-ARG...]   --prepare installs and stops; MOCHA-ARG: files, -g PATTERN …
#
# INTEROP_TARGET=kafka runs everything against the real Kafka 3.4 instead, which proves the tests themselves;
# INTEROP_BOOTSTRAP=HOST:PORT uses a cluster that runs already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH=$PWD/.node/bin:$PATH NODE_NO_WARNINGS=1

fail() { echo "test/interop/run.sh: $*" >&2; exit 1; }

# What each needed program, or file, is packaged as in Debian and Ubuntu.
declare -A package=([kcat]=kcat [java]=default-jre-headless [mvn]=maven [python3]=python3 [script]=bsdutils [unshare]=util-linux
  [ip]=iproute2 [ps]=procps [git]=git [javac]=default-jdk-headless [/usr/share/zookeeper/bin/zkCli.sh]=zookeeper [go]=golang-go [cc]=gcc [/usr/include/stdlib.h]=libc6-dev
  [/usr/include/zookeeper/zookeeper.h]=libzookeeper-mt-dev [/usr/lib/zookeeper/bin/cli_mt]=zookeeper-bin)

have() { if [[ $1 = /* ]]; then [[ -e $1 ]]; else command -v "$1" >/dev/null; fi; }

install_programs() {
  local name packages=()
  for name in "${!package[@]}"; do have "$name" || packages+=("${package[$name]}"); done
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
  for name in "${!package[@]}"; do have "$name" || fail "$name is still missing after installing ${package[$name]}"; done
}

install_npm_clients() {
  local stamp=test/interop/node_modules/.ready
  [[ $stamp -nt test/interop/package-lock.json ]] && return
  npm ci --prefix test/interop </dev/null >&2 || fail 'npm could not install kafkajs and node-zookeeper-client (test/interop/package-lock.json)'
  touch "$stamp"
}

install_python_clients() {
  local venv=.cache/interop-venv
  [[ $venv/.ready -nt test/interop/requirements.txt ]] && return
  rm -rf "$venv"
  python3 -m venv "$venv" </dev/null >&2 || fail 'Python could not make a virtual environment'
  "$venv/bin/pip" install -q -r test/interop/requirements.txt </dev/null >&2 || fail 'pip could not install kafka-python and kazoo (test/interop/requirements.txt)'
  touch "$venv/.ready"
}

# Programs of ours around libraries: clients, and Porcupine, which judges histories; and go-zookeeper's own tests.
build_clients() {
  local here=test/interop go=.cache/go-zookeeper c=.cache/zookeeper-c judge=.cache/porcupine module
  mkdir -p "$go" "$c" "$judge"
  if [[ ! $c/cases -nt $here/zookeeper-c/cases.c ]]; then
    cc -std=gnu11 -Wall -Wextra -O1 -DTHREADED "$here/zookeeper-c/cases.c" -o "$c/cases" -lzookeeper_mt -lpthread >&2 ||
      fail "cc could not build test/interop/zookeeper-c with Debian's libzookeeper-mt"
  fi
  if [[ ! $judge/check -nt $here/porcupine/main.go || ! $judge/check -nt $here/porcupine/go.sum ]]; then
    (cd "$here/porcupine" && go build -o "$OLDPWD/$judge/check" .) >&2 || fail 'Go could not bring or build github.com/anishathalye/porcupine (test/interop/porcupine)'
  fi
  [[ $go/.ready -nt $here/go-zookeeper/main.go && $go/.ready -nt $here/go-zookeeper/go.sum && $go/.ready -nt $here/run.sh ]] && return
  (cd "$here/go-zookeeper" && go build -o "$OLDPWD/$go/cases" .) >&2 || fail 'Go could not bring or build github.com/go-zookeeper/zk (test/interop/go-zookeeper)'
  module=$(cd "$here/go-zookeeper" && go list -m -f '{{.Dir}}' github.com/go-zookeeper/zk) || fail 'Go does not say where go-zookeeper is'
  chmod -R u+w "$go/suite" 2>/dev/null || true
  rm -rf "$go/suite"
  cp -r "$module" "$go/suite"
  chmod -R u+w "$go/suite"
  # The suite waits for `srvr` in the words of ZooKeeper 3.5, and 3.8 (so ours, too) writes the day of its build as 2023-10-05.
  sed -i -e 's#(\\d\\d/\\d\\d/\\d\\d\\d\\d \\d\\d:\\d\\d#((?:\\d\\d/\\d\\d/\\d{4}|\\d{4}-\\d\\d-\\d\\d) \\d\\d:\\d\\d#' \
    -e 's#time.Parse("01/02/2006 15:04 MST", match\[1\])#time.Parse(map[bool]string{true: "01/02/2006 15:04 MST", false: "2006-01-02 15:04 MST"}[strings.Contains(match[1], "/")], match[1])#' \
    "$go/suite/flw.go"
  # It draws its ports by chance, which before Go 1.20 is the same in every process, and several run at once here.
  printf 'package zk\n\nimport (\n\t"math/rand"\n\t"os"\n)\n\nfunc init() { rand.Seed(int64(os.Getpid())) }\n' >"$go/suite/seed_test.go"
  (cd "$go/suite" && go test -c -o ../suite.test .) >&2 || fail "Go could not build go-zookeeper's own tests"
  touch "$go/.ready"
}

mkdir -p .cache
install_programs
install_npm_clients
install_python_clients
build_clients
test/interop/kafka-tools/kafka-tool.sh --prepare </dev/null || fail "Kafka 3.4's tools could not be brought"
test/interop/java/java-tool.sh --prepare </dev/null || fail "ZooKeeper's Java client and Curator could not be brought"

if [[ ${1:-} = --prepare ]]; then exit; fi
npx tsc -p test/interop/tsconfig.json
files=()
if ! printf '%s\n' "$@" | grep -q 'interop\.test\.ts'; then files=('test/interop/**/*.interop.test.ts'); fi
exec npx mocha --config test/interop/.mocharc.json "${files[@]}" "$@"
