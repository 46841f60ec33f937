/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol of dm-warrant for spin: a write, an erase, a flush, a checkpoint, a crash at any moment,
 * recovery, a crash in recovery. tests/model/run checks all of its states, and that spin finds the
 * mistake in each of the wrong variants (-D..., listed there). An assertion's comment says what does
 * not hold when it fails: Documentation/design.rst, "What must hold".
 *
 * Two sectors in one leaf, a ring of few records, two slots of the leaf, two superblocks. Left out, and
 * looked after by tests/sim: several levels and leaves, the activation chain and a change of activation
 * while the volume is open, several entries in a record, memory, I/O errors, reads. Left out as well:
 * whether everybody gets on (only that nothing wrong comes of it is looked at). Anchors are in anchor.pml.
 *
 * With -DADVERSARY the array may, at any moment, pretend a crash and show old data, hide the newest
 * superblock, hide records. Other blocks it cannot show without their seals telling, so that is left
 * out. The run ends there.
 *
 * A write or erase is an id: 1, 2, 3, ... in the order in which they take their sectors. An id stands
 * for its nonce, for its seal, for the ciphertext under that seal, and (a record has one entry) for the
 * MAC of its record. "Does this data fit this seal" is then "is it the same id". A sector of the tree
 * holds the id of the last op on it, which recovery may look at through NONCE() only: the seal of an
 * erased sector is zero.
 *
 * What each step is in kmod/:
 *
 *   begin		op.c: write_start(), lock_sectors(), write_begin(), prepare_seals(), seal_work()
 *   journal		journal.c: dmw_journal_append(), add_entries(), has_room(), seal_next(), write_record()
 *   record_done	journal.c: write_done(), retire()
 *   data_done		op.c: start_data(), data_done()
 *   finish_ops		op.c: write_journalled(), install(), write_end()
 *   finished()		journal.c: dmw_journal_finished()
 *   flush_issue/_done	op.c: flush_start(), flush_done()
 *   ck_start		checkpoint.c: dmw_checkpoint_request(), is_clean(), choose_q()
 *   ck_nodes		checkpoint.c: dmw_checkpoint_step(), write_image(), collapse(), dmw_tree_set_seal()
 *   ck_node_done	checkpoint.c: image_done(), flush()
 *   ck_flush_done	checkpoint.c: flush_done(), write_superblock()
 *   ck_commit		checkpoint.c: superblock_done(), commit()
 *   load_superblock	load.c: dmw_load_superblock(), choose_copy()
 *   walk		load.c: dmw_load_journal(), open_record()
 *   apply		recover.c: apply_leaf(), settle(), tree_is_newer()
 *   resolve		recover.c: resolve(), newest_fit(), fits()
 *   recover		volume.c: dmw_volume_open(), dmw_recover(), dmw_activate()
 *   nonce		volume.c: dmw_nonces()
 *
 * Each step is what happens in one holding of the volume's lock; a task under way is a state of what it
 * writes. What was issued and not flushed is on the disk or not after a crash, one block independently
 * of the other; what tears (design: all but overwritten data) may also be torn. When it is only the
 * host that crashed, data is still in the array's cache, and a crash in recovery may lose it after all.
 *
 * By hand: spin -DADVERSARY -run -O2 warrant.pml; after an error: spin -DADVERSARY -t -p warrant.pml
 *
 * Hidden variables are no part of a state: they are set and used within one d_step.
 */

#ifndef IDS
#define IDS		4	/* writes and erases in all; at most 6 */
#endif
#ifndef CRASHES
#define CRASHES		2
#endif
#ifndef RING
#define RING		3	/* records in the journal's ring: 2 or 3 */
#endif
#define NONE		2	/* no slot: the tree is unwritten */
#define TORN		255

#define MAX(a, b)	(a > b -> a : b)
#define BIT(id)		(1 << (id))
#define UP_TO(id)	(BIT((id) + 1) - 1)
#define NEWEST(ids)	(ids & 64 -> 6 : (ids & 32 -> 5 : (ids & 16 -> 4 :		\
			 (ids & 8 -> 3 : (ids & 4 -> 2 : (ids & 2 -> 1 : 0))))))
#define NONCE(id)	((erases & BIT(id)) -> 0 : id)

/* ---- the LUN ---- */

