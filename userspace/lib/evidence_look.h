/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing a LUN with what was sealed. */
#ifndef LIB_EVIDENCE_LOOK_H
#define LIB_EVIDENCE_LOOK_H

#include "evidence_file.h"
#include "evidence_shredded.h"

/**
 * struct lib_look - a LUN being compared; from @dev on for lib_look() itself
 * @ctx:       for progress and errors
 * @params:    what is wanted
 * @result:    receives the sums
 * @statement: what was signed
 * @proof:     checked; NULL = the whole seal is to be compared
 * @shredded:  tags of this volume whose keys were destroyed
 * @total:     sectors to be looked at
 * @dev:       LUN or image
 * @host:      for reading it
 * @v:         the volume with its keys; loaded when @keys
 * @keys:      there are keys, and they fit
 * @layout:    of the volume, as far as the statement has it
 * @m:         hasher
 * @extent:    the sums of the extent that is being looked at
 * @excused:   extents that are unchanged, or need not be
 * @seen:      sectors so far
 * @data:      contents of a piece
 */
struct lib_look {
	struct libdmwarrant				*ctx;
	const struct libdmwarrant_verify_params		*params;
	struct libdmwarrant_verify_result		*result;
	const struct lib_statement			*statement;
	const struct lib_proof				*proof;
	const struct lib_shredded			*shredded;
	u64						total;
	struct lib_device				dev;
	struct dmw_host					host;
	struct lib_volume				v;
	bool						keys;
	struct dmw_layout				layout;
	struct lib_merkle				m;
	struct libdmwarrant_sealed_extent		extent;
	u64						excused;
	u64						seen;
	u8						*data;
};

int lib_look(struct lib_look *k);

#endif
