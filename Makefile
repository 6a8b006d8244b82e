# What people type. Each target works on a fresh Debian or Ubuntu machine that has Go.
SHELL := /bin/bash
GO ?= go
JUDGES := api/judges/node_modules
DASHBOARD := api/pages/dashboard
# Which Waypost this is, for waypost version: the version is the API's, which api/api.go says.
VERSION ?= $(shell sed -n 's/^const Version = "\(.*\)"/\1/p' api/api.go)
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null)$(shell git diff --quiet HEAD 2>/dev/null || echo -dirty)
LDFLAGS = -s -w -X waypost/internal/platform/build.commit=$(COMMIT)
# Packages whose tests take minutes, and more than twice as many under the race detector: they are tested without it, but for
# those tests of the API in which several do something at once.
HEAVY := api internal/cli internal/disclosure internal/insights

# Further packages that make check leaves out: their tests wait, kill servers, or load demos.
SLOW := internal/demo internal/platform/db internal/platform/jobs internal/platform/localpg internal/platform/outward

# all-but lists the packages beside those named.
all-but = $$($(GO) list ./... | grep -vxF -f <(printf 'waypost/%s\n' $(1)))

.PHONY: release check run test test-external bench crash lint contract openapi docs dashboard build postgres gcc browser solver nginx pgbouncer readers node java

run: postgres ## a demo, ready to use
	CGO_ENABLED=0 $(GO) build -ldflags="-X waypost/internal/platform/build.commit=$(COMMIT)" -o bin/waypost .
	./bin/waypost serve --demo --log-level warn

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="$(LDFLAGS)" -o bin/waypost .

check: postgres ## gofmt, go vet, staticcheck and the tests that are fast: under a minute on two cores after the first time
	test -z "$$(gofmt -l . | tee -a /dev/stderr)"
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test $(call all-but,$(HEAVY) $(SLOW))

test: postgres gcc browser solver nginx pgbouncer readers $(JUDGES)/.linters $(DASHBOARD)/node_modules ## every test; each package starts its own PostgreSQL
	failed=0; \
	CGO_ENABLED=1 $(GO) test -race $(call all-but,$(HEAVY)) -timeout 14m || failed=1; \
	CGO_ENABLED=1 $(GO) test -race ./api -run 'Once|Twice|Race' -timeout 14m || failed=1; \
	$(GO) test $(addprefix ./,$(HEAVY)) -timeout 30m || failed=1; \
	exit $$failed

test-external: postgres browser solver nginx pgbouncer readers $(JUDGES)/.linters $(DASHBOARD)/node_modules ## every test that needs a database, on a server by URL (Debian's pg_virtualenv makes it)
	pg_virtualenv -o fsync=off -o max_connections=400 sh -c 'WAYPOST_DATABASE_URL="postgres://$$PGUSER:$$PGPASSWORD@$$PGHOST:$$PGPORT/postgres?sslmode=disable" $(GO) test ./... -count=1 -timeout 20m'

release: ## what is published of a version, in dist/: binaries and packages for amd64 and arm64, an SBOM, and SHA-256 sums
	GO="$(GO)" VERSION="$(VERSION)" COMMIT="$(COMMIT)" deploy/release.sh

bench: postgres build ## Waypost beside its limit, in one table; some 10 minutes
	@command -v wrk >/dev/null 2>&1 || { sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); echo "installing wrk (apt-get install wrk)"; $$sudo apt-get update -qq && $$sudo apt-get install -y -qq wrk >/dev/null; }
	$(GO) run ./cmd/bench

crash: postgres $(JUDGES)/.linters ## 200 kill -9 of Waypost and 50 of its PostgreSQL under load, 400 slow clients, the feed under kills; some 15 minutes
	KILLS=200 KILLS_POSTGRES=50 $(GO) test ./internal/cli -run TestKilledUnderLoad -count=1 -v -timeout 40m
	SLOW_CLIENTS=200 $(GO) test ./internal/cli -run TestSlowClients -count=1 -v -timeout 10m
	EVENTS=10000 $(GO) test ./internal/cli -run TestTheFeedAndAWebhookUnderKills -count=1 -v -timeout 20m

lint: $(JUDGES)/.linters
	test -z "$$(gofmt -l . | tee -a /dev/stderr)"
	$(GO) vet -tags judges ./...
	$(GO) tool staticcheck -tags judges ./...
	for os in windows darwin freebsd; do GOOS=$$os GOARCH=amd64 $(GO) build ./... || exit 1; done # with a database by URL, at least
	GOOS=windows GOARCH=amd64 $(GO) vet ./...
	$(GO) test -count=1 . # the arrows between rooms, types of events, and that each control of a hazard has a test
	api/judges/node_modules/.bin/dockerfile-utils lint Dockerfile
	cd api/judges && node_modules/.bin/spectral lint --ruleset=spectral.yaml --fail-severity=warn ../../docs/openapi.yaml
	cd api/judges && REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true node_modules/.bin/redocly lint --config=redocly.yaml ../../docs/openapi.yaml

