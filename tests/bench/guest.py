# SPDX-License-Identifier: GPL-2.0-or-later
"""In the guest: runs every workload on every stack, and writes down what fio and the kernel say.

usage: guest.py count|bytes|flushes|memory|wall [--stacks A,B] [--workloads A,B] [--rounds 0,1]

Of the rounds, those with an odd number go through the stacks in the other order.

count    on RAM disks; after each run the plugin is told to write down its counts (mark.c)
bytes    on RAM disks behind a dm-linear, whose counters tell what reached the disk
flushes  on /dev/vda, whose counters tell that: a RAM disk has no cache to be flushed
memory   what an open stack takes, idle and under load
wall     on RAM disks, by the clock: meaningful as ratios within one run at most
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time

import stacks
import workloads
from stacks import run

HOST = "/run/host"
RAM_MIB = 1024
TOUCHED_MIB = 128       # of each RAM disk beforehand: a page's first use is not the stack's cost


def fio_command(w, device, long=True, seed=7, count=None, before=None):
    at, size = workloads.area(w, long)
    count = w.long if count is None else count
    return ["fio", "--name=bench", "--filename=" + device, "--direct=1", "--ioengine=psync",
            f"--offset={at}", f"--size={size}", *([f"--number_ios={count}"] if count else []),
            f"--randseed={seed}", "--randrepeat=1", "--norandommap=0", "--clat_percentiles=1",
            "--percentile_list=50:99:99.9", "--output-format=json",
            *([f"--exec_prerun={before}"] if before else []), *w.options]


def fio(*args, **kw):
    out = run(*fio_command(*args, **kw), cwd="/tmp")
    return json.loads(out[out.index("{"):])["jobs"][0]


def latency(job):
    """of reads, writes and fsyncs, in ns (which are instructions where those are the clock)"""
    found = {}
    for way, what in (("read", "clat_ns"), ("write", "clat_ns"), ("sync", "lat_ns")):
        if job[way]["total_ios"]:
            c = job[way][what]
            found[way] = {"mean": c["mean"], "max": c["max"],
                          **{"p" + p.rstrip("0").rstrip("."): v for p, v in c.get("percentile", {}).items()}}
    return found


def both(job, what):
    return job["read"][what] + job["write"][what]


def stat(disk):
    rdev = os.stat(disk).st_rdev
    f = open(f"/sys/dev/block/{os.major(rdev)}:{os.minor(rdev)}/stat").read().split()
    return {"read": int(f[2]) * 512, "written": int(f[6]) * 512, "writes": int(f[4]), "flushes": int(f[15])}


def load_ram(number):
    run("modprobe", "brd", f"rd_nr={number}", f"rd_size={RAM_MIB * 1024}")


def touch(disk):
    run("dd", "if=/dev/zero", "of=" + disk, "bs=1M", f"count={TOUCHED_MIB}", "conv=notrunc", "oflag=direct")


def memory_used():
    """KiB: all that is neither free (each processor has a list of its own, too) nor a cache of files"""
    m = {k: int(v) for k, v in re.findall(r"^(\S+): +(\d+)", open("/proc/meminfo").read(), re.M)}
    listed = 4 * sum(int(n) for n in re.findall(r"^ +count: (\d+)", open("/proc/zoneinfo").read(), re.M))
    return m["MemTotal"] - m["MemFree"] - listed - m["Buffers"] - m["Cached"] - m["SReclaimable"]


def settled_memory():
    run("sync")
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("3")
    time.sleep(0.5)
    return memory_used()


class Bench:
    def __init__(self, args):
        self.args = args
        self.rows = []
        self.marks = 0
        self.chosen = [c for c in stacks.ALL if self.wanted(c)]
        self.total = sum(len(self.works(c)) for c in self.chosen) * len(args.rounds)

    def wanted(self, cls):
        if self.args.stacks:
            return cls.name in self.args.stacks
        return {"count": True, "wall": cls.wide != "only"}.get(self.args.what, cls.wide == "too")

    def works(self, cls):
        """the workloads chosen, and those that must have written before"""
        every = workloads.PHASES[self.args.what]
        fits = {"no": lambda w: "wide" not in w.flags, "too": lambda w: True, "only": lambda w: "wide" in w.flags}
        chosen = [w for w in every if (not self.args.workloads or w.name in self.args.workloads) and fits[cls.wide](w)]
        before = {"4k-first-wide" if "wide" in w.flags else "64k-first" for w in chosen}
        return [w for w in every if w in chosen or w.name in before]

    def mark(self):
        run(HOST + "/mark")
        self.marks += 1
        return self.marks - 1

    def count(self, stack, w, device, repeat):
        if "once" in w.flags:
            job = fio(w, device)
            self.settle(stack)
            return {"latency": latency(job)}
        row = {"marks": [], "ios": []}
        for n in (w.short, w.long):
            if "cold" in w.flags:
                stack.close()
                device = stack.open()
                stacks.settle()
            # what "wide" workloads read was written by a long run with the same seed
            seed = 1007 + repeat if "first" in w.flags and n == w.short else 7 + repeat
            # fio's start is not of interest, and the least alike from run to run; but one job marks its end itself
            alone = not any(o.startswith("--numjobs") for o in w.options)
            self.mark()
            job = fio(w, device, n == w.long, seed, n, HOST + "/mark" if alone else None)
            self.marks += alone
            self.settle(stack)
            row["marks"].append(self.mark())
            row["ios"].append(both(job, "total_ios"))
        row["latency"] = latency(job)
        return row

    def settle(self, stack):
        stack.commit()
        run("sync")

    def bytes(self, stack, w, device, repeat):
        self.settle(stack)
        if "cold" in w.flags:
            stack.close()
            device = stack.open()
        before = stat(stack.disk)
        job = fio(w, device, seed=7 + repeat)
        self.settle(stack)
        after = stat(stack.disk)
        user = {way: job[way]["io_bytes"] for way in ("read", "write")}
        return {"user": user, "ios": both(job, "total_ios"), "backend": {k: after[k] - before[k] for k in after}}

    flushes = bytes

    def memory(self, stack, w, device, repeat):
        """KiB more than when closed, three times; under load without what fio takes for itself, seen on a
        bare disk"""
        row = {"idle": [], "load": []}
        fio(w, "/dev/ram1")                         # nothing is used for the first time after these two
        fio(w, device)
        for _ in range(3):
            stack.close()
            closed = settled_memory()
            fio_takes = self.most_while(fio_command(w, "/dev/ram1")) - closed
            closed = settled_memory()
            stack.open()
            idle = settled_memory()
            row["idle"].append(idle - closed)
            row["load"].append(self.most_while(fio_command(w, device)) - closed - fio_takes)
        return {k: sorted(v)[1] for k, v in row.items()}

    @staticmethod
    def most_while(command):
        most = 0
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as p:
            while p.poll() is None:
                most = max(most, memory_used())
                time.sleep(0.02)
        return most

    def wall(self, stack, w, device, repeat):
        job = fio(w, device, seed=7 + repeat)
        return {"iops": both(job, "iops"), "latency": latency(job)}

    def stack(self, cls, disk, repeat):
        stack = cls()
        stack.format(disk)
        device = stack.open()
        stacks.settle()
        if self.args.what in ("wall", "memory"):
            run("dd", "if=/dev/zero", "of=" + device, "bs=1M", "count=56", "conv=notrunc", "oflag=direct")
        for w in self.works(cls):
            row = getattr(self, self.args.what)(stack, w, device, repeat)
            self.rows.append({"stack": stack.name, "workload": w.name, "repeat": repeat, **row})
            print(f"# {self.args.what} {len(self.rows)}/{self.total}: {stack.title}, {w.title}", flush=True)
        stack.close()

    def all(self):
        order = [(r, cls) for r in self.args.rounds for cls in (self.chosen[::-1] if r % 2 else self.chosen)]
        if self.args.what == "flushes":
            for repeat, cls in order:
                run("blkdiscard", "/dev/vda")
                self.stack(cls, "/dev/vda", repeat)
        elif self.args.what == "count":     # modules must not move then, or the counts would be of others
            load_ram(len(order))
            run(*fio_command(workloads.COUNT[0], "/dev/ram0", count=1))     # fio into memory: reading it costs, too
            for number, (repeat, cls) in enumerate(order):
                touch(f"/dev/ram{number}")
                self.stack(cls, f"/dev/ram{number}", repeat)
        else:
            for repeat, cls in order:       # a RAM disk gives its pages back only like this
                load_ram(2)
                touch("/dev/ram0")
                touch("/dev/ram1")
                if self.args.what == "bytes":
                    disk = stacks.create("below", f"0 {stacks.sectors_of('/dev/ram0')} linear /dev/ram0 0")
                    self.stack(cls, disk, repeat)
                    run("dmsetup", "remove", "--retry", "below")
                else:
                    self.stack(cls, "/dev/ram0", repeat)
                run("modprobe", "-r", "brd")

    def write(self):
        for name in ("modules", "kallsyms"):
            with open("/proc/" + name) as f, open(f"{HOST}/{name}", "w") as to:
                to.write(f.read())
        cpu = dict(re.findall(r"^(model name|flags)\s*: (.*)$", open("/proc/cpuinfo").read(), re.M))
        drivers = re.findall(r"^driver +: (\S*(?:gcm|xts)\S*)$", open("/proc/crypto").read(), re.M)
        with open(f"{HOST}/{self.args.what}.json", "w") as f:
            json.dump({"kernel": os.uname().release, "fio": run("fio", "--version").strip(),
                       "cpu": {"model": cpu["model name"], "flags": cpu["flags"].split()}, "crypto": sorted(set(drivers)),
                       "rows": self.rows}, f)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=list(workloads.PHASES))
    words = lambda s: s.split(",")                                  # noqa: E731
    parser.add_argument("--stacks", type=words)
    parser.add_argument("--workloads", type=words)
    parser.add_argument("--rounds", type=lambda s: [int(n) for n in s.split(",")], default=[0])
    bench = Bench(parser.parse_args())
    bench.all()
    bench.write()


try:
    main()
except subprocess.CalledProcessError as e:
    sys.exit(f"{' '.join(e.cmd)}: {e.stdout}{e.stderr}")
