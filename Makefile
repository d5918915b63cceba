# Mencía: one native binary. `make` prints the targets.
#
# Profiles live side by side in build/<profile>: release, debug (asserts and fault points), asan, tsan.
#   make all                     build/mencia (release)
#   make unit PROFILE=asan       unit tests of another profile
#   make unit T=storage          tests of one folder (or one test: T=storage/test_segment)

PROFILE ?= debug
T ?=
ROWS ?= 200000
B := build/$(PROFILE)
DEPS_DIR := build/deps
PG_INCLUDE := $(DEPS_DIR)/pg/usr/include/postgresql/15/server

CC = gcc
CCACHE := $(shell command -v ccache 2>/dev/null)
ARCH := $(shell uname -m)
# V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$@')

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla -Wpointer-arith \
	-Wwrite-strings -Wundef -Wformat=2 -Wno-format-nonliteral -Wimplicit-fallthrough -Wno-unused-parameter -Wno-missing-field-initializers -Werror
CFLAGS_release := -O2 -DNDEBUG -Wno-maybe-uninitialized -Wno-unused-variable -Wno-unused-but-set-variable
CFLAGS_debug := -O1 -DMENCIA_FAULTS
CFLAGS_asan := -O1 -DMENCIA_FAULTS -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -DMENCIA_FAULTS -fsanitize=thread -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_tsan := -fsanitize=thread
CFLAGS := -std=gnu11 -g -fno-strict-aliasing -fwrapv -fvisibility=hidden -ffp-contract=off -pthread -D_GNU_SOURCE $(WARN) $(CFLAGS_$(PROFILE))
CPPFLAGS := -Isrc -I.
LDFLAGS := -pthread $(LDFLAGS_$(PROFILE)) -Wl,--exclude-libs,ALL
LIBS := -l:libpg_query.a -lrdkafka -lmicrohttpd -lssl -lcrypto -lsqlite3 -llz4 -lpcre2-8 -lm
TEST_LIBS := -lcmocka -lpq

KERN_LEVELS := v1
KERN_v1 :=
ifeq ($(ARCH),x86_64)
KERN_LEVELS += v3 v4
KERN_v3 := -march=x86-64-v3
KERN_v4 := -march=x86-64-v4 -mprefer-vector-width=512
endif

FOLDERS := $(patsubst %/,%,$(wildcard src/*/)) pgwire planner storage ingest
ALL_C := $(sort $(foreach d,$(FOLDERS),$(wildcard $(d)/*.c $(d)/*/*.c)))
KERN_C := $(filter %.kern.c,$(ALL_C))
LIB_C := $(filter-out %.kern.c,$(ALL_C))
LIB_O := $(LIB_C:%.c=$(B)/%.o) $(foreach l,$(KERN_LEVELS),$(KERN_C:%.kern.c=$(B)/%.kern.$(l).o))
LIB := $(B)/libmencia.a

