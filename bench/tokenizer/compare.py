"""Times Rapt's tokenizer beside the library "tokenizers", on one core, in turns, and prints a table.

    pip install tokenizers && python compare.py FOLDER [ROUNDS]

FOLDER holds a tokenizer.json of the WordPiece kind. Each round runs the Go benchmark (built once from model/tokenizer) and then the library
on the same texts; the table has the medians of the rounds. Pin the process to one core (taskset -c 0) for steadier numbers.
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.update(TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1", GOMAXPROCS="1")
import tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.join(HERE, "..", "..", "model", "tokenizer")
# As benchLengths in model/tokenizer/bench_test.go: the number of sentences that make so many tokens.
TEXTS = {("english", 128): 6, ("english", 384): 18, ("mixed", 128): 3, ("mixed", 384): 9}
SECONDS = 0.5  # for each measurement


def texts(name, sentences):
    with open(os.path.join(HERE, name + ".txt"), encoding="utf8") as f:
        lines = f.read().strip().split("\n")
    return [" ".join(lines[(i + k) % len(lines)] for k in range(sentences)) for i in range(len(lines))]


def rapt(binary, folder):
    """Microseconds a text of Encode, which gives ids, types, words and offsets."""
    env = {**os.environ, "RAPT_TOKENIZER": os.path.abspath(folder)}
    out = subprocess.run([binary, "-test.run", "^$", "-test.bench", "^BenchmarkEncode$", "-test.benchtime", f"{SECONDS}s"],
                         cwd=PACKAGE, env=env, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"text=(\w+)/tokens=(\d+)\S*\s+\d+\s+([\d.]+) ns/op", out)
    return {(name, int(tokens)): float(ns) / 1000 for name, tokens, ns in found}


def timed(f, count):
    """Microseconds a text of f, which does count texts."""
    f()
    start, n = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        f()
        n += 1
    return (time.perf_counter() - start) / n / count * 1e6


def library(tok, inputs):
    """The library in three ways: text by text, as one batch on one thread, and as a batch without offsets and words."""
    return (timed(lambda: [tok.encode(s).ids for s in inputs], len(inputs)),
            timed(lambda: tok.encode_batch(inputs), len(inputs)),
            timed(lambda: tok.encode_batch_fast(inputs), len(inputs)))


def main():
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    tok = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tok.no_truncation()
    tok.no_padding()
    inputs = {key: texts(key[0], n) for key, n in TEXTS.items()}
    ours, theirs = {k: [] for k in TEXTS}, {k: [] for k in TEXTS}
    with tempfile.TemporaryDirectory() as d:
        binary = os.path.join(d, "tokenizer.test")
        subprocess.run(["go", "test", "-c", "-o", binary, "."], cwd=PACKAGE, check=True)
        for _ in range(rounds):
            for key, us in rapt(binary, folder).items():
                ours[key].append(us)
            for key in TEXTS:
                theirs[key].append(library(tok, inputs[key]))
    print(f"tokenizers {tokenizers.__version__}, {tok.get_vocab_size()} words, median of {rounds} rounds, microseconds a text\n")
    print("| text | tokens | rapt | encode | ratio | encode_batch | ratio | encode_batch_fast | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for key in TEXTS:
        tokens = statistics.mean(len(e.ids) for e in tok.encode_batch(inputs[key]))
        us = statistics.median(ours[key])
        cells = []
        for way in range(3):
            m = statistics.median(r[way] for r in theirs[key])
            cells += [f"{m:.0f}", f"{m / us:.1f}×"]
        print(f"| {key[0]} | {tokens:.0f} | {us:.1f} | " + " | ".join(cells) + " |")


main()