typedef Record {	/* struct dmw_record_head and its one entry */
	byte seq;	/* 0: nothing there */
	byte salt;	/* of its activation */
	byte stable;
	byte sector;
	byte id;
	byte prev	/* MAC of the record before */
}

typedef Node {
	byte id[2]
}

typedef Pair {
	byte on[2]	/* of each sector */
}

typedef Superblock {
	byte n;		/* checkpoint; 0: torn */
	byte slot;	/* the leaf's seal: where it is ... */
	byte id[2];	/* ... and what it vouches for */
	byte seq;	/* journal_seq */
	byte mac;	/* journal_mac */
	byte salt;	/* of the newest activation, ... */
	byte base;	/* ... whose ids are behind this one */
#ifdef ADVERSARY
	byte sure[2];	/* books: last op on each sector up to the checkpoint's Q */
#endif
#ifdef NONCE_FROM_SUPERBLOCK
	byte counter
#endif
}

#define LOST		0
#define FLYING		1	/* issued */
#define CACHED		2	/* completed, not flushed */

byte disk[2];		/* data that is durable; 0: fits no seal */
byte cached[2];		/* bits: completed versions that a power failure may leave instead */
#define READS(i)	(cached[i] -> NEWEST(cached[i]) : disk[i])
Record ring[RING];
Record new_record[RING];
byte record_state[RING];
Node slot[2];
Node new_slot[2];
byte slot_state[2];
Superblock sb[2];
Superblock new_sb;

/* ---- an open volume ---- */

#define WRITE		0
#define WRITE_FUA	1
#define ERASE		2
#define DISCARD		3

#define SEALED		1	/* sector locked, encrypted; waits for room in the ring */
#define JOURNAL		2

/* The op that holds a sector's lock; those that wait for it have not begun. */
byte op_state[2];
byte op_kind[2];
byte op_id[2];
byte op_seq[2];
byte op_data[2];	/* 0 not begun, or waits for the journal; FLYING; CACHED: done */

#ifdef RELEASED_BEFORE_INSTALL
byte late[2];		/* let the sector go, but is not in the leaf yet */
#endif

byte leaf[2];		/* the leaf in memory: last op of each sector */
bool dirty;
byte next_seq = 1;
byte tail = 1;
byte stable;
byte mac;		/* of the newest record */
byte current;		/* committed checkpoint */
byte salt = 1;
byte base;
bool opening;		/* no op before the first checkpoint is committed */

byte flushing;		/* a flush from above is under way, with what it knows: */
Pair flush_data;
byte flush_seq;
byte flush_leaf[2];

mtype = { IDLE, DRAIN, NODES, FLUSH, SUPERBLOCK };
mtype ck = IDLE;
byte ck_seq;
byte ck_mac;
byte ck_slot = NONE;
byte ck_id[2];
Pair ck_data;
byte ck_flushed;

/* ---- who keeps the books ---- */

byte ids;		/* last one given out */
byte erases;		/* bits: those that are no writes */
byte fresh;		/* bits: those on an unwritten sector, which may be torn */
byte counter;		/* nonces used by this opening */
byte used;		/* nonces ever used under the current salt */
byte kept[2];		/* the last op on each sector that nothing may undo, ... */
byte dead[2];		/* ... and those behind it, up to this one, which a crash has undone */
byte crashes;
#ifdef ADVERSARY
byte ever[2];		/* bits: data that the array has seen */
byte ck_sure[2];
#endif
bool evil;		/* the array does not show what it has, from now on */

hidden byte k, m, s, q, end_stable, end_mac, fit, vouched, is_open, lost;

/* The pair (salt, counter) is new. A fresh salt was never drawn before. */
inline nonce()
{
	counter++;
	assert(counter > used);	/* G5 */
	used = counter
}

/* ---- journal ---- */

#ifdef JOURNALLED_OUT_OF_ORDER
#define BEFORE(i, n)	(record_state[i] == FLYING && new_record[i].seq == n)
#else
#define BEFORE(i, n)	(record_state[i] == FLYING && new_record[i].seq <= n)
#endif
#if RING == 3
#define JOURNALLED(i)	(!BEFORE(0, op_seq[i]) && !BEFORE(1, op_seq[i]) && !BEFORE(2, op_seq[i]))
#else
#define JOURNALLED(i)	(!BEFORE(0, op_seq[i]) && !BEFORE(1, op_seq[i]))
#endif

