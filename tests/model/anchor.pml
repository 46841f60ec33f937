/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Anchors for spin: which past of a volume may an array show to somebody who remembers a checkpoint?
 *
 * The array keeps every superblock that anybody ever wrote. At each opening it shows the one that it
 * likes, so a volume's past becomes a tree: hosts go on from checkpoints that were given up at a
 * crash, or that are in a snapshot. Host 0 knows an anchor. Host 1 has another copy of the same volume
 * and knows none.
 *
 * A superblock cannot be forged, nor can the activation chain below it. So the chain is taken as it was
 * when the superblock was written. Tree and journal are in warrant.pml.
 *
 *   descends	load.c: descends()
 *   accepted	load.c: dmw_load_check_anchor()
 *   open	volume.c: dmw_volume_open(), dmw_activate(), and the checkpoint that makes it known
 *   commit	checkpoint.c: write_superblock(), commit()
 *   note	load.c: dmw_superblock_anchor()
 */

#ifndef CHECKPOINTS
#define CHECKPOINTS	6	/* in all; at most 8 */
#endif
#ifndef ACTIVATIONS
#define ACTIVATIONS	5
#endif
#define NONE		255
#define BIT(c)		(1 << (c))

/* Superblocks, all of them, in the order in which they were written; 0 is the format's. */
byte superblocks = 1;
byte number[CHECKPOINTS];	/* its checkpoint */
byte author[CHECKPOINTS];	/* the activation that wrote it: the newest of its chain */

/* Activations, all of them; 0 is the format's. */
byte activations = 1;
byte salt[ACTIVATIONS];
byte parent[ACTIVATIONS];	/* checkpoint that it says it went on from */
byte before[ACTIVATIONS];	/* the activation before it in its chain */

byte anchor;			/* superblock of which host 0 knows number and salt */

/* Who keeps the books: the superblocks in the past of each. */
byte past[CHECKPOINTS];

hidden byte a, child;
bool fits;

#define IN_PAST(old, new)	((old) == (new) || (past[new] & BIT(old)))

/* Follow the chain of superblock c until the anchor's activation is found. */
inline descends(c)
{
	a = author[c];
	child = NONE;
	do
	:: salt[a] == salt[author[anchor]] || a == 0 -> break
	:: else ->
		child = a;
		a = before[a]
	od;
#ifdef PARENT_IGNORED
	fits = salt[a] == salt[author[anchor]]
#else
	fits = salt[a] == salt[author[anchor]] &&
	       (child == NONE -> true : parent[child] >= number[anchor])
#endif
}

inline accepted(c)
{
#if defined NO_ANCHOR_CHECK
	fits = true;
#elif defined ANCHOR_BY_NUMBER
	fits = number[c] >= number[anchor];
#else
	descends(c);
	fits = fits && number[c] >= number[anchor];
#endif
	/* What is opened has the anchored checkpoint in its past; and what has it is opened. */
	assert(!fits || IN_PAST(anchor, c));	/* G3 */
	assert(fits || !IN_PAST(anchor, c))	/* OPENS */
}

inline commit(from, by)
{
	number[superblocks] = number[from] + 1;
	author[superblocks] = by;
	past[superblocks] = past[from] | BIT(from);
	superblocks++
}

inline activate(from)
{
#ifdef SALT_FROM_COUNT
	salt[activations] = salt[author[from]] + 1;
#else
	salt[activations] = activations;	/* random: never drawn before */
#endif
#ifdef PARENT_FORGOTTEN
	parent[activations] = 0;
#else
	parent[activations] = number[from];
#endif
	before[activations] = author[from];
	/* Counters begin at 1 again, so what was sealed under a salt must not meet it again. */
	a = 0;
	do
	:: a < activations ->
		assert(salt[a] != salt[activations]);	/* G5 */
		a++
	:: else -> break
	od;
	activations++
}

#define ROOM	(superblocks < CHECKPOINTS)

proctype host(bit who)
{
	byte at;	/* superblock that was committed last */
	byte shown;

end_closed:
	do
	:: atomic {
		ROOM && activations < ACTIVATIONS ->
		select(shown : 0 .. superblocks - 1);
		skip;
		d_step {
			fits = true;
			if
			:: who == 0 -> accepted(shown)
			:: else -> skip
			fi
		};
		if
		:: fits ->
			d_step {
				activate(shown);
				commit(shown, activations - 1);
				at = superblocks - 1;
				shown = 0;
				fits = false
			};
			break
		:: else -> shown = 0
		fi
	}
	od;
	do
	:: d_step { ROOM -> commit(at, author[at]); at = superblocks - 1 }
	:: d_step { who == 0 && anchor != at -> anchor = at }
	:: d_step { at = 0 } goto end_closed	/* closed, or crashed */
	od
}

init {
	atomic {
		number[0] = 1;
		run host(0);
		run host(1)
	}
}
