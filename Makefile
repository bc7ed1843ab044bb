# SPDX-License-Identifier: GPL-2.0
# sendprof: build, test, demo, install. "make help" lists the targets.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/sendprof
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer into its own folder.
SAN ?=
# clang makes the programs for the kernel, bpftool their loader. Ubuntu's bpftool is a script that
# wants the tools of the running kernel; those of another release do as well.
CLANG ?= clang
BPFTOOL ?= $(shell for tool in bpftool /usr/sbin/bpftool /usr/lib/linux-tools-*/bpftool \
	/usr/lib/linux-tools/*/bpftool; do $$tool version >/dev/null 2>&1 && echo $$tool && break; done)
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
comma := ,
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

VERSION := $(shell sed -n 's/^\#\# \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wimplicit-fallthrough $(if $(WERROR),-Werror)
CFLAGS ?= -O2 -g
# CFLAGS, CPPFLAGS and LDFLAGS are the caller's, also on the command line.
ALL_CPPFLAGS = -I. -I$(BUILD)/generated -D_GNU_SOURCE -DSENDPROF_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(SAN_FLAGS) $(CFLAGS)
ALL_LDFLAGS = $(SAN_FLAGS) $(LDFLAGS)

ENGINE_LIBS := -lisal -lgcrypt -lxxhash -lz -lzstd -llzo2
PROFILER_LIBS := -lbpf -lbtrfsutil -ljansson -lm -lpthread
TEST_LIBS := -lcmocka

ENGINE_SOURCES := $(wildcard engine/*/*.c)
# The workloads of "sendprof bench" are a part of it; that of the demo is a program.
DEMO_SOURCES := bench/workload.c bench/files.c
BENCH_SOURCES := $(filter-out bench/workload.c,$(wildcard bench/*.c))
PROFILER_SOURCES := $(wildcard profiler/*.c) $(wildcard reports/*.c) $(BENCH_SOURCES)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
RANDOM_SEND_SOURCES := $(wildcard tests/system/random/*.c)
SYSTEM_TOOLS := $(patsubst tests/system/%.c,$(O)/tests/system/%,$(wildcard tests/system/*.c)) \
	$(O)/tests/system/random-send

objects = $(patsubst %.c,$(O)/%.o,$(1))

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

all: $(O)/sendprof ## Build build/sendprof

$(O)/sendprof: $(call objects,$(PROFILER_SOURCES)) $(O)/libsendengine.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PROFILER_LIBS) $(ENGINE_LIBS)

$(O)/libsendengine.a: $(call objects,$(ENGINE_SOURCES))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c $(O)/flags | $(O)/deps-found
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The assembler reads these files into the object; the compiler does not know of them.
$(O)/reports/assets.o: $(wildcard reports/*.gp reports/*.css)

# Programs for the kernel: built once, for all builds of the rest. They are compiled against the types
# in vmlinux/ only, so that it does not matter which kernel runs here; the interface headers of Linux
# lie in a folder of the machine's name.
B := $(BUILD)/bpf
BPF_MACHINE := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
BPF_INCLUDE := /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)
BPF_FLAGS = -O2 -g -Wall -Wextra -Wno-unused-parameter $(if $(WERROR),-Werror) -target bpf -mcpu=v3 \
	-ffreestanding -D__TARGET_ARCH_$(BPF_MACHINE) -I. -idirafter $(BPF_INCLUDE)
# Definitions of maps first (bpf/send_maps.h).
BPF_OBJECTS := $(B)/send_maps.o $(filter-out $(B)/send_maps.o,$(patsubst bpf/%.bpf.c,$(B)/%.o, \
	$(wildcard bpf/*.bpf.c)))
BPF_SKELETON := $(BUILD)/generated/bpf/send_programs.skel.h

$(B)/%.o: bpf/%.bpf.c | $(O)/deps-found
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)$(CLANG) $(BPF_FLAGS) -MMD -MP -c -o $@ $<

$(B)/send_programs.linked: $(BPF_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BPF_SKELETON): $(B)/send_programs.linked
	@mkdir -p $(@D)
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name send_programs >$@

$(O)/profiler/tracer_load.o: $(BPF_SKELETON)

vmlinux: $(BUILD)/vmlinux.h ## Write all types of the running kernel, for looking things up
$(BUILD)/vmlinux.h: FORCE
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) btf dump file /sys/kernel/btf/vmlinux format c >$@
	$(Q)if [ -e /sys/kernel/btf/btrfs ]; then \
		$(BPFTOOL) -B /sys/kernel/btf/vmlinux btf dump file /sys/kernel/btf/btrfs format c >$(BUILD)/vmlinux-btrfs.h; fi

# The first process of a guest is a part of sendprof. No sanitizer: it runs before there is a /proc.
$(O)/profiler/guest/init.o $(O)/profiler/guest/init: private SAN_FLAGS :=
$(O)/profiler/guest/init: $(O)/profiler/guest/init.o
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^
$(O)/profiler/guest_assets.o: private ALL_CPPFLAGS += -DGUEST_INIT_FILE='"$(O)/profiler/guest/init"'
$(O)/profiler/guest_assets.o: $(O)/profiler/guest/init

# Changes when the compiler or its flags do, so that everything is then built again.
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS))' >$@

# Once for a build folder: say what is missing before the compiler says it less clearly.
$(O)/deps-found: .ci/deps
	@mkdir -p $(@D)
	$(Q)CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' .ci/deps --check build && touch $@

FORCE:

# The profiler without its main(), for tests of its parts.
PROFILER_PARTS := $(call objects,$(filter-out profiler/main.c,$(PROFILER_SOURCES)))

$(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/tests/unit/image.o $(PROFILER_PARTS) $(O)/libsendengine.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(PROFILER_LIBS) $(ENGINE_LIBS)

# This one decides which allocation fails.
$(O)/tests/unit/test_out_of_memory: private ALL_LDFLAGS += \
	$(addprefix -Wl$(comma)--wrap=,malloc calloc realloc reallocarray aligned_alloc)
# This one has no tracer.
$(O)/tests/unit/test_run_trace: private ALL_LDFLAGS += \
	$(addprefix -Wl$(comma)--wrap=,tracer_poll tracer_reset tracer_sends)

$(O)/tests/system/%: $(O)/tests/system/%.o $(O)/libsendengine.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PROFILER_LIBS) $(ENGINE_LIBS)

# Like a unit test, with the profiler's parts.
$(O)/tests/system/tracesend: $(O)/tests/system/tracesend.o $(PROFILER_PARTS) $(O)/libsendengine.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PROFILER_LIBS) $(ENGINE_LIBS)

$(O)/tests/system/random-send: $(call objects,$(RANDOM_SEND_SOURCES)) $(O)/libsendengine.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PROFILER_LIBS) $(ENGINE_LIBS)

$(O)/bench/workload: $(call objects,$(DEMO_SOURCES))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

unit: $(UNIT_TESTS) ## Build and run the unit tests (no root)
	$(Q)tests/run-unit $(UNIT_TESTS)

tools: $(SYSTEM_TOOLS)

programs: all tools $(UNIT_TESTS) $(O)/bench/workload

man: $(O)/man/sendprof.1 ## Write the man pages and the completion, from the program's own tables
$(O)/man/sendprof.1: $(O)/sendprof
	$(call say,MAN,$(@D))
	$(Q)docs/make-man $< $(@D)

install: all man ## Install below DESTDIR and PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(DOCDIR)/docs \
		$(DESTDIR)$(COMPLETIONDIR)
	install -m 755 $(O)/sendprof $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(O)/man/*.1 $(DESTDIR)$(MANDIR)/man1/
	install -m 644 $(O)/man/sendprof.bash $(DESTDIR)$(COMPLETIONDIR)/sendprof
	install -m 644 README.md CHANGELOG.md LICENSE $(DESTDIR)$(DOCDIR)/
	install -m 644 $(wildcard docs/*.md) $(DESTDIR)$(DOCDIR)/docs/

# What sudo built belongs to who called it, else the next make without sudo fails.
hand_back = $(if $(SUDO_UID),chown -R $(SUDO_UID):$(SUDO_GID) $(BUILD))
# In recipes: a second make, since what it needs may be installed just before; on all processors
# unless the caller said how many.
make_all = +$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

demo: ## Make a loop btrfs, run sendprof over it, write a report (root)
	$(Q).ci/deps build demo
	$(Q)$(make_all) all $(O)/bench/workload
	$(Q)$(hand_back)
	$(Q)bench/demo.sh $(O)/sendprof $(O)/bench/workload

check: ## Build with and without sanitizers, run all tests and style checks (root for most)
	$(Q).ci/deps build test
	$(Q)$(make_all) WERROR=1 programs man
	$(Q)$(make_all) WERROR=1 SAN=1 programs
	$(Q)BUILD=$(BUILD) tests/run-all; status=$$?; $(if $(hand_back),$(hand_back);) exit $$status

check-style: ## Check the style of the sources and who includes what
	$(Q)tests/check-style
	$(Q)tests/check-layers

deps: ## Install what is missing (root on Debian, Ubuntu), else say what
	$(Q).ci/deps

clean: ## Remove everything built
	rm -rf $(BUILD)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: FORCE all check check-style clean demo deps help install man programs tools unit vmlinux
.SECONDARY:

-include $(shell find $(O) $(B) -name '*.d' 2>/dev/null)