contract: $(JUDGES)/.judges postgres java ## the document and the server against judges (docs/contract.md), in a time zone that is not UTC; some 3 minutes
	cd api && TZ=Asia/Kolkata $(GO) test -tags judges -count=1 -timeout 14m
	TZ=Asia/Kolkata $(GO) test -tags judges -count=1 -timeout 15m -v ./api/judges

# What npm brings of the judges: to lint, to judge pages and to read datasets; and everything.
$(JUDGES)/.linters: api/judges/package-lock.json | node
	cd api/judges && npm ci --omit=dev && touch node_modules/.linters
$(JUDGES)/.judges: api/judges/package-lock.json | node
	cd api/judges && npm ci && touch node_modules/.linters node_modules/.judges

# The dashboard's script is kept, so that the program builds without npm.
dashboard: $(DASHBOARD)/node_modules ## make api/pages/dashboard/dashboard.js anew of its sources
	cd $(DASHBOARD) && npm run --silent build
$(DASHBOARD)/node_modules: $(DASHBOARD)/package-lock.json | node
	cd $(DASHBOARD) && npm ci && touch node_modules

openapi: ## write docs/openapi.yaml anew; review what changed
	$(GO) run ./cmd/openapi > docs/openapi.yaml.new && mv docs/openapi.yaml.new docs/openapi.yaml

docs: ## write the tables of docs/instruments.md anew
	$(GO) test ./internal/instruments -run TestTheGuide -update

postgres: # PostgreSQL's server binaries, by apt where there are none
	@if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && ! command -v postgres >/dev/null 2>&1; then \
	  if command -v apt-get >/dev/null 2>&1; then \
	    sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	    echo "installing PostgreSQL's server (apt-get install postgresql)"; \
	    $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq postgresql >/dev/null; \
	  else \
	    echo "Waypost needs PostgreSQL 15 or newer: install its server (Fedora: postgresql-server, macOS: brew install postgresql@16)"; exit 1; \
	  fi; \
	fi

gcc: # a C compiler, which the race detector needs, by apt where there is none
	@if ! command -v gcc >/dev/null 2>&1; then \
	  if command -v apt-get >/dev/null 2>&1; then \
	    sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	    echo "installing a C compiler for the race detector (apt-get install gcc libc6-dev)"; \
	    $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq gcc libc6-dev >/dev/null; \
	  else \
	    echo "The race detector needs a C compiler: install gcc or clang"; exit 1; \
	  fi; \
	fi

browser: # Chromium, for the tests of pages, where apt can bring it
	@if ! command -v chromium >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then \
	  sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  echo "installing Chromium for the tests of pages (apt-get install chromium)"; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq chromium >/dev/null || echo "no Chromium: tests of pages will be skipped"; \
	fi

solver: # GLPK, which the attack on figures works with, where apt can bring it
	@if ! command -v glpsol >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then \
	  sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  echo "installing GLPK for the attack on figures (apt-get install glpk-utils)"; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq glpk-utils >/dev/null || echo "no GLPK: the attack by linear constraints will be skipped"; \
	fi

nginx: # the proxy that pages are tried behind, where apt can bring it; it is not started as a service
	@if ! command -v nginx >/dev/null 2>&1 && ! [ -x /usr/sbin/nginx ] && command -v apt-get >/dev/null 2>&1; then \
	  sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  echo "installing nginx for the tests behind a proxy (apt-get install nginx)"; \
	  $$sudo apt-get update -qq && $$sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx >/dev/null || echo "no nginx: the tests behind a proxy will be skipped"; \
	fi

pgbouncer: # the pooler that Waypost is tried through, where apt can bring it; it is not started as a service
	@if ! command -v pgbouncer >/dev/null 2>&1 && ! [ -x /usr/sbin/pgbouncer ] && command -v apt-get >/dev/null 2>&1; then \
	  sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  echo "installing PgBouncer for the tests through a pooler (apt-get install pgbouncer)"; \
	  $$sudo apt-get update -qq && $$sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgbouncer >/dev/null || echo "no PgBouncer: the tests through a pooler will be skipped"; \
	fi

readers: # R and pandas, which researchers read datasets with, where apt can bring them
	@if ! { command -v Rscript && /usr/bin/python3 -c 'import pandas, scipy'; } >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then \
	  sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  echo "installing R and pandas, which read datasets (apt-get install r-base-core python3-pandas python3-scipy)"; \
	  $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends r-base-core python3-pandas python3-scipy >/dev/null || echo "no R or no pandas: tests that read datasets by them will be skipped"; \
	fi

node: # Node.js, which judges of the document and readers of datasets run on
	@if ! command -v npm >/dev/null 2>&1; then \
	  if command -v apt-get >/dev/null 2>&1; then \
	    sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	    echo "installing Node.js (apt-get install nodejs npm)"; \
	    $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; \
	  else \
	    echo "The judges of the document need Node.js 18 or newer with npm: install it"; exit 1; \
	  fi; \
	fi

java: # Java, which Specmatic runs on
	@if ! command -v java >/dev/null 2>&1; then \
	  if command -v apt-get >/dev/null 2>&1; then \
	    sudo=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	    echo "installing Java (apt-get install default-jre-headless)"; \
	    $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends default-jre-headless >/dev/null; \
	  else \
	    echo "Specmatic needs Java 17 or newer: install it"; exit 1; \
	  fi; \
	fi
