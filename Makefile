# SPDX-License-Identifier: GPL-2.0
# sendprof: build, test, demo, install. "make help" lists the targets.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer into its own folder.
SAN ?=
# V=1 shows the commands.
V ?=
# WERROR=1 makes warnings errors (CI and "make check" do).
WERROR ?=

ifneq ($(SAN),)
O := $(BUILD)/san
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else
O := $(BUILD)
SAN_FLAGS :=
endif

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

VERSION := $(shell sed -n 's/^\#\# \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wimplicit-fallthrough $(if $(WERROR),-Werror)
CFLAGS ?= -O2 -g
CPPFLAGS += -I. -D_GNU_SOURCE -DSENDPROF_VERSION='"$(VERSION)"'
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(SAN_FLAGS) $(CFLAGS)
LDFLAGS += $(SAN_FLAGS)

ENGINE_LIBS := -lisal -lgcrypt -lxxhash -lz -lzstd -llzo2
PROFILER_LIBS := -lbtrfsutil -ljansson -lm -lpthread
TEST_LIBS := -lcmocka

ENGINE_SOURCES := $(wildcard engine/*/*.c)
PROFILER_SOURCES := $(wildcard profiler/*.c) $(wildcard reports/*.c)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
BENCH_SOURCES := $(wildcard bench/*.c)
SYSTEM_TOOLS := $(patsubst tests/system/%.c,$(O)/tests/system/%,$(wildcard tests/system/*.c))

objects = $(patsubst %.c,$(O)/%.o,$(1))

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

all: $(O)/sendprof ## Build build/sendprof

$(O)/sendprof: $(call objects,$(PROFILER_SOURCES)) $(O)/libsendengine.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PROFILER_LIBS) $(ENGINE_LIBS)

$(O)/libsendengine.a: $(call objects,$(ENGINE_SOURCES))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The profiler without its main(), for tests of its parts.
PROFILER_PARTS := $(call objects,$(filter-out profiler/main.c,$(PROFILER_SOURCES)))

$(O)/tests/unit/%: $(O)/tests/unit/%.o $(PROFILER_PARTS) $(O)/libsendengine.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(PROFILER_LIBS) $(ENGINE_LIBS)

$(O)/tests/system/%: $(O)/tests/system/%.o $(O)/libsendengine.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PROFILER_LIBS) $(ENGINE_LIBS)

$(O)/bench/workload: $(call objects,$(BENCH_SOURCES))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

unit: $(UNIT_TESTS) ## Build and run the unit tests (no root)
	$(Q)tests/run-unit $(UNIT_TESTS)

tools: $(SYSTEM_TOOLS)

# What sudo built belongs to who called it, else the next make without sudo fails.
hand_back = $(if $(SUDO_UID),$(Q)chown -R $(SUDO_UID):$(SUDO_GID) $(BUILD))

# The build runs in a second make, since what it needs may be installed just before.
demo: ## Make a loop btrfs, run sendprof over it, write a report (root)
	$(Q).ci/deps build demo
	$(Q)+$(MAKE) --no-print-directory all $(O)/bench/workload
	$(hand_back)
	$(Q)bench/demo.sh $(O)/sendprof $(O)/bench/workload

deps: ## Install what is missing (root on Debian, Ubuntu), else say what
	$(Q).ci/deps

clean: ## Remove everything built
	rm -rf $(BUILD)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: all clean demo deps help tools unit
.SECONDARY:

-include $(shell find $(O) -name '*.d' 2>/dev/null)
