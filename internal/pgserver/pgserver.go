// Package pgserver runs a PostgreSQL server for tests.
package pgserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

type server struct {
	dir  string    // of the socket
	life io.Closer // the standard input of the process that waits for the end, kept so that it is not collected
	err  error
}

var errAbsent = errors.New("PostgreSQL is not installed")

// running is the server of this test binary. It ends with the binary, because a process waits
// for the end of its standard input, and removes the data.
var running = sync.OnceValue(func() (s server) {
	s.dir, s.life, s.err = start()
	return s
})

// Connection returns the connection string of a database of the server. The name of the
// database is "postgres", its encoding UTF8 and its locale C.UTF-8. Connection skips the test
// if PostgreSQL is not installed.
func Connection(t testing.TB) string {
	t.Helper()
	s := running()
	if errors.Is(s.err, errAbsent) {
		t.Skip(s.err)
	} else if s.err != nil {
		t.Fatal(s.err)
	}
	return "host=" + s.dir + " user=postgres dbname=postgres"
}

// bin returns the directory of the server's programs.
func bin() (string, error) {
	if all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(all) > 0 {
		return filepath.Dir(all[len(all)-1]), nil
	}
	if program, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(program), nil
	}
	return "", errAbsent
}

// credential returns the user of the server, which refuses to run as root.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("%w: there is no user to run it", errAbsent)
}

func start() (dir string, life io.Closer, err error) {
	programs, err := bin()
	if err != nil {
		return "", nil, err
	}
	who, err := credential()
	if err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp("", "stance-pg-"); err != nil {
		return "", nil, err
	}
	if who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			return "", nil, err
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
		return cmd
	}
	data := filepath.Join(dir, "data")
	out, err := command(filepath.Join(programs, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	if err != nil {
		return "", nil, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	// Files of 16 MB are the smallest; the tests lose nothing if the machine stops.
	cmd := command("sh", "-c", `"$0/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c shared_buffers=64MB -c max_connections=200 </dev/null >"$1/log" 2>&1 &
		cat >/dev/null; kill -QUIT $!; wait; rm -rf "$1"`, programs, dir)
	if life, err = cmd.StdinPipe(); err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	for range 600 {
		if command(filepath.Join(programs, "pg_isready"), "-q", "-h", dir).Run() == nil {
			return dir, life, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(filepath.Join(dir, "log"))
	return "", nil, fmt.Errorf("the server does not start: %s", text)
}
