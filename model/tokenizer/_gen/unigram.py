"""Writes ../testdata/sentencepiece: small SentencePiece models, and what the libraries "sentencepiece", "tokenizers" and "transformers" make
of odd texts with them.

    pip install sentencepiece tokenizers transformers protobuf && python unigram.py [FOLDER [SEED [TEXTS]]]

The models are trained on ../../../bench/tokenizer/*.txt with one thread, so they are the same each time. Lines are in the format of
testdata/golden/tokenizers: expected.jsonl is what a folder's tokenizer.json gives, expected.plain.jsonl what transformers gives without it,
expected.spm.jsonl what SentencePiece gives for the model itself (offsets in bytes). Another folder, seed and number of texts give a larger set,
which TestSentencePiece compares where RAPT_SENTENCEPIECE names the folder.
"""
import io, json, os, random, shutil, sys, tempfile, unicodedata
import sentencepiece as spm
import transformers
from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers as N, pre_tokenizers as P, processors as O, decoders as D

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "testdata", "sentencepiece")
rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 11)
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 50

CORPUS = [s for name in ("english", "mixed") for s in open(os.path.join(HERE, "..", "..", "..", "bench", "tokenizer", name + ".txt"), encoding="utf8").read().split("\n") if s]
HAND = [
    "", " ", "   ", "Hello, World!", "  two  spaces   here ", "naïve Café cafe\u0301 e\u0323\u0301", "E\u0301COLE É", "👩🏾‍🚀 👨‍👩‍👧‍👦 🇩🇪🇫🇷🇯", "日本語の文章、中文。 한국어",
    "العربية مرحبا \u064e", "ﬁne ﬂow ﬃ ﬀ", "ﾊﾝｶｸ ｶﾞｷﾞ ﾊﾟ", "a\r\nb\rc\nd\te", "▁a ▁▁b▁", "x▁y", "a\u3000b\u3000", "a\u200bb\u200c\u200dc\ufeff", "a\x01b\x7fc\x85d\u2028e",
    "aaaaaaaaaaaaaaaaaaaa", "<s>x</s> <unk> <pad>", "a<mask>b <mask> c", "[MASK] [CLS]", "<extra_id_0> <sep>", "½ ² ㈱ ﷺ Ⅷ", "\ufffd x", "क्षत्रिय क्ष नमस्ते क\u094dष", "각힣 \u1112\u1161\u11ab",
    "e\u0301\u0301\u0301 \u0301x", "“quoted” ``tick'' 'a'", "<0x41> <0xE3>", "a==b === ==", "𝒳𝓎 𐍈 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "İI ıß ẞ ΣΑΣ", "100,000 3.14", "tab\t\ttab", "\n\n", "ー゛゜ ｡｢｣", "ก็ ำ ไทย", "\u0600a \u0605",
    "क्\u0958\u0301 \u0958\u0301 क\u0958\u0301", "क्\u200c\u0958\u0301 क्\u200d\u0958\u0301 a्\u0958\u0301", "©\u200d© ©\u0301\u200d© ©\u200d\u200d© a\u200d©\u0301", "E\u0903 E\u200d E\u0e33 E\u1160 E\r\u0301",
]
ASSIGNED = [c for c in range(1, 0x20000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
MARKS = [c for c in ASSIGNED if unicodedata.category(chr(c))[0] == "M"]
COMPATIBLE = [c for c in ASSIGNED if unicodedata.normalize("NFKC", chr(c)) != chr(c)]
FORMAT = [c for c in ASSIGNED if unicodedata.category(chr(c)) in ("Cc", "Cf", "Zs", "Zl", "Zp")]


def part():
    return rng.choice([
        lambda: rng.choice(rng.choice(CORPUS).split()), lambda: rng.choice(rng.choice(CORPUS).split()) + " ", lambda: " " * rng.randrange(1, 4), lambda: rng.choice(".,!?'-#▁"),
        lambda: rng.choice("éèüñçåøßİıſΣς가각日本中ﬁﾊﾞ"), lambda: chr(rng.choice(MARKS)), lambda: rng.choice("aeiouAEIOUn") + chr(rng.randrange(0x300, 0x345)), lambda: chr(rng.choice(COMPATIBLE)),
        lambda: chr(rng.choice(FORMAT)), lambda: chr(rng.choice(ASSIGNED)), lambda: rng.choice(["\r\n", "\u200d", "\u0301", "क्", "ष"]),
    ])()


TEXTS = HAND + ["".join(part() for _ in range(rng.choice([2, 4, 7, 12]))) for _ in range(COUNT)]
TEXTS = [s for s in TEXTS if "\0" not in s]


def rules(path):
    """A part of NFKC that fits in some kilobytes, with the rules that make trouble: prefixes of others, empty texts, sequences."""
    table = {}
    chosen = [c for c in COMPATIBLE if c in range(0xA0, 0x17F) or c in range(0xFB00, 0xFB10) or c in range(0xFF01, 0xFFA0) or c in range(0x2150, 0x2180) or c in (0xFDFA, 0x3231, 0x2002, 0x3000)]
    for c in chosen:
        table[chr(c)] = unicodedata.normalize("NFKC", chr(c))
    for base in "aeiouAEIOUnc":
        for mark in "\u0300\u0301\u0302\u0303\u0308\u0327":
            both = unicodedata.normalize("NFC", base + mark)
            if len(both) == 1:
                table[base + mark] = both
    for kana in range(0xFF76, 0xFF85):
        table[chr(kana) + "\uff9e"] = unicodedata.normalize("NFKC", chr(kana) + "\uff9e")
    for c in [0x9, 0xA, 0xD, 0x2028, 0x200B]:
        table[chr(c)] = " "
    for c in list(range(1, 9)) + [0x7F, 0x200E]:
        table[chr(c)] = ""
    for c, v in ((0x958, "क\u093c"), (0xA9, "c"), (0x600, "#"), (0x200D, "j")):
        table[chr(c)] = v
    table["E"] = "e"  # of an accented E the library takes this rule, the shortest
    with open(path, "w", encoding="utf8") as f:
        for k, v in sorted(table.items()):
            f.write(" ".join("%04X" % ord(c) for c in k) + "\t" + " ".join("%04X" % ord(c) for c in v) + "\n")


work = tempfile.mkdtemp()
RULES = os.path.join(work, "rules.tsv")
rules(RULES)


def train(edit=None, **options):
    args = dict(model_type="unigram", vocab_size=400, character_coverage=0.985, num_threads=1, minloglevel=2, hard_vocab_limit=False, max_sentence_length=4000)
    if "normalization_rule_name" not in options:
        args["normalization_rule_tsv"] = RULES
    args.update(options)
    prefix = os.path.join(work, "m")
    spm.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS), model_prefix=prefix, **args)
    proto = pb.ModelProto.FromString(open(prefix + ".model", "rb").read())
    for field in ("model_prefix", "input"):
        proto.trainer_spec.ClearField(field)
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    if edit:
        edit(proto)
    return proto


