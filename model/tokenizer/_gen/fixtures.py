"""Writes ../testdata: small tokenizers with options that the golden set lacks, and what the library "tokenizers" makes of odd texts.

    pip install tokenizers && python fixtures.py [FOLDER [SEED [TEXTS]]]

The files are in the format of testdata/golden/tokenizers, with the fields "no_special" and "left" besides. Another folder, seed and
number of texts give a larger set, which TestGolden compares where RAPT_GOLDEN names the folder.
"""
import json, os, random, sys, unicodedata
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers as N, pre_tokenizers as P, processors as O, decoders as D

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "testdata")
rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 40
if len(sys.argv) > 1:
    OUT = os.path.join(OUT, "tokenizers")

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HAND = [
    "", "  ", "Hello, World!", "I don't; he'll do not.", "naïve Café", "cafe\u0301 e\u0323\u0301 \u1ec7", "İstanbul ΣΊΣΥΦΟΣ ẞ", "x中文y 日本", "a\u200bb\u0000c\ufffd\u00ad",
    "\u0301\u0323 lead", "\u0344 \u0f73\u0f71\u0334", "각힣 \u1112\u1161\u11ab", "ﬁ ² ㈱ ﷺ ½", "tab\there\u00a0and\u2003there", "a <both>  b<rstrip> \tc  <lstrip>d",
    "solo soloist solo. SOLO _solo", "norméd NORMÉD normed", "[MASK] [mask][SEP]", "1234 v1.2 x9y", "##a @@b #", "🤔👩🏾‍🚀", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]
