"""Writes ../testdata/bpe: small tokenizers of the kinds that decoders have, and what the library "tokenizers" makes of odd texts.

    pip install tokenizers && python fixtures_bpe.py [FOLDER [SEED [TEXTS]]]

The files are in the format of fixtures.py. Another folder, seed and number of texts give a larger set, which TestGolden compares where
RAPT_GOLDEN names the folder. Vocabularies are trained on the sentences of bench/tokenizer and the texts themselves; the library's trainer does not
choose the same rare characters each time, so the files differ from run to run.
"""
import json, os, random, sys, unicodedata
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers as N, pre_tokenizers as P, processors as O, decoders as D, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(sys.argv[1], "tokenizers") if len(sys.argv) > 1 else os.path.join(HERE, "..", "testdata", "bpe")
rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 11)
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 64

HAND = [
    "", " ", "  ", "a", "\n", "\r\n", " \n", "Hello, World!", "I don't; he'll DON'T WE'RE 'tis 'S", "naïve Café cafe\u0301 e\u0323\u0301", "x中文y 日本語の, 한국어 각힣",
    "مرحبا بالعالم שלום", "👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈 😀😃", "a\x00b\x00\x00", "\u0085a\u0085 \u00a0\u200b\u2003b\ufeff", "tab\t\ttab \t x", "line\r\nline\r\n\r\n  line\n\n", "a    b     c      ",
    "      leading", "1234567 3.14 ²½ ٣٤٥ ⅷ", "if (x<=10) { return y[i++]; } // ok!?", "\u00ed\u00a0\u0080 \ufffd\ufffd", "\u0301\u0323 lead", "ſ 'ſ K \u212a İı ǅ ǈ ʰ ª", "HTTPServer camelCase ALLCAPS iPhone",
    "<s>x</s> <mask>  <mask>y a<both>  b", "solo soloist solo.", "ab(cd|ef).gh,ij!kl…mn。op", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "e" + "\u0301" * 70,
    "...---!!!???", "\U0010ffff\U000e0041\U0001f1e9\U0001f1ea", "ภาษาไทย हिन्दी বাংলা", "_under_score__ $100 €5 +-=", "ǆ\u0345\u1e9e\ufb01\ufb06", "Ġ Ċ Ġword </w> <0x41> ▁a",
]
ASSIGNED = [c for c in range(0x20000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
SPACES = [c for c in ASSIGNED if unicodedata.category(chr(c)) in ("Cc", "Cf", "Zs", "Zl", "Zp")]


def char():
    return rng.choice([
        lambda: rng.choice("etaoinshrdlu"), lambda: rng.choice("etaoinshrdlu"), lambda: rng.choice("ABCXYZ0123456789"), lambda: " ", lambda: rng.choice(" \n\r\t"), lambda: rng.choice(".,!?'-#()/"),
        lambda: rng.choice(["'s", "'LL", "the", " of", "ing", "  "]), lambda: rng.choice("éèüñçåøßİıſΣς가각日本中あア"), lambda: chr(rng.choice(SPACES)), lambda: chr(rng.choice(ASSIGNED)), lambda: rng.choice(["<mask>", " <s>", "solo"]),
    ])()


TEXTS = HAND + ["".join(char() for _ in range(rng.choice([2, 5, 9, 16]))) for _ in range(COUNT)]
CORPUS = [line for name in ("english", "mixed") for line in open(os.path.join(HERE, "..", "..", "..", "bench", "tokenizer", name + ".txt"), encoding="utf8")] + TEXTS
SPECIAL = ["<s>", "</s>", "<unk>"]


def record(e):
    return {"ids": e.ids, "tokens": e.tokens, "offsets": [list(o) for o in e.offsets], "types": e.type_ids, "special": e.special_tokens_mask}


def decoded(t, ids):
    return {"decoded": t.decode(ids, skip_special_tokens=False), "skipped": t.decode(ids, skip_special_tokens=True)}


def truncations(t, count):
    for _ in range(count):
        i, j = rng.randrange(len(TEXTS)), rng.choice([None, rng.randrange(len(TEXTS))])
        plain, left = rng.random() < 0.2, rng.random() < 0.3
        size, stride, strategy = rng.choice([6, 8, 12, 20]), rng.choice([0, 0, 1, 2]), rng.choice(["longest_first", "only_first", "only_second"])
        try:
            t.enable_truncation(size, stride=stride, strategy=strategy, direction="left" if left else "right")
            e = t.encode(TEXTS[i], None if j is None else TEXTS[j], add_special_tokens=not plain)
        except BaseException:  # a panic where the stride leaves no room
            continue
        finally:
            t.no_truncation()
        if len(e.overflowing) <= 12:
            yield {"op": "truncate", "text": i, "second": j, "max": size, "stride": stride, "strategy": strategy, "left": left, "no_special": plain,
                   **record(e), "overflow": [record(o) for o in e.overflowing]}


def write(name, pre=None, normalizer=None, post=None, decoder=D.ByteLevel(), size=420, alphabet=True, drop=(), extra=(), merges=None, **options):
    """Trains a BPE, with all bytes in its alphabet or none, and sets options in its file; drop takes tokens out that no merge needs."""
    t = Tokenizer(models.BPE(**{k: v for k, v in options.items() if k in ("unk_token", "continuing_subword_prefix", "end_of_word_suffix")}))
    if normalizer is not None:
        t.normalizer = normalizer
    if pre is not None:
        t.pre_tokenizer = pre
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, special_tokens=SPECIAL + list(extra), show_progress=False, initial_alphabet=P.ByteLevel.alphabet() if alphabet else [], limit_alphabet=300 if alphabet else 110,
        **{k: v for k, v in options.items() if k in ("continuing_subword_prefix", "end_of_word_suffix")}))
    f = json.loads(t.to_str())
    f["model"].update(options)
    used = {s for pair in f["model"]["merges"] for s in pair}
    kept = [w for w, _ in sorted(f["model"]["vocab"].items(), key=lambda x: x[1]) if w in used or w not in drop]
    f["model"]["vocab"] = {w: i for i, w in enumerate(kept)}
    if merges:
        f["model"]["merges"] = merges(f["model"]["merges"])
    save(name, Tokenizer.from_str(json.dumps(f)), post, decoder, f)


