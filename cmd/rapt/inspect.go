package main

// rapt inspect: what a checkpoint is, and whether it is whole.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model/task"
)

type inspected struct {
	ModelType  string                     `json:"model_type"`
	Class      string                     `json:"class"`
	Config     map[string]json.RawMessage `json:"config"`
	Parameters int64                      `json:"parameters"`
	Bytes      int64                      `json:"bytes"`
	Memory     memory                     `json:"memory"`
	Tokenizer  string                     `json:"tokenizer,omitempty"`
	Tasks      []string                   `json:"tasks"`
	Unused     []string                   `json:"unused"`
	Tensors    []tensor                   `json:"tensors,omitempty"`
}

type memory struct {
	F32  int64 `json:"f32"`
	BF16 int64 `json:"bf16"`
	Int8 int64 `json:"int8"`
}

type tensor struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	File  string `json:"file"`
}

type inspectRun struct {
	common
	tensors bool
}

func inspectCommand(a *app) *cobra.Command {
	r := &inspectRun{common: common{app: a}}
	cmd := &cobra.Command{
		Use:     "inspect [DIR]",
		GroupID: groupTools,
		Short:   "Describe and check a model's folder",
		Long: `Describe a model's folder, after checking its configuration, its weights, and if
there is one its tokenizer, in this order; in a folder of sentence-transformers
those of its encoder, and its other modules. The first error ends it with status 1.
Without DIR it is the embedded model.`,
		Example: `  rapt inspect ./bert
  rapt inspect google-bert/bert-base-uncased --tensors --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 0 && r.model != "":
				return usagef("the folder is given as argument and by --model: give one of them")
			case len(args) > 0 && args[0] == "":
				return usagef("DIR is empty")
			case len(args) > 0:
				r.model = args[0]
			}
			return r.run()
		},
	}
	r.modelFlag(cmd, modelUsage+", in place of the argument")
	r.outputFlags(cmd)
	cmd.Flags().BoolVar(&r.tensors, "tensors", false, "list every tensor of the files")
	r.idleFlags(cmd)
	return cmd
}

func (r *inspectRun) run() error {
	dir, fsys, err := r.folder()
	if err != nil {
		return failure{err}
	}
	var opts []task.Option
	if fsys != nil {
		opts = append(opts, task.FromFS(fsys))
	}
	c, err := task.Inspect(dir, opts...)
	if err != nil {
		return failure{err}
	}
	v := inspected{ModelType: c.ModelType, Class: c.Class, Config: c.Config, Parameters: c.Parameters, Bytes: c.Bytes,
		Memory: memory{c.Memory.F32, c.Memory.BF16, c.Memory.Int8}, Tasks: list(c.Tasks), Unused: list(c.Unused)}
	if c.Tokenizer != "" {
		v.Tokenizer = fmt.Sprintf("%s, %d tokens", c.Tokenizer, c.Words)
	}
	if r.tensors {
		for _, t := range c.Tensors {
			v.Tensors = append(v.Tensors, tensor{t.Name, string(t.DType), list(t.Shape), t.File})
		}
	}
	o := r.output(nil)
	if r.json {
		if err := o.object(v); err != nil {
			return err
		}
	} else {
		v.describe(&o.buf)
	}
	return o.flush()
}

// describe writes v for people.
func (v *inspected) describe(buf io.Writer) {
	w := tabwriter.NewWriter(buf, 0, 8, 2, ' ', 0) // a bytes.Buffer takes everything
	row := func(name string, columns ...string) {
		for _, c := range columns {
			name += "\t" + printable(c)
		}
		fmt.Fprintln(w, name)
	}
	row("model", strings.TrimSpace(v.ModelType+" "+v.Class))
	row("tasks", strings.Join(v.Tasks, ", "))
	row("parameters", thousands(v.Parameters))
	row("files", byteSize(v.Bytes)+" of tensors")
	row("memory", fmt.Sprintf("%s as f32, %s as bf16, %s as int8", byteSize(v.Memory.F32), byteSize(v.Memory.BF16), byteSize(v.Memory.Int8)))
	row("tokenizer", cmp.Or(v.Tokenizer, "none"))
	row("unused", cmp.Or(strings.Join(v.Unused, ", "), "none"))
	for i, key := range slices.Sorted(maps.Keys(v.Config)) {
		row([]string{"config", ""}[min(i, 1)], key+": "+oneLine(v.Config[key]))
	}
	for i, t := range v.Tensors {
		row([]string{"tensors", ""}[min(i, 1)], t.Name, t.DType, fmt.Sprint(t.Shape), t.File)
	}
	w.Flush()
}

// oneLine is a JSON value on one short line.
func oneLine(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return short(raw)
	}
	return short(b.Bytes())
}

// thousands is n with commas.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
