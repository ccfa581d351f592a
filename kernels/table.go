package kernels

import "slices"

// A line for each entry point, by source and name. A test compares it with the PTX.
var table = slices.Concat(
	attentionTable,
	castTable,
	crossEntropyTable,
	embedTable,
	fillTable,
	gemmTable,
	normTable,
	pointwiseTable,
	poolTable,
	putTable,
	sampleTable,
	scatterTable,
	softmaxTable,
	takeTable,
	topkTable,
	warpTable,
)