def save(name, t, post=None, decoder=None, f=None):
    if post is not None:
        t.post_processor = post
    if decoder is not None:
        t.decoder = decoder
    t.add_special_tokens([AddedToken("<mask>", lstrip=True), AddedToken("<both>", lstrip=True, rstrip=True)])
    t.add_tokens([AddedToken("solo", single_word=True)])
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    data = json.loads(t.to_str())
    if f and isinstance(f["model"]["merges"][-1], str):
        data["model"]["merges"] = f["model"]["merges"]
    with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf8") as out:
        json.dump(data, out, ensure_ascii=False, separators=(",", ":"))
    t = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    rows = [{"op": "encode", "text": i, **record(e), **decoded(t, e.ids)} for i, e in enumerate(t.encode(s) for s in TEXTS)]
    rows += truncations(t, 24)
    for _ in range(24):  # some ids that no token has
        ids = [rng.randrange(t.get_vocab_size() + 2) for _ in range(rng.randrange(1, 12))]
        rows.append({"op": "decode", "ids": ids, **decoded(t, ids)})
    lines(os.path.join(folder, "expected.jsonl"), rows)


def lines(name, rows):
    with open(name, "w", encoding="utf8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n")


def split(pattern, behavior="isolated", invert=False):
    return P.Split(Regex(pattern), behavior, invert)


def byte_level(prefix=False, regex=False):
    return P.ByteLevel(add_prefix_space=prefix, use_regex=regex)


def then_bytes(*steps):
    return P.Sequence([*steps, byte_level()])


BYTES = [f"<0x{b:02X}>" for b in range(256)]
LLAMA2 = N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")])
LLAMA2_DECODER = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CLIP = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
KIMI = r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CLS, SEP = ("<s>", 0), ("</s>", 1)
FRAME = O.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[CLS])

