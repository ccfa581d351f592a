"""Writes testdata/cases.json: what transformers generates, greedily and by beam search, from a model that is a table.

    pip install torch transformers && python fixtures.py > ../testdata/cases.json

Arguments, a seed and a number, give another model and so many random cases. Made with transformers 5.24.0, torch 2.15.0.

The logits of what follows a, b at position p are last[b] + before[a] + at[p % len(at)], all multiples of 1/1024, so that
they are exact in float32. A case is kept if noise of 2e-4 on every logit leaves all ids as they are.
"""

import json
import logging
import random
import sys
import warnings

import torch
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers import StoppingCriteria, StoppingCriteriaList
from transformers.modeling_outputs import CausalLMOutput

warnings.simplefilter("ignore")
logging.getLogger("transformers").setLevel(logging.ERROR)

VOCAB, EOS = 24, 1


def tables(seed):
    g = torch.Generator().manual_seed(seed)
    make = lambda n, scale: (torch.randn(n, VOCAB, generator=g) * scale * 1024).round()
    last, before, at = make(VOCAB, 2.0), make(VOCAB, 1.2), make(5, 0.8)
    last[:, EOS] += 1024  # ends are likely enough to happen
    return {"last": last, "before": before, "at": at}


class Config(PretrainedConfig):
    model_type = "table"


class Table(PreTrainedModel, GenerationMixin):
    config_class = Config
    main_input_name = "input_ids"

    def __init__(self, t, noise=0.0):
        super().__init__(Config())
        self.t, self.noise = t, noise
        self.anchor = torch.nn.Parameter(torch.zeros(1))

    def forward(self, input_ids=None, **_):
        x = self.t["last"][input_ids].clone()
        x[:, 1:] += self.t["before"][input_ids[:, :-1]]
        x += self.t["at"][torch.arange(input_ids.shape[1]) % len(self.t["at"])]
        x /= 1024
        if self.noise:
            x += self.noise * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
        return CausalLMOutput(logits=x.float())


class Stop(StoppingCriteria):
    """Ends a sequence whose new tokens end with any of the lists."""

    def __init__(self, lists, prompt):
        self.lists, self.prompt = lists, prompt

    def __call__(self, ids, scores, **_):
        new = [row[self.prompt :].tolist() for row in ids]
        return torch.tensor([any(row[-len(s) :] == s for s in self.lists) for row in new])


def run(t, case, noise=0.0):
    model = Table(t, noise)
    options = {"use_cache": False, "pad_token_id": 0, **case["options"]}
    config = GenerationConfig(**options, return_dict_in_generate=True, output_scores=True)
    stop = [Stop(case["stop"], len(case["prompt"]))] if "stop" in case else []
    torch.manual_seed(0)
    with torch.no_grad():
        out = model.generate(torch.tensor([case["prompt"]]), config, stopping_criteria=StoppingCriteriaList(stop))
    beams = options.get("num_beams", 1) > 1
    new = out.sequences[:, len(case["prompt"]) :].tolist()
    if beams:  # rows are padded to the longest
        lengths = (out.beam_indices >= 0).sum(1).tolist()
        return [row[:n] for row, n in zip(new, lengths)], out.sequences_scores.tolist()
    return new, None


def cases(r, count):
    prompts = [[5], [3, 7, 7, 2], [2, 9, 4, 2, 9, 6, 2, 9, 4, 2, 9]]
    rules = [
        {},
        {"eos_token_id": EOS},
        {"eos_token_id": [EOS, 8, 13]},
        {"eos_token_id": EOS, "min_new_tokens": 6},
        {"eos_token_id": EOS, "min_length": 9},
        {"eos_token_id": [EOS, 8], "min_length": 9, "min_new_tokens": 2},
        {"repetition_penalty": 1.5},
        {"repetition_penalty": 0.7, "eos_token_id": EOS},
        {"no_repeat_ngram_size": 1, "eos_token_id": EOS},
        {"no_repeat_ngram_size": 2},
        {"no_repeat_ngram_size": 3, "eos_token_id": EOS},
        {"no_repeat_ngram_size": 40},
        {"bad_words_ids": [[7], [2, 9], [9, 4, 2], [4, 4], [EOS]], "eos_token_id": EOS},
        {"bad_words_ids": [[EOS], [3, EOS], [7, 2], [2, 2]], "eos_token_id": 8},
        {"suppress_tokens": [2, 9, 17, 4]},
        {"begin_suppress_tokens": [EOS, 2, 9, 17, 4, 7], "eos_token_id": EOS},
        {"forced_bos_token_id": 11, "begin_suppress_tokens": [EOS, 2, 9], "eos_token_id": EOS},
        {"forced_eos_token_id": EOS, "eos_token_id": EOS},
        {"forced_eos_token_id": EOS},
        {"forced_bos_token_id": 11, "forced_eos_token_id": EOS, "eos_token_id": [EOS, 8]},
    ]
    searches = [
        {},
        {"num_beams": 4, "num_return_sequences": 4},
        {"num_beams": 3, "num_return_sequences": 2, "early_stopping": True},
        {"num_beams": 3, "num_return_sequences": 3, "early_stopping": "never", "length_penalty": 1.5},
        {"num_beams": 4, "num_return_sequences": 3, "length_penalty": 2.0},
        {"num_beams": 4, "num_return_sequences": 4, "length_penalty": 0.0},
        {"num_beams": 2, "num_return_sequences": 2, "length_penalty": -1.0, "early_stopping": "never"},
        {"num_beams": 5, "num_return_sequences": 5, "length_penalty": 0.6, "early_stopping": "never"},
        {"num_beams": 4, "num_return_sequences": 2, "renormalize_logits": True},
    ]
    lengths = [{"max_new_tokens": 14}, {"max_length": 20}, {"max_new_tokens": 5, "max_length": 15}]
    for i, rule in enumerate(rules):  # every rule, greedily and with two searches; every search often
        for search in [searches[0], searches[1 + i % 8], searches[1 + (3 * i + 2) % 8]]:
            yield {"prompt": prompts[r.randrange(3)], "options": {**rule, **search, **lengths[i % 3]}}
    for _ in range(count):  # several rules at once
        options = {}
        for rule in r.sample(rules, 3):
            options |= rule
        case = {"prompt": r.choice(prompts), "options": {**options, **r.choice(searches), **r.choice(lengths)}}
        if r.random() < 0.3:
            case["stop"] = [[r.randrange(VOCAB)], [r.randrange(VOCAB), r.randrange(VOCAB)]]
        yield case
    yield {"prompt": prompts[1], "options": {"forced_eos_token_id": [8, EOS], "eos_token_id": [EOS, 8], "max_new_tokens": 6}}
    for search in searches:
        yield {"prompt": prompts[1], "options": {**search, **lengths[0]}, "stop": [[9], [4, 2], [6, 3], [17]]}


def main():
    seed, count = [int(a) for a in sys.argv[1:]] or (3, 60)
    t, kept, left_out = tables(seed), [], 0
    for case in cases(random.Random(seed), count):
        case["generated"], scores = run(t, case)
        if scores:
            case["scores"] = scores
            if min(scores) < -1e8:  # it had too few candidates
                left_out += 1
                continue
        if run(t, case, 2e-4)[0] != case["generated"]:
            left_out += 1
            continue
        kept.append(case)
    model = {k: v.int().tolist() for k, v in t.items()}
    lines = ",\n".join(json.dumps(c) for c in kept)
    tables_text = ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in model.items())
    print("{" + tables_text + ',\n"cases": [\n' + lines + "\n]}")
    print(f"{len(kept)} cases, {left_out} left out", file=sys.stderr)


main()
