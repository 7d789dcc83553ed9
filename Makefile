# Everything a contributor runs, CI included (.ci/run). Plain `make` prints this list.

GO       ?= go
TOOL     := $(GO) tool -modfile=tools/go.mod
VERSION  := $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 30s
FUZZ     ?= Fuzz.*
COUNT    ?= 6
TORTURE  ?= 10m

# The race detector makes everything several times slower, so it gets its own short run over the packages that own
# goroutines and data; programs and examples are left to the plain run.
RACE_PACKAGES = $(shell $(GO) list ./... | grep -v -E '/(cmd|bench|examples)(/|$$)')

.DEFAULT_GOAL := help
.PHONY: help demo build test race bench fuzz fmt lint docs tidy-check torture clean FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: build ## build, then run a whole campaign against a pretend Meta
	bin/arauto demo

build: bin/arauto ## build bin/arauto: static, reproducible, stamped with git's version when there is one

bin/arauto: FORCE
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $@ ./cmd/arauto

test: ## run every test: vet, then under the race detector, then plainly (installs PostgreSQL when it may)
	@scripts/need.sh
	$(GO) vet ./...
	@scripts/race.sh $(RACE_PACKAGES); raced=$$?; \
	echo '$(GO) test -shuffle=on -timeout 15m ./...'; $(GO) test -shuffle=on -timeout 15m ./... && scripts/need.sh --check && exit $$raced

race: ## the race detector's short run alone
	@scripts/race.sh $(RACE_PACKAGES)

bench: ## run the benchmarks COUNT times (default 6) and print benchstat's table, against bench/baseline.txt if it exists
	@mkdir -p bin
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) -timeout 60m ./... > bin/bench.txt || { cat bin/bench.txt; exit 1; }
	$(TOOL) benchstat $(wildcard bench/baseline.txt) bin/bench.txt

fuzz: ## give every fuzz target FUZZTIME (default 30s), a processor each, or those whose names match FUZZ
	@scripts/fuzz.sh $(FUZZTIME) '$(FUZZ)'

fmt: ## format every file the way lint wants it
	$(TOOL) golangci-lint fmt

lint: ## golangci-lint with .golangci.yml, and code nothing reaches
	$(TOOL) golangci-lint run ./...
	@scripts/deadcode.sh

docs: ## rewrite the generated parts of docs/: every test called TestDocs…, with -update
	$(GO) test -count=1 -run '^TestDocs' $$(grep -rl --include='*_test.go' '^func TestDocs' . | xargs -n1 dirname | sort -u) -update

tidy-check: ## fail if go.mod or go.sum would change, here or in tools/, or a module's bytes differ from go.sum
	$(GO) mod tidy -diff
	$(GO) mod verify
	cd tools && $(GO) mod tidy -diff

torture: ## kill -9 (300 times and more), lost answers, faults of Meta's and repeated facts, both databases; TORTURE=10m is how long the longest goes on
	@scripts/need.sh
	ARAUTO_TORTURE=$(TORTURE) $(GO) test -count=1 -v -run '^TestTorture' -timeout 0 ./...

clean: ## remove what building and running leave behind
	rm -rf bin data demo-data
	$(GO) clean -testcache
