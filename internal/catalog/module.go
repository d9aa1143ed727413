package catalog

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Download fetches modules, each path@version, and returns the directories that
// they are in, in the same order. The modules of the directory that it is called
// from play no part.
func Download(modules ...string) ([]string, error) {
	dir, err := os.MkdirTemp("", "catalog")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module catalog\n"), 0o666); err != nil {
		return nil, err
	}
	var dirs []string
	for _, m := range modules {
		cmd := exec.Command("go", "mod", "download", "-json", m)
		cmd.Dir = dir
		out, err := cmd.Output()
		var got struct{ Dir, Error string }
		if jsonErr := json.Unmarshal(out, &got); jsonErr != nil || err != nil {
			return nil, fmt.Errorf("go mod download %s: %v %s", m, err, got.Error)
		}
		dirs = append(dirs, got.Dir)
	}
	return dirs, nil
}