#define UNFINISHED(i)	(op_state[i] == JOURNAL)
#define BOTH		(UNFINISHED(0) && UNFINISHED(1))
#define finished()	((BOTH -> (op_seq[0] < op_seq[1] -> op_seq[0] : op_seq[1]) :	\
			  (UNFINISHED(0) -> op_seq[0] :					\
			   (UNFINISHED(1) -> op_seq[1] : next_seq))) - 1)

/* Data goes out as soon as the core lets it: "may be on its way" needs no step of its own. */
#define DATA_FLIES(i)	(op_state[i] == JOURNAL &&						\
			 (op_data[i] == FLYING || (op_data[i] == 0 && JOURNALLED(i))))

#define FRESH(i)	(fresh & BIT(op_id[i]))
#ifdef FRESH_PATH_FOR_OVERWRITES
#define WITH_RECORD(i)	true
#else
#define WITH_RECORD(i)	FRESH(i)
#endif

inline begin(i, kind)
{
	ids++;
	op_id[i] = ids;
	op_kind[i] = kind;
	op_state[i] = SEALED;
	if
	:: kind >= ERASE -> erases = erases | BIT(ids)
	:: else ->
		nonce();
		if
		:: NONCE(leaf[i]) == 0 -> fresh = fresh | BIT(ids)
		:: else -> skip
		fi
	fi
}

inline copy_record(to, from)
{
	to.seq = from.seq;
	to.salt = from.salt;
	to.stable = from.stable;
	to.sector = from.sector;
	to.id = from.id;
	to.prev = from.prev
}

inline clear_record(r)
{
	r.seq = 0;
	r.salt = 0;
	r.stable = 0;
	r.sector = 0;
	r.id = 0;
	r.prev = 0
}

inline journal(i)
{
	k = next_seq % RING;
	nonce();
	new_record[k].seq = next_seq;
	new_record[k].salt = salt;
#ifdef STABLE_WITH_UNFINISHED
	new_record[k].stable = next_seq - 1;
#else
	new_record[k].stable = stable;
#endif
	new_record[k].sector = i;
	new_record[k].id = op_id[i];
	new_record[k].prev = mac;
	record_state[k] = FLYING;
	mac = op_id[i];
	op_seq[i] = next_seq;
	next_seq++;
	op_state[i] = JOURNAL;
	if
	:: op_kind[i] == ERASE -> op_data[i] = CACHED
	:: op_kind[i] < ERASE && WITH_RECORD(i) -> op_data[i] = FLYING
#ifdef DISCARD_BEFORE_JOURNAL
	:: op_kind[i] == DISCARD -> op_data[i] = FLYING
#endif
	:: else -> skip
	fi
#ifdef SEAL_BEFORE_DATA
	leaf[i] = op_id[i];
	dirty = true
#endif
}

inline make_record_durable(i)
{
	copy_record(ring[i], new_record[i]);
	clear_record(new_record[i]);
	record_state[i] = 0
}

inline record_done(i)
{
#ifdef JOURNAL_WITHOUT_FUA
	record_state[i] = CACHED;
#else
	make_record_durable(i);
#endif
	finish_ops()
}

/* ---- data ---- */

/* Versions of one sector come one after the other; the last of those covered stays. */
inline make_data_durable(i, upto)
{
	if
	:: upto > disk[i] -> disk[i] = upto
	:: else -> skip
	fi;
	fresh = fresh & ~(cached[i] & UP_TO(upto));
	cached[i] = cached[i] & ~UP_TO(upto)
}

inline data_done(i)
{
	cached[i] = cached[i] | BIT(op_id[i]);
#ifdef ADVERSARY
	ever[i] = ever[i] | BIT(op_id[i]);
#endif
	if
	:: op_kind[i] == WRITE_FUA -> make_data_durable(i, op_id[i])
	:: else -> skip
	fi;
	op_data[i] = CACHED;
	finish_ops()
}

inline discard_ignored(i)
{
	op_data[i] = CACHED;
	finish_ops()
}

#ifdef RELEASED_BEFORE_INSTALL
#define NOT_LATE(i)	(late[i] == 0)

inline install_late(i)
{
	leaf[i] = late[i];
	dirty = true;
	late[i] = 0;
	finish_op(i)
}
#else
#define NOT_LATE(i)	true
#endif