os.makedirs(OUT, exist_ok=True)
lines(os.path.join(OUT, "texts.jsonl"), [{"text": s} for s in TEXTS])
write("llama2", normalizer=LLAMA2, decoder=LLAMA2_DECODER, alphabet=False, extra=BYTES, size=620, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
write("fallback-gaps", normalizer=LLAMA2, decoder=D.Sequence([D.ByteFallback(), D.BPEDecoder("▁")]), alphabet=False, extra=BYTES[:0xe0], size=560, unk_token="<unk>", byte_fallback=True,
      merges=lambda m: [" ".join(pair) for pair in m])
write("fallback-alone", P.Whitespace(), decoder=D.ByteFallback(), alphabet=False, extra=BYTES[:0xe0], size=560, byte_fallback=True)
write("unknown", P.Whitespace(), decoder=D.Fuse(), alphabet=False, size=260, unk_token="<unk>", drop="éèüñçåøßxyz中文日")
write("unknown-fused", P.CharDelimiterSplit(" "), decoder=D.CTC("a", "e", True), alphabet=False, size=260, unk_token="<unk>", fuse_unk=True, drop="éèüñçåøßxyz中文日")
write("left-out", P.WhitespaceSplit(), decoder=D.CTC("</s>", "|", False), alphabet=False, size=260, drop="éèüñçåøßxyz中文日")
write("continuing", P.BertPreTokenizer(), decoder=D.WordPiece("##", True), alphabet=False, size=300, unk_token="<unk>", continuing_subword_prefix="##", drop=["é", "##é", "x", "##y"])
write("clip", P.Sequence([split(CLIP, "removed", True), byte_level()]), N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()]), O.RobertaProcessing(SEP, CLS, False, False),
      size=700, unk_token="<unk>", end_of_word_suffix="</w>", continuing_subword_prefix="")
write("gpt1", P.BertPreTokenizer(), N.BertNormalizer(lowercase=True), decoder=D.BPEDecoder("</w>"), alphabet=False, size=400, unk_token="<unk>", end_of_word_suffix="</w>")
write("llama3", then_bytes(split(LLAMA3)), post=O.Sequence([O.ByteLevel(trim_offsets=True, add_prefix_space=False), FRAME]), ignore_merges=True, size=700, merges=lambda m: m[:300])
write("cl100k", then_bytes(split(CL100K)), post=O.Sequence([FRAME, O.ByteLevel(trim_offsets=True, add_prefix_space=True)]))
write("qwen2", then_bytes(split(QWEN2)), N.NFC(), O.ByteLevel(trim_offsets=False))
write("o200k", then_bytes(split(O200K, "removed", True)), post=O.ByteLevel(trim_offsets=True, add_prefix_space=True))
write("deepseek", then_bytes(split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split(DEEPSEEK)))
write("bloom", then_bytes(split(BLOOM)), post=O.ByteLevel(trim_offsets=False))
write("kimi", then_bytes(split(KIMI)))
write("starcoder", P.Sequence([P.Digits(individual_digits=True), byte_level(True, True)]), post=O.ByteLevel(trim_offsets=True, add_prefix_space=True))
write("falcon", P.Sequence([P.Punctuation("contiguous"), byte_level(False, True), P.Digits(individual_digits=False), split("[0-9][0-9][0-9]")]), post=O.ByteLevel(trim_offsets=True, add_prefix_space=False))
write("prefix-whole", byte_level(True, False), post=O.RobertaProcessing(SEP, CLS, True, True))
write("prefix-roberta", byte_level(True, True), post=O.RobertaProcessing(SEP, CLS, False, True))
write("bytes-left-out", byte_level(False, True), alphabet=False, size=300, drop=sorted(P.ByteLevel.alphabet())[40:], post=O.ByteLevel(trim_offsets=True))
write("bytes-unknown", byte_level(False, True), alphabet=False, size=300, unk_token="<unk>", post=O.ByteLevel(trim_offsets=True))
write("byte-normalizer", split("Ġ|Ċ", "merged_with_next"), N.Sequence([N.NFKC(), N.ByteLevel()]))
write("scripts", P.UnicodeScripts(), N.Nmt(), decoder=D.Sequence([D.Replace(Regex("[a-e]+"), "_"), D.Strip("_", 1, 0)]), alphabet=False, size=300, unk_token="<unk>")
write("fixed-length", P.FixedLength(3), N.NFD(), decoder=D.Sequence([D.Metaspace("▁", "always"), D.Fuse(), D.Replace("an", "<an>"), D.Strip("<", 2, 0)]), alphabet=False, size=300, unk_token="<unk>")
write("fixed-bytes", P.Sequence([P.UnicodeScripts(), P.FixedLength(4), byte_level(True)]))
words = {w: i for i, w in enumerate(dict.fromkeys(SPECIAL + sorted({w for t in CORPUS for w in t.split()[::3]})[:200]))}
t = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
t.pre_tokenizer = P.WhitespaceSplit()
save("word-level", t, O.BertProcessing(SEP, CLS), D.WordPiece("a", False))
