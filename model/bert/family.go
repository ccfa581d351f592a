package bert

// A Family of models shares the encoder with the others. Its checkpoints have names of
// their own, and its heads and positions differ in detail.
type Family uint8

// The families.
const (
	BERT    Family = iota // modeling_bert.py
	RoBERTa               // modeling_roberta.py (Liu et al. 2019); XLM-RoBERTa and CamemBERT
)

// String is the family's name.
func (f Family) String() string {
	if f == RoBERTa {
		return "RoBERTa"
	}
	return "BERT"
}

// familyOf is the family of a model_type, and its default vocab_size.
func familyOf(modelType string) (f Family, vocab int) {
	switch modelType {
	case "roberta":
		return RoBERTa, 50265
	case "camembert", "xlm-roberta":
		return RoBERTa, 30522
	}
	return BERT, 30522
}

// names is where a family's checkpoints have what others have elsewhere.
type names struct {
	encoder     string // before the encoder's names, with a dot
	predictions string // the head for masked words, which has decoder and bias
	transform   string // of that head: a dense layer
	norm        string // of that head
	pooler      string // what the head for sequences pools with; empty if that is the encoder's
	classifier  string // of sequences, the layer after it
}

func (f Family) names() names {
	if f == RoBERTa {
		return names{encoder: "roberta.", predictions: "lm_head", transform: "dense", norm: "layer_norm",
			pooler: "classifier.dense", classifier: "classifier.out_proj"}
	}
	return names{encoder: "bert.", predictions: "cls.predictions", transform: "transform.dense", norm: "transform.LayerNorm",
		classifier: "classifier"}
}