TESTLIB_O := $(patsubst %.c,$(B)/%.o,$(wildcard tests/lib/*.c))
UNIT_C := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT := $(UNIT_C:%.c=$(B)/%)
FUZZ_C := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ := $(FUZZ_C:%.c=$(B)/%)
TOOL_C := $(sort $(wildcard tests/tools/*.c))
TOOLS := $(TOOL_C:%.c=$(B)/%)

.DEFAULT_GOAL := help
.PHONY: help all deps build test unit unit-build fuzz-build sql wire e2e fault lint asan tsan fuzz fuzz-corpus bench soak chaos format demo install clean tools
.SECONDARY:
.DELETE_ON_ERROR:

## help: print the targets
help:
	@sed -n 's/^## //p' Makefile

## all: build build/mencia (release)
all: deps
	@$(MAKE) --no-print-directory PROFILE=release build/release/mencia
	@cp -f build/release/mencia build/mencia.new && mv -f build/mencia.new build/mencia

build: $(B)/mencia

## deps: install the Debian packages a build and a demo need (root or sudo; does nothing if they are there)
deps: $(DEPS_DIR)/ok
$(DEPS_DIR)/ok: deploy/install-deps.sh
	@sh deploy/install-deps.sh build $(DEPS_DIR)

$(DEPS_DIR)/test-ok: deploy/install-deps.sh $(DEPS_DIR)/ok
	@sh deploy/install-deps.sh test $(DEPS_DIR)

$(B)/%.o: %.c | $(DEPS_DIR)/ok
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CCACHE) $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Only the translation from libpg_query's tree sees PostgreSQL's headers.
$(B)/planner/pgq_%.o: CPPFLAGS += -isystem $(PG_INCLUDE)

define KERNEL_RULE
$(B)/%.kern.$(1).o: %.kern.c | $(DEPS_DIR)/ok
	@mkdir -p $$(@D)
	$$(call say,KERN)
	$(Q)$(CCACHE) $(CC) $(CPPFLAGS) $(CFLAGS) -O3 $(KERN_$(1)) -DKERNEL_LEVEL=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach l,$(KERN_LEVELS),$(eval $(call KERNEL_RULE,$(l))))

$(LIB): $(LIB_O)
	@rm -f $@ && ar rcs $@ $^

$(B)/mencia: $(B)/src/main.o $(LIB)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(TESTLIB_O) $(LIB) | $(DEPS_DIR)/test-ok
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(TESTLIB_O) $(LIB) $(LIBS) $(TEST_LIBS)
$(B)/tests/unit/%.o $(B)/tests/lib/%.o $(B)/tests/tools/%.o: | $(DEPS_DIR)/test-ok
$(B)/tests/tools/%.o: CPPFLAGS += -isystem /usr/include/postgresql

# Fuzz targets run over files here (any profile); `make fuzz` builds them with clang's libFuzzer.
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/driver.o $(LIB)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/tests/fuzz/driver.o $(LIB) $(LIBS)

$(B)/tests/tools/%: $(B)/tests/tools/%.o $(TESTLIB_O) $(LIB) | $(DEPS_DIR)/test-ok
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(TESTLIB_O) $(LIB) $(LIBS) $(TEST_LIBS)
tools: $(TOOLS)

## test: lint, unit, sql, wire, e2e and fault tests (installs what is missing)
test: deps $(DEPS_DIR)/test-ok
	@bash tests/run.sh $(PROFILE) lint unit sql wire e2e fault

## unit: unit tests; T=folder or T=folder/test_name for a part
unit: $(if $(T),$(filter $(B)/tests/unit/$(T)% ,$(UNIT)),$(UNIT))
	@sh tests/unit/run.sh $^
unit-build: $(UNIT)

## sql: SQL tests (tests/sql/*.slt), checked against real PostgreSQL 15 as well
## wire: protocol tests, compared with real PostgreSQL 15
## e2e: a real Kafka, a real psql
## fault: kills, failing disks, damaged files
sql wire e2e fault: build tools
	@bash tests/run.sh $(PROFILE) $@

## lint: layers, sizes, banned calls
lint:
	@sh tests/lint/run.sh

## asan: unit, sql and wire tests under AddressSanitizer and UBSan
asan:
	@bash tests/run.sh asan unit sql wire
## tsan: storage, ingest, exec and server tests under ThreadSanitizer
tsan:
	@bash tests/run.sh tsan unit sql

## fuzz: every fuzz target for FUZZ_SECONDS (default 600) with clang's libFuzzer
fuzz: deps
	@sh tests/fuzz/run.sh $(or $(FUZZ_SECONDS),600)
fuzz-corpus: $(FUZZ)
	@sh tests/fuzz/corpus.sh $^
fuzz-build: $(FUZZ)

## bench: figures side by side with DuckDB; ROWS=10000000 for the real thing
bench: all
	@sh tests/bench/run.sh $(ROWS)

## demo: build if needed, start a demonstration with live data, print the psql line
demo: all
	@build/mencia demo $(DEMO_ARGS)

## format: clang-format over the tree
format:
	@clang-format-14 -i $(ALL_C) $(wildcard src/*/*.h src/*/*/*.h pgwire/*.h planner/*.h storage/*.h storage/*/*.h ingest/*.h)

## install: PREFIX (default /usr/local)
install: all
	install -D -m 755 build/mencia $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/mencia

## clean: remove build products (keeps the fetched headers)
clean:
	@rm -rf build/release build/debug build/asan build/tsan build/fuzz build/mencia

-include $(LIB_O:.o=.d) $(TESTLIB_O:.o=.d) $(UNIT:=.d) $(FUZZ:=.d) $(TOOLS:=.d) $(B)/src/main.d