def lines(name, rows):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "w", encoding="utf8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n")


def save(folder, name, proto):
    os.makedirs(os.path.join(OUT, folder), exist_ok=True)
    with open(os.path.join(OUT, folder, name), "wb") as f:
        f.write(proto.SerializeToString())


def config(folder, **fields):
    os.makedirs(os.path.join(OUT, folder), exist_ok=True)
    with open(os.path.join(OUT, folder, "tokenizer_config.json"), "w", encoding="utf8") as f:
        f.write(json.dumps(fields, ensure_ascii=False) + "\n")


def random_ids(size, count=20):
    for _ in range(count):
        yield [rng.randrange(size) for _ in range(rng.randrange(1, 10))]


def direct(folder, proto):
    """What SentencePiece gives."""
    save(folder, "tokenizer.model", proto)
    sp = spm.SentencePieceProcessor(model_proto=proto.SerializeToString())
    rows = []
    for i, s in enumerate(TEXTS):
        p = sp.encode(s, return_type="proto")
        ids = [x.id for x in p.pieces]
        rows.append({"op": "encode", "text": i, "ids": ids, "tokens": [x.piece for x in p.pieces], "offsets": [[x.begin, x.end] for x in p.pieces],
                     "normalized": sp.normalize(s), "decoded": sp.decode(ids)})
    rows += [{"op": "decode", "ids": ids, "decoded": sp.decode(ids)} for ids in random_ids(sp.vocab_size())]
    lines(os.path.join(OUT, folder, "expected.spm.jsonl"), rows)


