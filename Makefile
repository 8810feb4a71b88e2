# SPDX-License-Identifier: MIT
# One Makefile for the whole tree.  Everything built lands under $(B);
# objects go to $(B)/obj, since a program may bear a source folder's name.
# Packagers may set any of these on the command line or in the environment.
CC         ?= cc
AR         ?= ar
PKG_CONFIG ?= pkg-config
INSTALL    ?= install
CFLAGS     ?= -O2 -g
PREFIX     ?= /usr
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
LIBEXECDIR ?= $(PREFIX)/libexec/kmsagent
DATADIR    ?= $(PREFIX)/share/kmsagent
MANDIR     ?= $(PREFIX)/share/man
COMPDIR    ?= $(PREFIX)/share/bash-completion/completions
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
PRESETDIR  ?= $(PREFIX)/lib/systemd/system-preset
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog
# These two are not for choice: the programs look nowhere else.
REQKEYDIR  := /etc/request-key.d
CONFDIR    := /etc/kmsagent
DESTDIR    ?=
B          ?= build
VERSION    := 0.1.0

# Ours, kept apart so that CFLAGS=... on the command line stays safe.
K_CPPFLAGS := -I. -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 \
	-DKMSAGENT_VERSION='"$(VERSION)"'
K_CFLAGS   := -std=gnu11 -Wall -Wextra -Wvla -Wshadow -Wformat=2 -Wundef \
	-Wstrict-prototypes -Wmissing-prototypes -fno-strict-aliasing \
	-fstack-protector-strong -fvisibility=hidden -fPIC -pthread $(SAN)
K_LDFLAGS  := -Wl,-z,relro,-z,now -Wl,--as-needed -pthread $(SAN)

# Folders, lowest first; each becomes an archive.  A program links the
# archives that DESIGN's include table lets it use.
LIBS := kmsagent/kms kmsagent/agent kmsagent/ctl kmsagent/requestkey \
	kmsagent/store kmsagent/rootkey kmsagent/aws kmsagent/crypto \
	kmsagent/varlink kmsagent/base kcapi keyring
