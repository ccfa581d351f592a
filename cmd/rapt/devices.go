package main

// rapt devices: what models can run on here.

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/gpu/auto"
)

type device struct {
	Backend   string   `json:"backend"`
	Available bool     `json:"available"`
	Name      string   `json:"name"`
	Reason    string   `json:"reason,omitempty"`
	Remedy    string   `json:"remedy,omitempty"`
	Memory    int64    `json:"memory"`
	Threads   int      `json:"threads,omitempty"`
	Tiers     []string `json:"tiers,omitempty"`
}

func devicesCommand(a *app) *cobra.Command {
	c := &common{app: a}
	cmd := &cobra.Command{
		Use:     "devices",
		GroupID: groupTools,
		Short:   "List the backends, and why one is not available",
		Long:    `List the backends, the available ones first, and why one is not available.`,
		Example: "  rapt devices\n  rapt devices --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if !c.json {
				return c.deviceTable(auto.Devices())
			}
			o := c.output(nil)
			for _, d := range auto.Devices() {
				if err := o.object(device(d)); err != nil {
					return err
				}
			}
			return o.flush()
		},
	}
	c.outputFlags(cmd)
	c.idleFlags(cmd)
	return cmd
}

// deviceTable writes a table for people.
func (c *common) deviceTable(devices []auto.Device) error {
	w := tabwriter.NewWriter(c.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "BACKEND\tAVAILABLE\tNAME\tFREE MEMORY\tDETAILS")
	for _, d := range devices {
		if !d.Available {
			fmt.Fprintf(w, "%s\tno\t-\t-\t%s; %s\n", d.Backend, printable(d.Reason), d.Remedy)
			continue
		}
		var details []string
		if d.Threads > 0 {
			details = append(details, count(d.Threads, "thread"))
		}
		if len(d.Tiers) > 0 {
			details = append(details, "tiers "+strings.Join(d.Tiers, ", "))
		}
		fmt.Fprintf(w, "%s\tyes\t%s\t%s\t%s\n", d.Backend, printable(d.Name), byteSize(d.Memory), strings.Join(details, "; "))
	}
	if err := w.Flush(); err != nil {
		return writeError(err)
	}
	return nil
}

// byteSize is a number of bytes in the unit that suits it.
func byteSize(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	x, prefix := float64(n)/unit, 0
	for ; x >= unit && prefix < len("KMGTPE")-1; prefix++ {
		x /= unit
	}
	return fmt.Sprintf("%.1f %ciB", x, "KMGTPE"[prefix])
}