ASSIGNED = [c for c in range(0x20000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
MARKS = [c for c in ASSIGNED if unicodedata.category(chr(c))[0] == "M"]
DECOMPOSING = [c for c in ASSIGNED if unicodedata.decomposition(chr(c))]
FORMAT = [c for c in ASSIGNED if unicodedata.category(chr(c)) in ("Cc", "Cf", "Zs", "Zl", "Zp")]


def char():
    return rng.choice([
        lambda: rng.choice("abcdefghijklmnopqrstuvwxyz"), lambda: rng.choice("abcABCXYZ0123456789"), lambda: " ", lambda: rng.choice(".,!?'-#"),
        lambda: rng.choice("éèüñçåøßİıſΣς가각日本中"), lambda: chr(rng.choice(MARKS)), lambda: chr(rng.choice(DECOMPOSING)),
        lambda: chr(rng.choice(FORMAT)), lambda: chr(rng.choice(ASSIGNED)),
    ])()


TEXTS = HAND + ["".join(char() for _ in range(rng.choice([2, 5, 9, 16, 30]))) for _ in range(COUNT)]


def vocabulary(prefix):
    words = list(SPECIAL)
    for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-#éèüñßıς中日":
        words += [c, prefix + c]
    for _ in range(120):
        t = rng.choice(TEXTS)
        if t:
            i = rng.randrange(len(t))
            w = "".join(rng.choice([str, str.lower])(t[i:i + rng.randrange(1, 5)]).split())
            words += [w, prefix + w, unicodedata.normalize("NFD", w)]
    return {w: i for i, w in enumerate(dict.fromkeys(w for w in words if w))}


def record(e):
    return {"ids": e.ids, "tokens": e.tokens, "offsets": [list(o) for o in e.offsets], "types": e.type_ids, "special": e.special_tokens_mask}


def decoded(t, ids):
    return {"decoded": t.decode(ids, skip_special_tokens=False), "skipped": t.decode(ids, skip_special_tokens=True)}


def truncations(t):
    for _ in range(2 * COUNT):
        i, j = rng.randrange(len(TEXTS)), rng.choice([None, rng.randrange(len(TEXTS))])
        plain, left = rng.random() < 0.2, rng.random() < 0.3
        size, stride, strategy = rng.choice([4, 5, 6, 8, 12, 20]), rng.choice([0, 0, 1, 2, 3]), rng.choice(["longest_first", "only_first", "only_second"])
        if not plain and size < t.num_special_tokens_to_add(j is not None):
            continue  # wraps around in the library
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


def write(name, normalizer=None, pre=None, post=None, decoder=None, prefix="##", longest=100):
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    t = Tokenizer(models.WordPiece(vocabulary(prefix), unk_token="[UNK]", max_input_chars_per_word=longest, continuing_subword_prefix=prefix))
    for field, value in (("normalizer", normalizer), ("pre_tokenizer", pre), ("post_processor", post), ("decoder", decoder)):
        if value is not None:
            setattr(t, field, value)
    t.add_special_tokens(SPECIAL + [AddedToken("<both>", lstrip=True, rstrip=True)])
    t.add_tokens([AddedToken("<lstrip>", lstrip=True), AddedToken("<rstrip>", rstrip=True), AddedToken("solo", single_word=True), AddedToken("norméd")])
    t.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    t = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    rows = [{"op": "encode", "text": i, **record(e), **decoded(t, e.ids)} for i, e in enumerate(t.encode(s) for s in TEXTS)]
    rows += truncations(t)
    for _ in range(20):  # some ids that no token has
        ids = [rng.randrange(t.get_vocab_size() + 2) for _ in range(rng.randrange(1, 10))]
        rows.append({"op": "decode", "ids": ids, **decoded(t, ids)})
    lines(os.path.join(folder, "expected.jsonl"), rows)


def lines(name, rows):
    with open(name, "w", encoding="utf8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n")


def bert(clean=True, ideographs=True, accents=None, lower=True):
    return N.BertNormalizer(clean_text=clean, handle_chinese_chars=ideographs, strip_accents=accents, lowercase=lower)


CLS, SEP = ("[CLS]", 2), ("[SEP]", 3)
PIECES = D.WordPiece(prefix="##", cleanup=True)
os.makedirs(OUT, exist_ok=True)
lines(os.path.join(OUT, "texts.jsonl"), [{"text": s} for s in TEXTS])
write("bert-processing", bert(accents=False), P.BertPreTokenizer(), O.BertProcessing(SEP, CLS), PIECES)
write("roberta-processing", bert(accents=True, lower=False), P.BertPreTokenizer(), O.RobertaProcessing(SEP, CLS, True, False), PIECES)
write("template", bert(ideographs=False), P.BertPreTokenizer(), O.TemplateProcessing(
    single="[CLS]:2 $A:3 [SEP]:0 [MASK]:1", pair="$B:5 [CLS]:0 $A:4 [SEP]:0 $B:1 [SEP]:1", special_tokens=[CLS, SEP, ("[MASK]", 4)]), PIECES)
write("unclean", bert(clean=False, lower=False), P.BertPreTokenizer(), None, D.WordPiece(prefix="@@", cleanup=False), prefix="@@", longest=6)
write("nfc-digits", N.NFC(), P.Sequence([P.Whitespace(), P.Digits(individual_digits=True)]))
write("nfkd-marks", N.Sequence([N.NFKD(), N.StripAccents(), N.Lowercase(), N.Strip()]), P.Sequence([P.WhitespaceSplit(), P.Punctuation("contiguous")]), None, PIECES)
write("replace", N.Sequence([N.Replace("a", "xyz"), N.Replace(Regex("[0-9]+"), ""), N.Replace(Regex("\\s+"), " "), N.Prepend("p "), N.NFKC()]),
      P.Split(Regex("\\w+|[^\\w\\s]"), "merged_with_next", invert=True), O.BertProcessing(SEP, CLS),
      D.Sequence([D.WordPiece(prefix="##", cleanup=False), D.Fuse(), D.Strip("p", 1, 0), D.Replace("e", "E")]))
write("split", N.Lowercase(), P.Sequence([P.Split("a", "merged_with_previous"), P.Digits(individual_digits=False), P.WhitespaceSplit()]), prefix="")
