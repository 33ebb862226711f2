# make demo and make test are all that is needed; make help lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup setup-build setup-test test-setup timing build cpp web demo test lint asan tsan fuzz fuzz-smoke bench clean

CONFIG ?= examples/health/domicile.yaml
SUITES ?=
BEFORE ?=
MODULES ?=
space := $(subst ,, )
export PATH := $(CURDIR)/.tools/node_modules/.bin:$(PATH)

WEB := examples/health/web
WEB_SOURCES = $(shell find $(WEB) -type d \( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null)

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup:  ## install what is missing (Debian packages, Node 22 in .tools/, npm packages)
	@scripts/setup build run test

setup-build:
	@scripts/setup build run

setup-test:
	@scripts/setup build run test

build: cpp web  ## the program (build/release/domicile) and the demo's front end

cpp: setup-build
	@[ -f build/release/build.ninja ] || cmake --preset release
	cmake --build --preset release

web: setup-build
	@if [ -f $(WEB)/package.json ]; then $(MAKE) -s --no-print-directory $(WEB)/dist/index.html; fi

# Vite writes index.html last and anew at each build, so it stands for the whole folder.
$(WEB)/dist/index.html: $(WEB_SOURCES)
	@echo "web: building $(WEB)"
	cd $(WEB) && npm run --silent build

demo: build  ## three regions on this machine; Ctrl-C stops them
	exec build/release/domicile up $(CONFIG)

test: setup-test build  ## build and run every suite that scripts/test-suites.txt turns on
	@scripts/test

lint: setup-build  ## clang-format on everything, clang-tidy on changed files (ARGS=--all: on all)
	@scripts/setup lint
	scripts/lint $(ARGS)

timing: setup-test build  ## whether time tells who exists; on a quiet machine (not in make test: see docs/threat-model.md)
	tests/blackbox/70_timing.py

test-setup:  ## make demo and make test on a bare Debian 12 made with debootstrap (as root)
	@scripts/setup proof
	scripts/test-setup $(ARGS)

asan: ## the C++ tests under address and undefined sanitizers (MODULES="io sql": of these only)
tsan: ## the C++ tests under the thread sanitizer (MODULES too)
asan tsan: setup-build
	@scripts/setup sanitize
	@[ -f build/$@/build.ninja ] || cmake --preset $@
	cmake --build --preset $@ $(if $(MODULES),--target $(MODULES:%=domicile_%_test))
	ctest --preset $@ --no-tests=error -j"$$(nproc)" $(if $(MODULES),-R '^($(subst $(space),|,$(strip $(MODULES))))\.')

fuzz-smoke: setup-build  ## every fuzzer over its corpus and then the runs of fuzz/smoke.txt
	@scripts/setup fuzz
	FUZZ_SEED=$${FUZZ_SEED:-1} scripts/fuzz 60

fuzz: setup-build  ## a fuzzing campaign: SECONDS=n for each target, TARGETS="a b" for some
	@scripts/setup fuzz
	scripts/fuzz $(or $(SECONDS),600) $(TARGETS)

bench: setup-build  ## ratios against HAProxy, dynalite and raw engines (SUITES="proxy tls": some)
	@scripts/setup bench
	cmake --preset release >/dev/null
	cmake --build --preset release
	python3 bench/run.py --suites "$(SUITES)" --before "$(BEFORE)"

SEEDS ?= 2000
.PHONY: sim
sim: cpp  ## SEEDS=2000 worlds in the simulator; a failing one prints how to replay it
	build/release/sim/domicile_sim --seeds $(SEEDS) --jobs "$$(nproc)" --counts

clean:  ## remove what the build made (.tools and node_modules stay)
	rm -rf build/release build/debug build/asan build/tsan build/fuzz build/lint $(WEB)/dist