def record(e):
    return {"ids": e.ids, "tokens": e.tokens, "offsets": [list(o) for o in e.offsets], "types": e.type_ids, "special": e.special_tokens_mask}


def rows_of(t):
    def decoded(ids):
        return {"decoded": t.decode(ids, skip_special_tokens=False), "skipped": t.decode(ids, skip_special_tokens=True)}
    rows = []
    for i, s in enumerate(TEXTS):
        e = t.encode(s)
        rows.append({"op": "encode", "text": i, **record(e), **decoded(e.ids)})
    for _ in range(10):
        i, j = rng.randrange(len(TEXTS)), rng.randrange(len(TEXTS))
        rows.append({"op": "pair", "text": i, "second": j, **record(t.encode(TEXTS[i], TEXTS[j]))})
    return rows + [{"op": "decode", "ids": ids, **decoded(ids)} for ids in random_ids(t.get_vocab_size())]


def library(folder, t):
    """What a tokenizer.json gives."""
    os.makedirs(os.path.join(OUT, folder), exist_ok=True)
    t.save(os.path.join(OUT, folder, "tokenizer.json"), pretty=False)
    lines(os.path.join(OUT, folder, "expected.jsonl"), rows_of(Tokenizer.from_file(os.path.join(OUT, folder, "tokenizer.json"))))


def plain(folder, proto, name, cls, **fields):
    """What transformers gives for the model alone."""
    save(folder, name, proto)
    config(folder, tokenizer_class=cls, **fields)
    alone = tempfile.mkdtemp()
    for f in (name, "tokenizer_config.json"):
        shutil.copy(os.path.join(OUT, folder, f), alone)
    t = getattr(transformers, cls).from_pretrained(alone)
    lines(os.path.join(OUT, folder, "expected.plain.jsonl"), rows_of(t.backend_tokenizer))


def unigram(proto, byte_fallback=False, edit=lambda v: v):
    return models.Unigram(edit([(p.piece, p.score) for p in proto.pieces]), unk_id=proto.trainer_spec.unk_id, byte_fallback=byte_fallback)


def metaspace(folder, scheme, split=True, normalizer=None, pre=None, **options):
    t = Tokenizer(unigram(base, **options))
    if normalizer:
        t.normalizer = normalizer
    space = P.Metaspace(replacement="▁", prepend_scheme=scheme, split=split)
    t.pre_tokenizer = P.Sequence([*pre, space]) if pre else space
    t.decoder = D.Metaspace(replacement="▁", prepend_scheme=scheme, split=split)
    t.add_special_tokens(["<s>", "</s>", AddedToken("<mask>", lstrip=True)])
    library(folder, t)


def with_bytes(proto):
    return [(p, s) for p, s in proto] + [("<0x%02X>" % b, -50.0) for b in range(256)]


os.makedirs(OUT, exist_ok=True)
lines(os.path.join(OUT, "texts.jsonl"), [{"text": s} for s in TEXTS])
base = train()
charsmap = base.normalizer_spec.precompiled_charsmap

