"""Compares `rapt embed` with sentence-transformers on a published model, and both with float64.

    pip install sentence-transformers
    go build -o rapt ./cmd/rapt
    python compare.py FOLDER RAPT [ROUNDS]

FOLDER has modules.json; RAPT is the command's path. Exit status 1 if any component of any vector differs by more than LIMIT, or if a
text's order or width does; 0 otherwise. Speed is information: one thread each, CPU time, median of ROUNDS (3), in turns.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.update(TOKENIZERS_PARALLELISM="false", OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import numpy as np
import sentence_transformers
import torch
import transformers

transformers.utils.logging.disable_progress_bar()
LIMIT = 2e-6  # of a component of a vector of unit length
REPEAT = 3  # of the texts, to time

TEXTS = [
    "The ferry leaves at seven.",
    "Rain",
    "a",
    " ",  # no token of its own
    "Who repaired the clock in the market hall?",
    "The clock in the market hall was repaired by a retired watchmaker from the next valley, who asked for nothing but soup.",
    "Die Fähre fährt um sieben Uhr ab.",
    "Le bac part à sept heures, s'il n'y a pas trop de vent.",
    "El transbordador sale a las siete, salvo los días de niebla.",
    "Паром отходит в семь часов.",
    "フェリーは七時に出発します。",
    "渡轮七点出发。",
    "العبارة تغادر في الساعة السابعة.",
    "Naïve café-goers paid 3,50 € (≈ $4.10) — “too much”, they said…",
    "for i := range rows { sum += rows[i] * weights[i] }  // see https://example.org/dot?n=3",
    "🛶 + 🌧️ = 😐",
    "unaffordability antidisestablishmentarianism Donaudampfschifffahrtsgesellschaft xqzjkvw",
    "[CLS] special [MASK] words [SEP] in the text",
    # About the longest that is read whole, and one that is cut: 256 tokens are the limit.
    " ".join(f"On day {n} the keeper lit the lamp, swept the stair and wrote down the weather." for n in range(1, 13)),
    " ".join(f"In chapter {n} somebody loses a key, and somebody else finds it in the wrong coat." for n in range(1, 81)),
]


def rapt(command, folder, texts):
    """The vectors of texts, and the seconds of CPU time that the whole command took."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf8") as f:
        f.writelines(json.dumps({"text": t}) + "\n" for t in texts)
        f.flush()
        start = children()
        out = subprocess.run([command, "embed", "--model", folder, "--backend", "cpu", "--precision", "f32", "--threads", "1", "--quiet", "--jsonl",
                              "--file", f.name, "--json"], check=True, stdout=subprocess.PIPE, text=True, encoding="utf8").stdout
        seconds = children() - start
    rows = [json.loads(line) for line in out.splitlines()]
    if [r["text"] for r in rows] != texts:
        sys.exit("rapt: the results are not the texts in their order")
    return np.array([r["embedding"] for r in rows], dtype=np.float64), seconds


def children():
    """CPU seconds of the commands run so far."""
    t = os.times()
    return t.children_user + t.children_system


def library(folder, dtype):
    """The model as sentence-transformers loads it, computing in dtype."""
    return sentence_transformers.SentenceTransformer(folder, device="cpu", local_files_only=True, model_kwargs={"dtype": dtype}).to(dtype)


def vectors(model, texts):
    return model.encode(texts, convert_to_tensor=True, show_progress_bar=False).double().numpy()


def differences(name, got, want):
    """Prints how far got is from want, and returns the largest difference of a component."""
    d = np.abs(got - want)
    print(f"{name:34} max {d.max():.2e}  rms {np.sqrt((d * d).mean()):.2e}  worst: text {d.max(axis=1).argmax()}")
    return d.max()


def speeds(command, folder, model, rounds):
    """Texts a second of CPU time, of rapt and of the library. A run of one text takes the command's start and the loading of the model off."""
    many, ours, theirs = TEXTS * REPEAT, [], []
    for _ in range(rounds):
        ours.append((len(many) - 1) / (rapt(command, folder, many)[1] - rapt(command, folder, TEXTS[:1])[1]))
        start = time.process_time()
        vectors(model, many)
        theirs.append(len(many) / (time.process_time() - start))
    return statistics.median(ours), statistics.median(theirs)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    folder, command = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) == 4 else 3
    torch.set_num_threads(1)
    model, exact = library(folder, torch.float32), library(folder, torch.float64)
    whole = [len(ids) for ids in model.tokenizer(TEXTS, verbose=False)["input_ids"]]
    print(f"sentence-transformers {sentence_transformers.__version__}, transformers {transformers.__version__}, torch {torch.__version__}")
    print(f"{len(TEXTS)} texts of {min(whole)} to {max(whole)} tokens, of which {model.max_seq_length} are read\n")
    got, _ = rapt(command, folder, TEXTS)
    theirs, truth = vectors(model, TEXTS), vectors(exact, TEXTS)
    if got.shape != theirs.shape:
        sys.exit(f"rapt gave {got.shape}, sentence-transformers {theirs.shape}")
    worst = differences("rapt − sentence-transformers", got, theirs)
    differences("rapt − float64", got, truth)
    differences("sentence-transformers − float64", theirs, truth)
    ours, other = speeds(command, folder, model, rounds)
    print(f"\none thread: rapt {ours:.1f} texts/s, sentence-transformers {other:.1f} texts/s")
    if not worst <= LIMIT:  # NaN fails too
        sys.exit(f"FAIL: the largest difference is {worst:.2e}, the limit {LIMIT:.0e}")
    print(f"ok: the largest difference is {worst:.2e}, the limit {LIMIT:.0e}")


if __name__ == "__main__":
    main()