inline finish_op(i)
{
	if
	:: op_state[i] == JOURNAL && op_data[i] == CACHED && JOURNALLED(i) && NOT_LATE(i) ->
#ifdef RELEASED_BEFORE_INSTALL
		late[i] = op_id[i];
#else
		leaf[i] = op_id[i];
		dirty = true;
#endif
		if
		:: op_kind[i] == WRITE_FUA -> kept[i] = op_id[i]
		:: else -> skip
		fi;
		op_state[i] = 0;
		op_kind[i] = 0;
		op_id[i] = 0;
		op_seq[i] = 0;
		op_data[i] = 0
	:: else -> skip
	fi
}

inline finish_ops()
{
	finish_op(0);
	finish_op(1)
}

/* ---- flushes ---- */

/* A flush covers what had completed when it was issued. */
inline flush_snapshot(data)
{
	data.on[0] = NEWEST(cached[0]);
	data.on[1] = NEWEST(cached[1])
}

inline disk_flushed(data)
{
	make_data_durable(0, data.on[0]);
	make_data_durable(1, data.on[1]);
	data.on[0] = 0;
	data.on[1] = 0;
#ifdef SUPERBLOCK_WITHOUT_FUA
	if
	:: new_sb.n && ck != SUPERBLOCK ->
		make_superblock_durable();
		clear_superblock(new_sb)
	:: else -> skip
	fi;
#endif
#ifdef JOURNAL_WITHOUT_FUA
	for (m : 0 .. RING - 1) {
		if
		:: record_state[m] == CACHED -> make_record_durable(m)
		:: else -> skip
		fi
	}
#endif
}

/* Only a checkpoint relies on its nodes: a flush from above leaves to chance whether it covers them. */
inline nodes_flushed()
{
	for (m : 0 .. 1) {
		if
		:: slot_state[m] == CACHED ->
			slot[m].id[0] = new_slot[m].id[0];
			slot[m].id[1] = new_slot[m].id[1];
			new_slot[m].id[0] = 0;
			new_slot[m].id[1] = 0;
			slot_state[m] = 0
		:: else -> skip
		fi
	}
}

inline flush_issue()
{
	flushing = 1;
	flush_snapshot(flush_data);
	flush_seq = finished();
	flush_leaf[0] = leaf[0];
	flush_leaf[1] = leaf[1];
#ifdef STABLE_AT_SUBMIT
	stable = MAX(stable, flush_seq)
#endif
}

inline flush_done()
{
	disk_flushed(flush_data);
#ifdef STABLE_AT_COMPLETION
	flush_seq = finished();
#endif
	stable = MAX(stable, flush_seq);
	kept[0] = MAX(kept[0], flush_leaf[0]);
	kept[1] = MAX(kept[1], flush_leaf[1]);
	flush_leaf[0] = 0;
	flush_leaf[1] = 0;
	flush_seq = 0;
	flushing = 0
}

/* ---- checkpoints ---- */

inline ck_start()
{
	ck_seq = next_seq - 1;
	ck_mac = mac;
#ifdef ADVERSARY
	ck_sure[0] = (UNFINISHED(0) -> op_id[0] : leaf[0]);
	ck_sure[1] = (UNFINISHED(1) -> op_id[1] : leaf[1]);
#endif
	ck = DRAIN
}

/* The image may be ahead of ck_seq: "Images may be ahead of Q" in Documentation/design.rst. */
inline ck_nodes()
{
	if
	:: dirty ->
		dirty = false;
		ck_id[0] = leaf[0];
		ck_id[1] = leaf[1];
		if
		:: NONCE(leaf[0]) || NONCE(leaf[1]) ->
#ifdef NODES_IN_PLACE
			ck_slot = 0;
#else
			ck_slot = (ck_slot == 0 -> 1 : 0);
#endif
			nonce();
			new_slot[ck_slot].id[0] = leaf[0];
			new_slot[ck_slot].id[1] = leaf[1];
			slot_state[ck_slot] = FLYING;
			ck = NODES
		:: else ->
			ck_slot = NONE;
			ck_flush()
		fi
	:: else -> ck_flush()
	fi
}

inline ck_flush()
{
	ck_flushed = finished();
#ifdef NO_FLUSH_BEFORE_SUPERBLOCK
	ck_write_superblock()
#else
	flush_snapshot(ck_data);
	ck = FLUSH
#endif
}

