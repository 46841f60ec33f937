# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            the kernel module and the tools
# make install    install them (DESTDIR, PREFIX; the module needs KDIR's kernel)
# make install-dkms  put the module's sources where dkms builds it for each new kernel
# make check      all tests, in virtual machines: see Documentation/testing.rst
# make bench      measure dm-warrant and its peers, about a quarter of an hour: build/report/bench
#                 (PHASES=count, STACKS=xts,warrant, WORKLOADS=4k-read, REPEATS=2, KERNEL=6.1)
# make bench-figures  the same, and put charts and tables into Documentation/performance.rst
# make clean
#
# KDIR is the build directory of the kernel to build the module for.

KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local

all: module tools

module:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools:
	$(MAKE) -C userspace

install: install-module install-tools

install-module: module
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) modules_install

VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' kmod/dkms.conf)
SRC	= $(DESTDIR)/usr/src/dm-warrant-$(VERSION)

install-dkms:
	install -d $(SRC)/kmod/probes
	install -m 644 Kbuild $(SRC)
	install -m 644 kmod/dkms.conf $(SRC)
	install -m 644 kmod/Kbuild kmod/*.c kmod/*.h $(SRC)/kmod
	install -m 644 kmod/probes/*.c $(SRC)/kmod/probes

install-tools: tools
	$(MAKE) -C userspace install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

check:
	tests/run

BENCH	= tests/bench/run $(if $(KERNEL),-k $(KERNEL)) $(if $(STACKS),--stacks $(STACKS)) \
	  $(if $(WORKLOADS),--workloads $(WORKLOADS)) $(if $(REPEATS),--repeats $(REPEATS))

bench:
	$(BENCH) $(PHASES)

bench-figures:
	$(BENCH)
	tests/bench/figures build/report/bench

clean:
	$(MAKE) -C userspace clean
	if [ -d $(KDIR) ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi
	rm -rf build

.PHONY: all module tools install install-module install-dkms install-tools check bench bench-figures clean
