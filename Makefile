# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            the kernel module and the tools
# make install    install them (DESTDIR, PREFIX; the module needs KDIR's kernel)
# make install-dkms  put the module's sources where dkms builds it for each new kernel
# make check      all tests, in virtual machines: see Documentation/testing.rst
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

clean:
	$(MAKE) -C userspace clean
	if [ -d $(KDIR) ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi
	rm -rf build

.PHONY: all module tools install install-module install-dkms install-tools check clean