inline ck_node_done()
{
	slot_state[ck_slot] = CACHED;
	ck_flush()
}

inline ck_flush_done()
{
	disk_flushed(ck_data);
	nodes_flushed();
#ifdef STABLE_AT_COMPLETION
	ck_flushed = finished();
#endif
	ck_write_superblock()
}

inline ck_write_superblock()
{
	nonce();
	new_sb.n = current + 1;
	new_sb.slot = ck_slot;
	new_sb.id[0] = ck_id[0];
	new_sb.id[1] = ck_id[1];
	new_sb.seq = ck_seq + 1;
	new_sb.mac = ck_mac;
	new_sb.salt = salt;
	new_sb.base = base;
#ifdef ADVERSARY
	new_sb.sure[0] = ck_sure[0];
	new_sb.sure[1] = ck_sure[1];
#endif
#ifdef NONCE_FROM_SUPERBLOCK
	new_sb.counter = counter;
#endif
#ifdef TAIL_MOVED_EARLY
	tail = ck_seq + 1;
#endif
	ck = SUPERBLOCK
}

#ifdef ONE_SUPERBLOCK
#define COPY(n)		0
#else
#define COPY(n)		((n) % 2)
#endif

#ifdef SUPERBLOCK_WITHOUT_FUA
#define UNDER_WAY	(new_sb.n > 0)
#else
#define UNDER_WAY	(ck == SUPERBLOCK)
#endif

inline make_superblock_durable()
{
	k = COPY(new_sb.n);
	sb[k].n = new_sb.n;
	sb[k].slot = new_sb.slot;
	sb[k].id[0] = new_sb.id[0];
	sb[k].id[1] = new_sb.id[1];
	sb[k].seq = new_sb.seq;
	sb[k].mac = new_sb.mac;
	sb[k].salt = new_sb.salt;
#ifdef NONCE_FROM_SUPERBLOCK
	sb[k].counter = new_sb.counter;
#endif
#ifdef ADVERSARY
	sb[k].sure[0] = new_sb.sure[0];
	sb[k].sure[1] = new_sb.sure[1];
#endif
	sb[k].base = new_sb.base
}

inline clear_superblock(x)
{
	x.n = 0;
	x.slot = 0;
	x.id[0] = 0;
	x.id[1] = 0;
	x.seq = 0;
	x.mac = 0;
	x.salt = 0;
#ifdef NONCE_FROM_SUPERBLOCK
	x.counter = 0;
#endif
#ifdef ADVERSARY
	x.sure[0] = 0;
	x.sure[1] = 0;
#endif
	x.base = 0
}

inline ck_commit()
{
#ifndef SUPERBLOCK_WITHOUT_FUA
	make_superblock_durable();
	clear_superblock(new_sb);
#endif
	current++;
	tail = ck_seq + 1;
	stable = MAX(stable, ck_flushed);
	ck_seq = 0;
	ck_mac = 0;
	ck_flushed = 0;
#ifdef ADVERSARY
	ck_sure[0] = 0;
	ck_sure[1] = 0;
#endif
	if
	:: opening ->
		/* What recovery has chosen stays: before, another crash may leave less. */
		opening = false;
		kept[0] = leaf[0];
		kept[1] = leaf[1];
		dead[0] = ids;
		dead[1] = ids
	:: else -> skip
	fi;
	ck = IDLE
}

/* ---- a crash: what becomes of each block ---- */

inline crash_data(i)
{
	if
	:: true
	:: cached[i] & BIT(1) -> disk[i] = 1
	:: cached[i] & BIT(2) -> disk[i] = 2
	:: cached[i] & BIT(3) -> disk[i] = 3
	:: cached[i] & BIT(4) -> disk[i] = 4
	:: cached[i] & BIT(5) -> disk[i] = 5
	:: cached[i] & BIT(6) -> disk[i] = 6
	:: DATA_FLIES(i) -> disk[i] = op_id[i]
	:: (DATA_FLIES(i) && FRESH(i)) || (cached[i] & fresh) -> disk[i] = 0
	fi;
	cached[i] = 0
}

inline crash_record(i)
{
	if
	:: true
	:: record_state[i] -> d_step { copy_record(ring[i], new_record[i]) }
	:: record_state[i] -> d_step { clear_record(ring[i]) }
	fi;
	d_step {
		clear_record(new_record[i]);
		record_state[i] = 0
	}
}