src = $(wildcard $(1)/*.c)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
lib = $(patsubst %,$(B)/lib/%.a,$(1))
all_SRC := $(foreach d,$(LIBS),$(call src,$(d)))

kmsd_LIBS            := kmsagent/kms kmsagent/store kmsagent/rootkey \
	kmsagent/crypto kmsagent/base keyring
kmsagentd_LIBS       := kmsagent/agent kmsagent/aws kmsagent/crypto \
	kmsagent/varlink kmsagent/base kcapi keyring
kmsctl_LIBS          := kmsagent/ctl kmsagent/aws kmsagent/crypto \
	kmsagent/varlink kmsagent/base keyring
kms-request-key_LIBS := kmsagent/requestkey kmsagent/varlink keyring

PKGS := libkeyutils libcjson libcrypto libcurl libseccomp libsystemd \
	libmicrohttpd gnutls sqlite3 devmapper
K_LIBS = $(shell $(PKG_CONFIG) --libs $(PKGS)) -lkcapi -lm

PROGS    := $(patsubst %,$(B)/%,kmsd kmsagentd kmsctl kms-request-key)
UNITS    := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test-*.c))
TOOLS    := $(patsubst tests/tools/%.c,$(B)/tools/%,$(wildcard tests/tools/*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz-*.c))
C_FILES   = $(wildcard */*.[ch] */*/*.[ch])

ifneq ($(V),1)
Q := @
say = @printf '  %-5s %s\n' '$(1)' '$@'
endif

all: $(PROGS)

$(B)/obj/%.o: %.c
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(K_CPPFLAGS) $(CPPFLAGS) $(K_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# It takes the interface's definition in as it is.
$(B)/obj/kmsagent/agent/idl.o: kmsagent/agent/io.kmsagent.Agent.varlink

define library
$(call lib,$(1)): $(call obj,$(call src,$(1)))
endef
$(foreach d,$(LIBS),$(eval $(call library,$(d))))
$(B)/lib/%.a:
	$(call say,AR)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The archive with main() goes in whole; the others give what is asked.
define program
$(B)/$(1): $(call lib,$($(1)_LIBS))
endef
$(foreach p,kmsd kmsagentd kmsctl kms-request-key,$(eval $(call program,$(p))))
$(PROGS):
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(K_CFLAGS) $(K_LDFLAGS) $(LDFLAGS) -o $@ \
		-Wl,--whole-archive $< -Wl,--no-whole-archive \
		$(filter-out $<,$^) $(LDLIBS) $(K_LIBS)

# A unit test links every folder; main() of the programs lives in main.c,
# which no test pulls in, as the test has its own.
TEST_LIBS := $(call lib,$(LIBS))
$(UNITS): $(B)/tests/%: $(B)/obj/tests/unit/%.o $(TEST_LIBS)
$(TOOLS): $(B)/tools/%: $(B)/obj/tests/tools/%.o $(TEST_LIBS)
$(UNITS) $(TOOLS):
	$(call say,LD)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(K_CFLAGS) $(K_LDFLAGS) $(LDFLAGS) -o $@ \
		$< $(TEST_LIBS) $(TEST_LIBS) $(LDLIBS) $(K_LIBS)

# Fuzz targets: everything again with clang's coverage and sanitizers.
FUZZ_S    ?= 3600
FUZZ_SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_LIBS := $(patsubst %,$(B)/fuzz-obj/lib/%.a,$(LIBS))
fuzz-libs:
	+$(Q)$(MAKE) --no-print-directory B=$(B)/fuzz-obj CC=clang \
		SAN='$(FUZZ_SAN) -fsanitize=fuzzer-no-link' CFLAGS='-O1 -g' libs
$(FUZZERS): $(B)/fuzz/%: tests/fuzz/%.c fuzz-libs
	$(call say,FUZZ)
	$(Q)mkdir -p $(@D)
	$(Q)clang $(K_CPPFLAGS) -std=gnu11 -O1 -g -pthread $(FUZZ_SAN) \
		-fsanitize=fuzzer -o $@ $< $(FUZZ_LIBS) $(FUZZ_LIBS) $(K_LIBS)
libs: $(TEST_LIBS)
fuzzers: $(FUZZERS)

check:
	$(Q)tests/packages/install build run test
	+$(Q)$(MAKE) --no-print-directory all units tools
	$(Q)B=$(abspath $(B)) TOP=$(CURDIR) tests/run $(T)
units: $(UNITS)
tools: $(TOOLS)

demo:
	$(Q)tests/packages/install build run demo
	+$(Q)$(MAKE) -s --no-print-directory -j2 all tools
	$(Q)B=$(abspath $(B)) TOP=$(CURDIR) tests/demo

bench:
	$(Q)tests/packages/install build run test
	+$(Q)$(MAKE) --no-print-directory all tools
	$(Q)B=$(abspath $(B)) TOP=$(CURDIR) tests/bench/run $(T)

# A test whose child must die of SIGSEGV has to see that signal.
asan:
	+ASAN_OPTIONS=handle_segv=0 $(MAKE) B=$(B)/asan CFLAGS='-O1 -g' \
		SAN='-fsanitize=address,undefined -fno-sanitize-recover=all \
		-fno-omit-frame-pointer' check
# gcc 12 cannot follow a pointer into memory that it does not model, nor a
# callee's promise to have set what it returns 0 for: those three are off.
ANALYZER := -fanalyzer -Wno-analyzer-malloc-leak \
	-Wno-analyzer-null-dereference -Wno-analyzer-use-of-uninitialized-value
analyze:
	+$(MAKE) B=$(B)/analyze CC=gcc CFLAGS='-O2 $(ANALYZER) -Werror' libs
# cppcheck 2.10 knows no cleanup attributes, hence no leaks; and on POSIX,
# NULL may end a list of arguments.
CPPCHECK := cppcheck --quiet --error-exitcode=1 --inline-suppr -j2 -I. \
	--library=tests/cppcheck.cfg --enable=warning,portability \
	--suppress=memleak --suppress=uninitdata --suppress=varFuncNullUB \
	-D_GNU_SOURCE -DKMSAGENT_VERSION='"$(VERSION)"'
lint_SRC = $(all_SRC) $(wildcard tests/unit/*.c tests/tools/*.c)
lint: $(B)/compile_commands.json
	$(Q)printf '%s\n' $(lint_SRC) | xargs -P2 -n4 clang-tidy -p $(B) --quiet
	$(Q)$(CPPCHECK) $(lint_SRC)
	+$(Q)$(MAKE) --no-print-directory analyze
	$(Q)B=$(abspath $(B)) TOP=$(CURDIR) tests/run check/
$(B)/compile_commands.json: Makefile $(lint_SRC)
	$(Q)mkdir -p $(B)
	$(Q)bear --output $@ -- $(MAKE) -s -B B=$(B)/lint-obj libs units tools
format:
	clang-format -i $(C_FILES)
format-check:
	clang-format --dry-run --Werror $(C_FILES)
fuzz: fuzzers
	$(Q)B=$(abspath $(B)) TOP=$(CURDIR) FUZZ_S=$(FUZZ_S) tests/fuzz/run $(T)

# Units and rules name the programs where /usr has them; what is installed
# names them where they are.  A configuration that is there already stays.
our_paths = sed -e 's|/usr/sbin/|$(SBINDIR)/|g' -e 's|/usr/bin/|$(BINDIR)/|g' \
	-e 's|/usr/libexec/kmsagent/|$(LIBEXECDIR)/|g'
put = $(INSTALL) -d $(DESTDIR)$(2) && $(our_paths) $(1) >$(DESTDIR)$(2)/$(3) && \
	chmod 644 $(DESTDIR)$(2)/$(3)

install: all
	$(INSTALL) -Dm755 -t $(DESTDIR)$(SBINDIR) $(B)/kmsd $(B)/kmsagentd
	$(INSTALL) -Dm755 -t $(DESTDIR)$(BINDIR) $(B)/kmsctl
	$(INSTALL) -Dm755 -t $(DESTDIR)$(LIBEXECDIR) $(B)/kms-request-key
	$(INSTALL) -Dm644 -t $(DESTDIR)$(DATADIR) $(wildcard kmsagent/agent/*.varlink)
	$(INSTALL) -Dm644 -t $(DESTDIR)$(COMPDIR) kmsagent/completion/kmsctl
	for n in 1 5 7 8; do $(INSTALL) -Dm644 -t $(DESTDIR)$(MANDIR)/man$$n \
		kmsagent/man/*.$$n || exit; done
	$(call put,systemd/request-key.d/kms.conf,$(REQKEYDIR),kms.conf)
	for u in systemd/*.service systemd/*.socket; do \
		$(call put,$$u,$(UNITDIR),$${u##*/}) || exit; done
	for p in kmsd kmsagent; do \
		$(INSTALL) -Dm644 systemd/$$p.sysusers $(DESTDIR)$(SYSUSERSDIR)/$$p.conf && \
		$(INSTALL) -Dm644 systemd/$$p.preset $(DESTDIR)$(PRESETDIR)/50-$$p.preset && \
		$(INSTALL) -Dm644 -t $(DESTDIR)$(CATALOGDIR) systemd/$$p.catalog && \
		{ [ -e $(DESTDIR)$(CONFDIR)/$$p.conf ] || $(INSTALL) -Dm644 \
			-t $(DESTDIR)$(CONFDIR) systemd/$$p.conf; } || exit; done
	$(INSTALL) -Dm644 systemd/kmsd.tmpfiles $(DESTDIR)$(TMPFILESDIR)/kmsd.conf

# Packages of Debian, unsigned, in $(B)/deb.
deb: all
	$(Q)B=$(abspath $(B)) VERSION=$(VERSION) systemd/debian/build

clean:
	$(RM) -r $(B)

.DEFAULT_GOAL := all
.PHONY: all libs fuzz-libs units tools fuzzers check demo bench asan analyze lint \
	format format-check fuzz install deb clean
.DELETE_ON_ERROR:
.SECONDARY:
-include $(patsubst %.o,%.d,$(call obj,$(all_SRC) $(wildcard tests/unit/*.c tests/tools/*.c)))
