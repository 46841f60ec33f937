#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What was read leaves the kernel's memory: when its tag is shredded, when all keys are forgotten, and
# when the volume is closed.  Before that it is there, and the search finds it.
# kmsg: all keys were shredded

. "$(dirname "$0")/../lib.sh"

d=/dev/mapper/v
lun v 64
format v "$dev"
add_keys v 1 1
open_volume v "$dev"
new_tag v 1 one
assign v 1 0 64

gone() { eq "pages with what was read, after $1" "$(remains count)" 0; }

remains put $d 64
remains get $d 64
(($(remains count) >= 64)) || fail "what was just read is not in memory: the search finds nothing"
message v tag_state 1 shredded
gone "its tag was shredded"

close_volume v
format v "$dev" --erase-signature dm-warrant
open_volume v "$dev"
remains put $d 64
remains get $d 64
close_volume v
gone "the volume was closed"

open_volume v "$dev"
remains get $d 64
message v keys_forget
gone "all keys were forgotten"