inline crash_slot(i)
{
	if
	:: true
	:: slot_state[i] ->
		slot[i].id[0] = new_slot[i].id[0];
		slot[i].id[1] = new_slot[i].id[1]
	:: slot_state[i] ->
		slot[i].id[0] = TORN
	fi;
	new_slot[i].id[0] = 0;
	new_slot[i].id[1] = 0;
	slot_state[i] = 0
}

inline crash_superblock()
{
	if
	:: true
	:: UNDER_WAY -> d_step { make_superblock_durable() }
	:: UNDER_WAY -> d_step { clear_superblock(sb[COPY(new_sb.n)]) }
	fi;
	d_step { clear_superblock(new_sb) }
}

/* Memory is gone. */
inline forget()
{
	for (s : 0 .. 1) {
		op_state[s] = 0;
		op_kind[s] = 0;
		op_id[s] = 0;
		op_seq[s] = 0;
		op_data[s] = 0;
		flush_data.on[s] = 0;
		flush_leaf[s] = 0;
#ifdef ADVERSARY
		ck_sure[s] = 0;
#endif
		ck_data.on[s] = 0
	}
#ifdef RELEASED_BEFORE_INSTALL
	late[0] = 0;
	late[1] = 0;
#endif
	flushing = 0;
	flush_seq = 0;
	ck = IDLE;
	ck_seq = 0;
	ck_mac = 0;
	ck_flushed = 0
}

/* The host is gone, but the array has power: its cache is still there. */
inline crash_issued(i)
{
	if
	:: true
	:: DATA_FLIES(i) && op_data[i] != CACHED -> cached[i] = cached[i] | BIT(op_id[i])
	fi
}

inline crash()
{
	crashes++;
#ifdef ADVERSARY
	receive_data(0);
	receive_data(1);
#endif
	if
	:: crash_data(0);
	   crash_data(1);
	   fresh = 0
	:: crash_issued(0);
	   crash_issued(1)
	fi;
	crash_record(0);
	crash_record(1);
#if RING == 3
	crash_record(2);
#endif
	crash_slot(0);
	crash_slot(1);
	crash_superblock()
}

/* ---- recovery ---- */

#define NODE_IS(i, what) (slot[i].id[0] == what[0] && slot[i].id[1] == what[1])

inline load_superblock()
{
	k = (sb[0].n > sb[1].n -> 0 : 1);
	assert(sb[k].n > 0);	/* G4 */
	current = sb[k].n;
	ck_slot = sb[k].slot;
	ck_id[0] = sb[k].id[0];
	ck_id[1] = sb[k].id[1];
	/* The superblock's leaf is there. (An array that hides a superblock has kept the older leaf.) */
	assert(evil || ck_slot == NONE || NODE_IS(ck_slot, ck_id));	/* G4 */
	leaf[0] = ck_id[0];
	leaf[1] = ck_id[1];
	dirty = false
}

/* A record that a recovery left behind: its activation tells, and so does the chain. */
#ifdef RECORDS_OF_ANY_PAST
#define BELONGS(i)	true
#else
#define BELONGS(i)	(ring[i].salt == sb[k].salt && ring[i].prev == end_mac)
#endif

/* Where does the journal end, and what does it say was flushed? k is the superblock. */
inline walk()
{
	q = sb[k].seq;
	end_stable = q - 1;
	end_mac = sb[k].mac;
	do
	:: q - sb[k].seq < RING && ring[q % RING].seq == q && BELONGS(q % RING) ->
		end_stable = MAX(end_stable, ring[q % RING].stable);
		end_mac = ring[q % RING].id;
		q++
	:: else -> break
	od
}

#ifdef RECOVERY_IGNORES_STABLE
#define SETTLED(i)	false
#else
#define SETTLED(i)	(ring[i].seq <= end_stable)
#endif
#ifdef RECOVERY_IGNORES_NEWER_TREE
#define NEWER(n, i)	false
#else
#define NEWER(n, i)	(n > sb[k].base && n >= ring[i].id)
#endif
#define IS_RUN(i)	(erases & BIT(ring[i].id))
#ifdef RECOVERY_FORGETS_RUNS
#define FORGOTTEN(i)	IS_RUN(i)
#else
#define FORGOTTEN(i)	false
#endif

