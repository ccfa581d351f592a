package kernels

// The kernels of attention.h's parameters have 45; attention_combine has its own.
const attentionParams = 45

var attentionTable = []Kernel{
	{Name: "attention_combine", Stem: "attention_simt", Target: 75, Threads: 128, Tile: 1, Params: 16},
	{Name: "attention_few128", Stem: "attention_simt", Target: 75, Threads: 128, Tile: 16, Params: attentionParams, Shared: 27904},
	{Name: "attention_few32", Stem: "attention_simt", Target: 75, Threads: 128, Tile: 16, Params: attentionParams, Shared: 14080},
	{Name: "attention_few64", Stem: "attention_simt", Target: 75, Threads: 128, Tile: 16, Params: attentionParams, Shared: 24320},
	{Name: "attention_flash128_bf16", Stem: "attention_flash", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 49152},
	{Name: "attention_flash128_f16", Stem: "attention_flash", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 49152},
	{Name: "attention_flash16_bf16", Stem: "attention_flash", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 10240},
	{Name: "attention_flash16_f16", Stem: "attention_flash", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 10240},
	{Name: "attention_flash256_bf16", Stem: "attention_flash", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 32768},
	{Name: "attention_flash256_f16", Stem: "attention_flash", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 32768},
	{Name: "attention_flash32_bf16", Stem: "attention_flash", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 20480},
	{Name: "attention_flash32_f16", Stem: "attention_flash", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 20480},
	{Name: "attention_flash64_bf16", Stem: "attention_flash", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 40960},
	{Name: "attention_flash64_f16", Stem: "attention_flash", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 40960},
	{Name: "attention_general128_bf16", Stem: "attention_general", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 49152},
	{Name: "attention_general128_f16", Stem: "attention_general", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 49152},
	{Name: "attention_general16_bf16", Stem: "attention_general", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 10240},
	{Name: "attention_general16_f16", Stem: "attention_general", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 10240},
	{Name: "attention_general256_bf16", Stem: "attention_general", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Dynamic: 66176},
	{Name: "attention_general256_f16", Stem: "attention_general", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Dynamic: 66176},
	{Name: "attention_general32_bf16", Stem: "attention_general", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 20480},
	{Name: "attention_general32_f16", Stem: "attention_general", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 20480},
	{Name: "attention_general64_bf16", Stem: "attention_general", Target: 80, Threads: 128, Tile: 64, Params: attentionParams, Shared: 40960},
	{Name: "attention_general64_f16", Stem: "attention_general", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 40960},
	{Name: "attention_simt128", Stem: "attention_simt", Target: 75, Threads: 128, Tile: 32, Params: attentionParams, Shared: 38912},
	{Name: "attention_simt256", Stem: "attention_simt", Target: 75, Threads: 128, Tile: 16, Params: attentionParams, Shared: 34816},
	{Name: "attention_simt32", Stem: "attention_simt", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 28672},
	{Name: "attention_simt64", Stem: "attention_simt", Target: 75, Threads: 128, Tile: 64, Params: attentionParams, Shared: 45056},
}
