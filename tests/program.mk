# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the Makefiles of test programs share that are made of the library's objects: they look inside.
#
#   make BUILD=DIR [SANITIZE=address,undefined]     DIR: where userspace/ was built, the same way

BUILD ?= ../../userspace/build
userspace := ../../userspace

cflags := -std=gnu11 -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-I$(userspace)/include -I$(userspace)/lib -I../../kmod
ifneq ($(SANITIZE),)
cflags += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
libs := $(shell sed -n 's/^Libs.private: //p' $(BUILD)/libdmwarrant.pc)
objects := $(wildcard $(BUILD)/obj/lib/*.o $(BUILD)/obj/core/*.o)

all:

# Kills a program at its n-th change; not built as the rest is, since it does not look inside.
$(BUILD)/%/killat: ../kill/killat.c
	@mkdir -p $(@D)
	$(CC) -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -o $@ $<

.PHONY: all
