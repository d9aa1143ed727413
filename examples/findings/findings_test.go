package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestProgram runs the program as it is over the example organization.
func TestProgram(t *testing.T) {
	args, stdout := os.Args, os.Stdout
	defer func() { os.Args, os.Stdout = args, stdout }()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	os.Args = []string{"findings", filepath.Join("..", "..", "internal", "organization", "organization.ndjson.gz")}
	os.Stdout = w
	printed := make(chan string)
	go func() {
		text, _ := io.ReadAll(r)
		printed <- string(text)
	}()
	main()
	require.NoError(t, w.Close())
	text := <-printed
	assert.Contains(t, text, "fail critical aws-s3-bucket-not-public arn:aws:s3:::")
	assert.Contains(t, text, "unknown ")
	assert.Regexp(t, `(?m)^[0-9]+ judged: [0-9]+ fail, [0-9]+ unknown$`, text)
}