/* Settled entries and runs go into the leaf; later entries leave the sector open. */
inline apply(i)
{
	is_open = false;
	fit = NONCE(ck_id[i]);
#ifdef ADVERSARY
	/* An erase that the tree has, but none of the records shown, tells nobody when it was. */
	vouched = (fit -> fit : sb[k].sure[i]);
#endif
	for (m : sb[k].seq .. q - 1) {
		if
		:: ring[m % RING].sector == i ->
			if
			:: ring[m % RING].seq <= end_stable && ring[m % RING].id > vouched ->
				vouched = ring[m % RING].id
			:: else -> skip
			fi;
			if
			:: NEWER(fit, m % RING) -> skip
			:: else ->
				is_open = !IS_RUN(m % RING) && !SETTLED(m % RING);
				if
				:: !is_open && !FORGOTTEN(m % RING) ->
					leaf[i] = ring[m % RING].id;
					dirty = true
				:: else -> skip
				fi
			fi
		:: else -> skip
		fi
	}
}

#ifdef RECOVERY_BELIEVES_THE_NEWEST
#define FITS(id, i)	true
#else
#define FITS(n, i)	(READS(i) == n)
#endif

/* The newest entry that fits; else what was settled must. */
inline resolve(i)
{
	lost = false;
	fit = 0;
#ifdef RECOVERY_TAKES_THE_OLDEST
	m = sb[k].seq;
#define MORE		(m < q)
#define HERE		(m % RING)
#define NEXT		m++
#else
	m = q;
#define MORE		(m > sb[k].seq)
#define HERE		((m - 1) % RING)
#define NEXT		m--
#endif
	do
	:: is_open && MORE ->
		if
		:: ring[HERE].sector != i || NEWER(NONCE(leaf[i]), HERE) -> NEXT
		:: else ->
			if
			:: IS_RUN(HERE) || SETTLED(HERE) -> break
			:: else ->
				if
				:: FITS(ring[HERE].id, i) ->
					fit = ring[HERE].id;
					break
				:: else -> NEXT
				fi
			fi
		fi
	:: else -> break
	od;
	if
	:: fit ->
		leaf[i] = fit;
		dirty = true
	:: !fit && is_open && NONCE(leaf[i]) && !FITS(leaf[i], i) -> lost = true
	:: else -> skip
	fi;
	check(i)
}

inline check(i)
{
	if
	:: evil ->
		/* Reads fail, or the sector holds what superblock and journal vouch for, or newer. */
		assert(lost || (NONCE(leaf[i]) && disk[i] != leaf[i]) || leaf[i] >= vouched)	/* G2 */
	:: else ->
		/* Readable; the last flushed value or a later one; what was undone stays undone. */
		assert(!lost && (NONCE(leaf[i]) == 0 || READS(i) == leaf[i]));	/* G4 */
		assert(leaf[i] == kept[i] || (leaf[i] > kept[i] && leaf[i] > dead[i]))	/* G4 */
	fi
}

inline recover()
{
	load_superblock();
	walk();
	apply(0);
	resolve(0);
	apply(1);
	resolve(1);
	next_seq = q;
	tail = sb[k].seq;
	stable = end_stable;
	mac = end_mac;
#if defined NONCE_RESTARTED
	counter = 0;
	salt = sb[k].salt;
#elif defined NONCE_FROM_SUPERBLOCK
	counter = sb[k].counter;
	salt = sb[k].salt;
#else
	counter = 0;
	used = 0;
	salt = crashes + 1;
#endif
	base = ids;
	opening = true;
	k = 0;
	m = 0;
	s = 0;
	q = 0
}

/* ---- the array ---- */

#ifdef ADVERSARY
inline old_data(i)
{
	if
	:: ever[i] & BIT(1) -> disk[i] = 1
	:: ever[i] & BIT(2) -> disk[i] = 2
	:: ever[i] & BIT(3) -> disk[i] = 3
	:: ever[i] & BIT(4) -> disk[i] = 4
	:: ever[i] & BIT(5) -> disk[i] = 5
	:: ever[i] & BIT(6) -> disk[i] = 6
	:: true -> disk[i] = 0
	fi
}

