"""Writes ../testdata/warpers.json: which columns of rows of scores the logits warpers of transformers keep, in float64.

    pip install torch transformers && python warpers.py

The scores are made from the hash of package gpu, so that only what is kept need be stored: in a row of seed s, with u(i) the hash of element i
under the key s over 2^32, cut off to 24 bits, column j is scale*(u(3j) + u(3j+1) + u(3j+2) - 3/2) rounded to float32; with "steps" it is the
nearest integer to that over the number of steps, so that many columns are equal. Of equal columns transformers' top_p keeps some, by the order
of its sort, so it has no such rows.
"""
import base64
import json
import os

import numpy as np
import torch
import transformers
from transformers.generation import logits_process as P

WARPERS = [("temperature", P.TemperatureLogitsWarper), ("top_k", P.TopKLogitsWarper), ("top_p", P.TopPLogitsWarper), ("min_p", P.MinPLogitsWarper),
           ("typical_p", P.TypicalLogitsWarper), ("epsilon_cutoff", P.EpsilonLogitsWarper), ("eta_cutoff", P.EtaLogitsWarper)]


def hashed(key, e):
    """gpu.Hash of elements below 2^32 under a key below 2^32."""
    x = (e + np.uint32(key)).astype(np.uint32)
    x = (x ^ x >> 16) * np.uint32(0x7FEB352D)
    x = (x ^ x >> 15) * np.uint32(0x846CA68B)
    x = (x ^ x >> 16) * np.uint32(0x7FEB352D)
    return (x ^ x >> 15) * np.uint32(0x846CA68B)


def scores(seed, n, scale, steps):
    u = (hashed(seed, np.arange(3 * n, dtype=np.uint32)) >> 8).astype(np.float64) / 2**24
    x = scale * (u.reshape(n, 3).sum(1) - 1.5)
    return np.rint(x * steps) / steps if steps else x.astype(np.float32).astype(np.float64)


def kept(x, options):
    s = torch.tensor(x, dtype=torch.float64)[None]
    for name, warper in WARPERS:
        if name in options:
            v = options[name] if name == "top_k" else float(np.float32(options[name]))
            s = warper(v)(None, s)
    return ~torch.isinf(s[0]).numpy()


ALONE = [{"temperature": 0.7}, {"top_k": 5}, {"top_k": 50}, {"top_p": 0.8}, {"top_p": 0.1}, {"top_p": 0.999}, {"min_p": 0.1}, {"min_p": 0.001}, {"typical_p": 0.6},
         {"typical_p": 0.95}, {"typical_p": 0.2}, {"epsilon_cutoff": 0.003}, {"epsilon_cutoff": 0.0003}, {"eta_cutoff": 0.002}, {"eta_cutoff": 0.02}]
TOGETHER = [
    {"temperature": 0.8, "top_k": 40, "top_p": 0.9}, {"temperature": 1.3, "top_k": 30, "top_p": 0.95, "min_p": 0.03}, {"top_k": 100, "typical_p": 0.7},
    {"top_p": 0.9, "typical_p": 0.5}, {"min_p": 0.02, "epsilon_cutoff": 0.01}, {"temperature": 0.6, "typical_p": 0.4, "epsilon_cutoff": 0.002, "eta_cutoff": 0.01},
    {"temperature": 1.7, "top_k": 200, "top_p": 0.97, "min_p": 0.01, "typical_p": 0.9, "epsilon_cutoff": 0.001, "eta_cutoff": 0.005},
    {"top_k": 300, "typical_p": 0.3, "eta_cutoff": 0.05},
]
cases = []


def add(n, scale, options, steps=0):
    seed = 1000 + len(cases)
    k = kept(scores(seed, n, scale, steps), options)
    cases.append({"seed": seed, "n": n, "scale": scale, "steps": steps, "options": options, "count": int(k.sum()),
                  "kept": base64.b64encode(np.packbits(k, bitorder="little").tobytes()).decode()})


for i, options in enumerate(ALONE + TOGETHER):
    add(5000 if i % 3 == 0 else 50 + 61 * i, 12, options)
    add(300 + i, 40 if i % 2 else 3, options)
for options in [{"top_k": 7}, {"min_p": 0.3}, {"typical_p": 0.5}, {"temperature": 2.0, "epsilon_cutoff": 0.02}, {"eta_cutoff": 0.3}, {"top_k": 60, "min_p": 0.2, "typical_p": 0.8}]:
    add(200, 12, options, 2)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "testdata", "warpers.json")
with open(path, "w") as f:
    rows = ",\n".join(json.dumps(c) for c in cases)
    f.write('{"transformers": "%s", "torch": "%s", "cases": [\n%s\n]}\n' % (transformers.__version__, torch.__version__, rows))