# tokenizer.json
metaspace("metaspace-always", "always", normalizer=N.Precompiled(charsmap), pre=[P.WhitespaceSplit()])
metaspace("metaspace-first", "first", normalizer=N.Sequence([N.Precompiled(charsmap), N.Replace(Regex(" {2,}"), " ")]))
metaspace("metaspace-never", "never", normalizer=N.Sequence([N.Strip(), N.NFKC()]))
metaspace("metaspace-whole", "first", split=False)
t = Tokenizer(unigram(base, byte_fallback=True, edit=with_bytes))
t.normalizer = N.Sequence([N.Precompiled(charsmap), N.Prepend("▁"), N.Replace(" ", "▁")])
t.decoder = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
library("unigram-bytes", t)

# SentencePiece
direct("case-fold", train(normalization_rule_name="nmt_nfkc_cf", vocab_size=500))
direct("suffix", train(treat_whitespace_as_suffix=True, byte_fallback=True, vocab_size=600))
direct("words", train(model_type="word", vocab_size=150))
direct("chars", train(model_type="char", user_defined_symbols=["==", "===", "▁b", "<sep>"], vocab_size=200))
direct("keep-spaces", train(model_type="bpe", remove_extra_whitespaces=False, user_defined_symbols=["▁▁", "=="], control_symbols=["<pad>"], allow_whitespace_only_pieces=True, split_by_whitespace=False))


def unused(proto):
    for i, p in enumerate(proto.pieces):
        if p.type == pb.ModelProto.SentencePiece.NORMAL and len(p.piece) > 1 and i % 3 == 0:
            p.type = pb.ModelProto.SentencePiece.UNUSED


direct("unused-unigram", train(unused, user_defined_symbols=["==", "ab", "<sep>"], escape_whitespaces=True, add_dummy_prefix=False))
direct("unused-bpe", train(unused, model_type="bpe", byte_fallback=True, vocab_size=700))

# transformers
bytes_bpe = train(model_type="bpe", byte_fallback=True, vocab_size=700, normalization_rule_name="identity", remove_extra_whitespaces=False)
plain("llama", bytes_bpe, "tokenizer.model", "LlamaTokenizer", add_bos_token=True, add_eos_token=False, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
t = transformers.LlamaTokenizer.from_pretrained(os.path.join(OUT, "llama")).backend_tokenizer
t.normalizer = N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")])
t.pre_tokenizer = P.Sequence([])
library("llama", t)
plain("xlm-roberta", base, "sentencepiece.bpe.model", "XLMRobertaTokenizer", mask_token={"content": "<mask>", "lstrip": True, "rstrip": False, "normalized": False, "single_word": False, "__type": "AddedToken"})
t = transformers.XLMRobertaTokenizer.from_pretrained(os.path.join(OUT, "xlm-roberta")).backend_tokenizer
library("xlm-roberta", t)
new = {"lstrip": False, "rstrip": True, "normalized": True, "single_word": False, "special": False}
plain("xlm-roberta-added", base, "sentencepiece.bpe.model", "XLMRobertaTokenizer", added_tokens_decoder={
    "403": {**new, "content": "hello"}, "404": {**new, "content": "<new>", "special": True, "single_word": True}, "402": {**new, "content": "<mask>", "special": True, "lstrip": True}})
plain("camembert", base, "sentencepiece.bpe.model", "CamembertTokenizer")
albert = train(unk_id=1, bos_id=-1, eos_id=-1, pad_id=0, control_symbols=["[CLS]", "[SEP]", "[MASK]"])
plain("albert", albert, "spiece.model", "AlbertTokenizer")
plain("albert-cased", albert, "spiece.model", "AlbertTokenizer", do_lower_case=False, keep_accents=True)
plain("t5", train(unk_id=2, bos_id=-1, eos_id=1, pad_id=0, user_defined_symbols=["=="]), "spiece.model", "T5Tokenizer", extra_ids=7)