inline receive_data(i)
{
	if
	:: DATA_FLIES(i) -> ever[i] = ever[i] | BIT(op_id[i])
	:: else -> skip
	fi
}

inline receive_record(i)
{
	if
	:: record_state[i] -> copy_record(ring[i], new_record[i])
	:: else -> skip
	fi
}

/*
 * The array has received everything and kept it. It pretends a crash: hides the newest superblock or
 * not, hides a record and so all behind it or not, and shows any version of a sector. (One sector
 * will do: none has a say in what becomes of another. Other contents of a node would not fit its
 * seal.)
 */
inline adversary()
{
	evil = true;
	d_step {
		cached[0] = 0;
		cached[1] = 0;
		receive_data(0);
		receive_data(1);
		receive_record(0);
		receive_record(1);
#if RING == 3
		receive_record(2)
#endif
	};
	if
	:: old_data(0)
	:: old_data(1)
	fi;
	if
	:: true
	:: sb[0].n && sb[1].n -> d_step { k = (sb[0].n > sb[1].n -> 0 : 1); clear_superblock(sb[k]) }
	:: UNDER_WAY -> d_step { make_superblock_durable() }
	fi;
	if
	:: true
	:: ring[0].seq -> d_step { clear_record(ring[0]) }
	:: ring[1].seq -> d_step { clear_record(ring[1]) }
#if RING == 3
	:: ring[2].seq -> d_step { clear_record(ring[2]) }
#endif
	fi
}
#endif

/* ---- all together ---- */

#define CLEAN		(!dirty && !opening && next_seq == tail)
#define MAY_BEGIN(i)	(op_state[i] == 0 && !opening && ids < IDS)
#define IN_FLIGHT(i)	(record_state[i] == FLYING)

init {
	d_step {
		/* format: two superblocks, nothing else */
		sb[0].n = 2;
		sb[0].slot = NONE;
		sb[0].seq = 1;
		sb[0].salt = 1;
		sb[1].n = 1;
		sb[1].slot = NONE;
		sb[1].seq = 1;
		sb[1].salt = 1;
		current = 2
	}
	do
	:: d_step { MAY_BEGIN(0) -> begin(0, WRITE) }
	:: d_step { MAY_BEGIN(1) -> begin(1, WRITE) }
	:: d_step { MAY_BEGIN(0) -> begin(0, WRITE_FUA) }
	:: d_step { MAY_BEGIN(0) && NONCE(leaf[0]) -> begin(0, ERASE) }
	:: d_step { MAY_BEGIN(1) && NONCE(leaf[1]) -> begin(1, DISCARD) }
	:: d_step { op_state[0] == SEALED && next_seq - tail < RING -> journal(0) }
	:: d_step { op_state[1] == SEALED && next_seq - tail < RING -> journal(1) }
	:: d_step { IN_FLIGHT(0) -> record_done(0) }
	:: d_step { IN_FLIGHT(1) -> record_done(1) }
#if RING == 3
	:: d_step { IN_FLIGHT(2) -> record_done(2) }
#endif
	:: d_step { DATA_FLIES(0) && op_data[0] != CACHED -> data_done(0) }
	:: d_step { DATA_FLIES(1) && op_data[1] != CACHED -> data_done(1) }
	:: d_step { DATA_FLIES(1) && op_data[1] != CACHED && op_kind[1] == DISCARD ->
			discard_ignored(1) }
#ifdef RELEASED_BEFORE_INSTALL
	:: d_step { late[0] -> install_late(0) }
	:: d_step { late[1] -> install_late(1) }
#endif
	:: d_step { !flushing && !opening -> flush_issue() }
	:: d_step { flushing -> flush_done() }
	:: d_step { ck == IDLE && !CLEAN -> ck_start() }
#ifdef CHECKPOINT_WITHOUT_DRAIN
	:: d_step { ck == DRAIN -> ck_nodes() }
#else
	:: d_step { ck == DRAIN && finished() >= ck_seq -> ck_nodes() }
#endif
	:: d_step { ck == NODES -> ck_node_done() }
	:: d_step { ck == FLUSH -> ck_flush_done() }
	:: d_step { ck == SUPERBLOCK -> ck_commit() }
	:: atomic { crashes < CRASHES -> crash(); d_step { forget(); recover() } }
#ifdef ADVERSARY
	:: atomic { adversary(); d_step { forget(); recover() }; break }
#endif
	od
}
