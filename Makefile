# What developers run. Users need only go run and go test; .ci/run is what every change must pass.

GO ?= go
PYTHON ?= python3
CLANG ?= clang++-19
PTXAS ?= bin/ptxas
FUZZTIME ?= 10m
FUZZ = $(GO) test -run '^$$' -fuzztime $(FUZZTIME)

.PHONY: test race lint purego cross ci golden mutants soak fuzz bench bench-tokenizer compare-sentence test-sim cuda test-cuda race-cuda test-gpu bench-gpu ptx ptxas kernels-table twins ptx-legality ptx-legality-12.0

test:
	$(GO) test ./...

# The steps of .ci/run, and all of them.
lint purego race cross:
	.ci/run $@

ci:
	.ci/run

# Checkpoints and tokenizers beside transformers' numbers, with the figures printed.
golden:
	$(GO) test ./model/zoo ./model/tokenizer -run '^TestGolden$$' -v -count=1

# Breaks the CPU kernels in one place after the other: the conformance suite must notice each. About five minutes.
mutants:
	$(GO) run ./gpu/gputest/mutants

# Ten minutes of requests that join, leave and are cancelled, under the race detector.
soak:
	$(GO) test -race ./model/generate -run '^TestSoak$$' -soak 10m -timeout 20m -v -count=1

# FUZZTIME for each target.
fuzz:
	$(FUZZ) -fuzz '^FuzzHeader$$' -fuzzminimizetime 1x ./model/safetensors
	$(FUZZ) -fuzz '^FuzzIndex$$' -fuzzminimizetime 1x ./model/safetensors
	$(FUZZ) -fuzz '^FuzzConfig$$' -fuzzminimizetime 10x ./model/bert
	$(FUZZ) -fuzz '^FuzzTokenizerJSON$$' -fuzzminimizetime 1x ./model/tokenizer
	$(FUZZ) -fuzz '^FuzzSentencePiece$$' -fuzzminimizetime 1x ./model/tokenizer
	$(FUZZ) -fuzz '^FuzzBytes$$' -fuzzminimizetime 1x ./model/tokenizer
	$(FUZZ) -fuzz '^FuzzRegex$$' -fuzzminimizetime 1x ./model/tokenizer
	$(FUZZ) -fuzz '^FuzzMerges$$' -fuzzminimizetime 1x ./model/tokenizer
	$(FUZZ) -fuzz '^FuzzRoundTrip$$' -fuzzminimizetime 1x ./model/tokenizer
	$(FUZZ) -fuzz '^FuzzParse$$' -fuzzminimizetime 10x ./cuda/ptx
	$(FUZZ) -fuzz '^FuzzLoad$$' -fuzzminimizetime 10x ./cuda/sim

bench:
	$(GO) test -run '^$$' -bench . ./cpu_fallback ./model/...

# MODEL is a folder with a WordPiece tokenizer.json; needs Python with tokenizers.
bench-tokenizer:
	cd bench/tokenizer && $(PYTHON) compare.py $(abspath $(MODEL))

# MODEL is a folder of sentence-transformers (with modules.json); needs Python with sentence-transformers.
compare-sentence:
	mkdir -p bin
	$(GO) build -o bin/rapt ./cmd/rapt
	$(PYTHON) bench/sentence/compare.py $(MODEL) bin/rapt

# The whole conformance suite on every simulated GPU, in every numerics mode: hours.
test-sim:
	$(GO) test ./cuda -run '^TestConformance$$' -full -count=1 -timeout 12h

# bin/rapt with the driver of NVIDIA's GPUs through cgo. Without cgo it is CGO_ENABLED=0 go build -tags cuda.
LIBCUDA = $(CURDIR)/cuda/nvidia/libcuda
CUDA_ENV = CGO_ENABLED=1 CGO_CFLAGS="-I$(LIBCUDA) $$($(GO) env CGO_CFLAGS)" CGO_LDFLAGS="-L$(LIBCUDA) $$($(GO) env CGO_LDFLAGS)"
cuda:
	mkdir -p bin
	$(CUDA_ENV) $(GO) build -tags cuda -o bin/rapt ./cmd/rapt

# The driver over a stand-in for NVIDIA's library that simulates GPUs, with cgo and without; golden models through it.
STANDIN = ./cuda/nvidia/... ./gpu/auto ./bench/gpu
test-cuda:
	$(CUDA_ENV) $(GO) test -tags cuda $(STANDIN)
	$(CUDA_ENV) $(GO) test -tags cuda ./model/zoo -run '^TestGoldenStandIn$$'
	CGO_ENABLED=0 $(GO) test -tags cuda $(STANDIN)
	CGO_ENABLED=0 $(GO) test -tags cuda ./model/zoo -run '^TestGoldenStandIn$$'

# The same under the race detector, where goroutines meet: of the conformance suite layers and memory, threads, and a command.
race-cuda:
	$(CUDA_ENV) $(GO) test -race -tags cuda ./cuda/nvidia -run '^TestConformance$$/^(Layer|Memory)$$|^TestCommandRace$$|^TestThreads$$|^TestCloseUnderWork$$'

# The whole conformance suite and the golden models on the GPUs of this machine.
test-gpu:
	RAPT_GPU=1 $(CUDA_ENV) $(GO) test -tags cuda ./cuda/nvidia -run '^TestGPU$$' -v -count=1 -timeout 1h
	RAPT_GPU=1 $(CUDA_ENV) $(GO) test -tags cuda ./model/zoo -run '^TestGoldenGPU$$' -v -count=1 -timeout 1h

# Times of operations, a layer and forwards on a GPU of this machine, beside its peaks: bin/bench-gpu.json and .md.
GPU ?= cuda:0
bench-gpu:
	mkdir -p bin
	$(CUDA_ENV) $(GO) run -tags cuda ./bench/gpu -backend $(GPU) -json bin/bench-gpu.json -md bin/bench-gpu.md
	cat bin/bench-gpu.md

# Compiles kernels/cu to kernels/ptx (Debian's clang-19), the twins of the tests, and the lab's kernels.
ptx:
	CLANG=$(CLANG) kernels/_build/ptx.sh
	CLANG=$(CLANG) kernels/_build/lab.sh

# Assembles all PTX: registers, spills, shared memory, blocks of an SM, the mix of the hot loop. ptxas and nvdisasm are downloaded into bin/cuda
# unless $(PTXAS) exists.
ptxas:
	$(PYTHON) kernels/_build/ptxas.py $(if $(wildcard $(PTXAS)),--ptxas $(PTXAS)) --json kernels/testdata/ptxas.json

# The tables of kernels/README.md: counters of the simulator, and what ptxas said last.
kernels-table:
	$(GO) run ./bench/kernels -w kernels/README.md

# Device functions against the host's compiler, a million numbers each.
twins:
	$(GO) test ./kernels -run '^TestTwinsHost$$' -v -count=1 -clang $(CLANG)

# Asks a real ptxas (12.9.86, PyPI wheel nvidia-cuda-nvcc-cu12) about the probes of cuda/ptx/_legality and records its verdicts. About ten
# minutes; the second with 12.0.76, the oldest that shipped files must pass.
ptx-legality:
	$(PYTHON) cuda/ptx/_legality/record.py --ptxas $(PTXAS) --max-rows 2500 --out cuda/ptx/testdata/legality.json.gz

ptx-legality-12.0:
	$(PYTHON) cuda/ptx/_legality/record.py --ptxas $(PTXAS) --until 8.0 --seed 2 --max-rows 600 --out cuda/ptx/testdata/legality_12.0.json.gz
