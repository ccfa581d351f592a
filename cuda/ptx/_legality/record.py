#!/usr/bin/env python3
"""Asks a real ptxas about the probes of families.py and writes its verdicts, for TestLegality.

    record.py --ptxas PATH --out verdicts.json.gz [--families float,mov] [--max-rows N] [--seed N] [--until 8.0]

The file is the JSON of RAPT_PTX_LEGALITY: {"ptxas", "profiles", "prologue", "families": {name: {"rows": [[instruction, letters]]}}}, one
letter for each profile: 1 accepted, v needs a later .version, t another .target, b both, x illegal, s syntax error. Of
the families in ASSEMBLED, instructions that ptxas parses are assembled as well, because some are refused only there.
"""
import argparse
import gzip
import json
import random
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

from families import FAMILIES
from probes import EPILOGUE, PROLOGUE, B128, Line, rows

PROFILES = [("6.0", "sm_70"), ("6.3", "sm_75"), ("6.5", "sm_75"), ("7.0", "sm_75"), ("7.0", "sm_80"), ("7.1", "sm_86"), ("7.4", "sm_80"), ("7.8", "sm_89"),
            ("7.8", "sm_90"), ("8.0", "sm_90a"), ("8.1", "sm_89"), ("8.3", "sm_90"), ("8.6", "sm_90"), ("8.6", "sm_100a"), ("8.8", "sm_80"), ("8.8", "sm_90"), ("8.8", "sm_100"),
            ("8.8", "sm_120a")]
ASSEMBLED = ("mma", "wmma")  # families of which the assembler proper refuses what the parser let pass
STOP = re.compile(r"syntax error|ptxas crashed|Result discard mode is not allowed|^fatal")
LINE = re.compile(r"ptxas [^,;]*, line (\d+); (error|fatal|warning)\s*: (.*)")


class Assembler:
    def __init__(self, path):
        self.path = path

    def messages(self, instructions, profile, codegen=False):
        """The complaints about each instruction. A syntax error ends ptxas's reading, so the rest is read again without it."""
        version, target = profile
        out = [[] for _ in instructions]
        todo = list(range(len(instructions)))
        head = f".version {version}\n.target {target}\n.address_size 64\n" + PROLOGUE
        first = head.count("\n") + 1
        while todo:
            with tempfile.NamedTemporaryFile("w", suffix=".ptx") as f:
                f.write(head + "".join("{ " + (B128 if "%q" in instructions[i] else "") + instructions[i] + " }\n" for i in todo) + EPILOGUE)
                f.flush()
                arch = target if codegen else target.replace("sm_", "compute_")
                r = subprocess.run([self.path, "-arch=" + arch, f.name, "-o", "/dev/null"], capture_output=True, text=True, errors="replace")
            if r.returncode < 0:  # a crash, and nothing said about what follows
                self.bisect(instructions, todo, profile, codegen, out, ["ptxas crashed"])
                return out
            stop, loose = None, []
            for text in r.stderr.splitlines():
                m = LINE.match(text)
                if not m:
                    if "aborted" not in text and "warning" not in text:
                        loose.append(text)
                    continue
                n = int(m[1]) - first
                if m[2] == "warning" or not 0 <= n < len(todo):
                    continue
                out[todo[n]].append(("fatal " if m[2] == "fatal" else "") + m[3])
                if m[2] == "fatal" or "syntax error" in m[3]:
                    stop = n
            if stop is None:
                if loose and r.returncode and not any(out[i] for i in todo):
                    self.bisect(instructions, todo, profile, codegen, out, loose)
                return out
            todo = todo[stop + 1:]
        return out

    def chunked(self, instructions, profile, codegen=False):
        out = []
        for i in range(0, len(instructions), 500):
            out += self.messages(instructions[i:i + 500], profile, codegen)
        return out

    def bisect(self, instructions, todo, profile, codegen, out, loose):
        """Finds the instruction behind a complaint that names no line."""
        if len(todo) == 1:
            out[todo[0]] = out[todo[0]] + [loose[0]]
            return
        half = len(todo) // 2
        for part in (todo[:half], todo[half:]):
            for i, m in zip(part, self.messages([instructions[i] for i in part], profile, codegen)):
                out[i] = m


def letter(messages):
    if not messages:
        return "1"
    text = " ".join(messages)
    if "syntax error" in text or "Not a name of any known instruction" in text:
        return "s"
    needs = lambda m: re.search(r"requires? (PTX ISA )?\.version|requires PTX ISA|requires? \.target|not supported on \.target|requires .*sm_", m)
    if all(needs(m) for m in messages):
        v = any(".version" in m or "PTX ISA" in m for m in messages)
        t = any(".target" in m or "sm_" in m for m in messages)
        return "b" if v and t else "v" if v else "t"
    return "x"


def verdicts(asm, instructions, codegen, profiles, latest):
    # What ends ptxas's reading does so in every version: asked once, because each costs a new start.
    said = asm.chunked(instructions, latest)
    stops = [("s" if letter(m) == "s" else "x") if any(STOP.search(t) for t in m) else "" for m in said]
    rest = [i for i, s in enumerate(stops) if not s]

    def one(profile):
        got = list(stops)
        for i, m in zip(rest, asm.chunked([instructions[i] for i in rest], profile)):
            got[i] = letter(m)
        if codegen:
            ok = [i for i, g in enumerate(got) if g == "1"]
            for i, m in zip(ok, asm.chunked([instructions[i] for i in ok], profile, codegen=True)):
                if m and "32-Bit" not in m[0] and "32-bit" not in m[0]:  # .u32 addresses are legal PTX that this ptxas no longer assembles
                    got[i] = letter(m)
        return got
    with ThreadPoolExecutor(2) as pool:
        return list(map("".join, zip(*pool.map(one, profiles))))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--ptxas", required=True)
    a.add_argument("--out", required=True)
    a.add_argument("--families", default="")
    a.add_argument("--max-rows", type=int, default=0, help="of a family, drawn by chance")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--until", default="8.8", help="the newest .version that this ptxas reads")
    a = a.parse_args()
    asm = Assembler(a.ptxas)
    number = lambda v: tuple(map(int, v.split(".")))
    profiles = [p for p in PROFILES if number(p[0]) <= number(a.until)]
    latest = (a.until, "sm_90a")
    likely = lambda texts: [not m for m in asm.chunked(texts, latest)]
    version = subprocess.run([a.ptxas, "--version"], capture_output=True, text=True).stdout.split("\n")
    out = {"ptxas": next((v for v in version if v.startswith("Cuda")), ""), "profiles": profiles, "prologue": PROLOGUE, "families": {}}
    for name, text in FAMILIES.items():
        if a.families and name not in a.families.split(","):
            continue
        rng = random.Random(f"{a.seed}{name}")
        all_rows = []
        for line in text.strip().split("\n"):
            all_rows += rows(Line(line), rng, likely)
        all_rows = list(dict.fromkeys(all_rows))
        if a.max_rows and len(all_rows) > a.max_rows:
            all_rows = sorted(rng.sample(all_rows, a.max_rows), key=all_rows.index)
        got = verdicts(asm, all_rows, name in ASSEMBLED, profiles, latest)
        out["families"][name] = {"rows": [[(B128 + " " if "%q" in r else "") + r, v] for r, v in zip(all_rows, got)]}
        print(name, len(all_rows), "probes,", sum("1" in v for v in got), "accepted somewhere", flush=True)
    opener = gzip.open if a.out.endswith(".gz") else open
    with opener(a.out, "wt") as f:
        json.dump(out, f, separators=(",", ":"))


if __name__ == "__main__":
    main()
