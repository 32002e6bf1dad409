#!/usr/bin/env bash
# ZooKeeper 3.8's Java client, Curator, and the published tests of both, brought by Maven; with the programs of this folder.
#
#   java-tool.sh run MAIN ARG...                  a program of programs/, or any main class
#   java-tool.sh junit LAUNCHER REPORTS CLASS...  published test classes in one JVM. Where they would start a server inside it, LAUNCHER
#                                                 (a program that takes a properties file) is started; - leaves them as they are, with
#                                                 the real ZooKeeper. A report in JUnit's XML goes to REPORTS
#   java-tool.sh --prepare                        only bring the jars and compile
#
# Jars and classes are kept in .cache/java of this checkout. JAVA_FLAGS are further options of the JVM. The process becomes the
# JVM (exec), so that its pid is the one to signal.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../../.." && pwd)/.cache/java

fail() { echo "java-tool.sh: $*" >&2; exit 1; }

# Each folder appears by a rename when it is complete, so that two runs at once do no harm to each other.
finish() { # PART FOLDER
  touch "$1"
  rm -rf "$2"
  mv -T "$1" "$2" 2>/dev/null || rm -rf "$1"
}

bring_jars() {
  [[ -d $cache/jars && $cache/jars -nt $here/pom.xml ]] && return
  command -v mvn >/dev/null || fail 'Maven is needed to bring the Java clients (Debian: apt-get install maven)'
  local part=$cache/jars.$$
  mkdir -p "$part"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$part" >&2 || fail 'Maven could not bring ZooKeeper and Curator'
  finish "$part" "$cache/jars"
}

compile() { # FOLDER
  local sources part=$cache/$1.$$
  mapfile -t sources < <(find "$here/$1" -name '*.java')
  if [[ -d $cache/$1 && $cache/$1 -nt $cache/jars && -z $(find "${sources[@]}" -newer "$cache/$1" -print -quit) ]]; then return; fi
  command -v javac >/dev/null || fail 'A Java compiler is needed (Debian: apt-get install default-jdk-headless)'
  mkdir -p "$part"
  javac -XDsuppressNotes -d "$part" -cp "$cache/jars/*" "${sources[@]}" || fail "$1 does not compile"
  finish "$part" "$cache/$1"
}

case ${1:-} in
  run | junit | --prepare) ;;
  *) sed -n '2,/^set/p' "${BASH_SOURCE[0]}" | sed '$d; s/^# \{0,1\}//' >&2 && exit 2 ;;
esac
bring_jars
compile stand-in
compile programs
if [[ ! -s $cache/logback.xml ]]; then
  echo '<configuration><root level="OFF"/></configuration>' >"$cache/logback.$$"
  mv "$cache/logback.$$" "$cache/logback.xml"
fi
# shellcheck disable=SC2206 # options are words
java=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlogback.configurationFile=$cache/logback.xml" ${JAVA_FLAGS:-})
case $1 in
  run) shift && exec "${java[@]}" -cp "$cache/programs:$cache/jars/*" "$@" ;;
  junit)
    launcher=$2 reports=$3 classes=() path=$cache/jars/*
    shift 3
    for class in "$@"; do classes+=(--select-class "$class"); done
    mkdir -p "$reports"
    # What the build of ZooKeeper sets for its tests. Each JVM at once takes its ports from another range.
    java+=("-Dbuild.test.dir=$reports" "-Djava.io.tmpdir=$reports" -Dzookeeper.admin.enableServer=false '-Dzookeeper.4lw.commands.whitelist=*'
      -Dtest.junit.threads=8 "-Dzookeeper.junit.threadid=${JAVA_PORTS:-1}")
    if [[ $launcher != - ]]; then
      java+=("-Dvivarium.launcher=$launcher" -Dzookeeper.serverCnxnFactory=vivarium.ProcessCnxnFactory)
      path=$cache/stand-in:$path
    fi
    exec "${java[@]}" -cp "$path" org.junit.platform.console.ConsoleLauncher --disable-banner --disable-ansi-colors --details=tree \
      --exclude-engine=junit-vintage "--reports-dir=$reports" "${classes[@]}"
    ;;
esac
