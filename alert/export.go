package alert

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// exportFormat and exportVersion are in the first line of an export.
const (
	exportFormat  = "stance-alerts"
	exportVersion = 1
)

// exportHeader is the first line of an export.
type exportHeader struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

// exportEnd is the last line of an export. Without it an export is incomplete.
type exportEnd struct {
	End *int `json:"end"` // number of records
}

// Export writes everything that a store has of a tenant as JSON, a line for each record
// between a header and an end. It reads one state of the store. [Import] reads the lines.
func Export(ctx context.Context, st Store, tenant string, w io.Writer) error {
	err := st.Read(ctx, View{Tenant: tenant}, func(r Reader) error {
		out := bufio.NewWriterSize(w, 64<<10)
		enc := json.NewEncoder(out)
		if err := enc.Encode(exportHeader{exportFormat, exportVersion}); err != nil {
			return err
		}
		n := 0
		for rec, err := range r.Records() {
			if err != nil {
				return err
			}
			if err := enc.Encode(rec); err != nil {
				return err
			}
			n++
		}
		if err := enc.Encode(exportEnd{&n}); err != nil {
			return err
		}
		return out.Flush()
	})
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}
