// Package cli holds what the example programs share: a small command dispatcher, the
// flags that select policies and outputs, and the exit codes. It links no cloud SDK;
// a program that scans live clouds passes them in as [Cloud] values.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/printable"
)

// The exit codes of every command.
const (
	Clean   = 0 // nothing at or above -fail-on fails or is unknown
	Found   = 1 // something does
	Trouble = 2 // the job could not be done, or nothing was judged
)

// IO holds the streams of a command.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
}

// Command is one job of a program.
type Command struct {
	Name    string
	Args    string // of the usage line: "POLICY ASSET"
	Summary string // one line of the list of commands

	// Flags registers the flags of the command. Nil: it has none.
	Flags func(*flag.FlagSet)
	// Run does the job with the arguments that follow the flags. An error is printed,
	// and goes with [Trouble].
	Run func(ctx context.Context, io IO, args []string) (code int, err error)
}

// Exec runs the command of a program and ends the process with its exit code. The first
// interrupt cancels the context of the command, a second one ends the process.
func Exec(run func(ctx context.Context, io IO, args []string) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	in := &interruptible{ctx: ctx, from: os.Stdin}
	os.Exit(run(ctx, IO{In: in, Out: os.Stdout, Err: os.Stderr}, os.Args[1:]))
}

// Main runs a command with its flags and arguments, and returns the exit code. The name
// of the program begins every line that it prints to standard error.
func (c *Command) Main(ctx context.Context, program string, io IO, args []string) int {
	fl := flag.NewFlagSet(program, flag.ContinueOnError)
	fl.SetOutput(io.Err)
	fl.Usage = func() {
		fmt.Fprintf(io.Err, "usage: %s\n\n%s.\n", strings.TrimSpace(program+" [flags] "+c.Args), c.Summary)
		if c.Flags != nil {
			fmt.Fprintln(io.Err)
			fl.PrintDefaults()
		}
	}
	if c.Flags != nil {
		c.Flags(fl)
	}
	switch err := fl.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return Clean
	case err != nil:
		return Trouble // the flag set has printed it
	}
	code, err := c.Run(ctx, io, fl.Args())
	if err != nil {
		fmt.Fprintf(io.Err, "%s: %s\n", program, printable.Lines(secret.Mask(err.Error())))
		return Trouble
	}
	return code
}

// Dispatch runs the command that the first argument names.
func Dispatch(ctx context.Context, program string, io IO, args []string, commands ...*Command) int {
	usage := func() {
		fmt.Fprintf(io.Err, "usage: %s COMMAND [flags] [arguments]\n\n", program)
		for _, c := range commands {
			fmt.Fprintf(io.Err, "  %-11s %s\n", c.Name, c.Summary)
		}
		fmt.Fprintf(io.Err, "\n%s COMMAND -help lists the flags of a command.\n", program)
	}
	if len(args) == 0 {
		usage()
		return Trouble
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) < 2 {
			usage()
			return Clean
		}
		args = []string{args[1], "-help"}
	}
	i := slices.IndexFunc(commands, func(c *Command) bool { return c.Name == args[0] })
	if i < 0 {
		names := make([]string, len(commands))
		for i, c := range commands {
			names[i] = c.Name
		}
		fmt.Fprintf(io.Err, "%s: unknown command %q (has %s)\n", program, args[0], strings.Join(names, ", "))
		return Trouble
	}
	return commands[i].Main(ctx, program+" "+commands[i].Name, io, args[1:])
}

// noArguments is the error of a command that takes flags only.
func noArguments(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	return nil
}

// list is a flag that holds several strings, separated by commas or repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(text string) error {
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s == "" {
			return errors.New("an empty name in the list")
		}
		*l = append(*l, s)
	}
	return nil
}

// List returns a flag value that appends to a list of strings, separated by commas or
// repeated.
func List(to *[]string) flag.Value { return (*list)(to) }

// paths is a flag that is repeated; its values may have commas.
type paths []string

func (p *paths) String() string { return strings.Join(*p, ",") }

// Set implements flag.Value.
func (p *paths) Set(s string) error { *p = append(*p, s); return nil }

// interruptible is a reader that returns the cause of a context once it is done, though
// a read of what it reads from may block for ever.
type interruptible struct {
	ctx  context.Context
	from io.Reader
	got  chan read
	rest []byte
	err  error
}

type read struct {
	data []byte
	err  error
}

// Read implements io.Reader.
func (r *interruptible) Read(p []byte) (int, error) {
	if r.got == nil {
		r.got = make(chan read)
		go func() {
			for {
				data := make([]byte, 64<<10)
				n, err := r.from.Read(data)
				select {
				case r.got <- read{data[:n], err}:
				case <-r.ctx.Done():
					return
				}
				if err != nil {
					return
				}
			}
		}()
	}
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		select {
		case x := <-r.got:
			r.rest, r.err = x.data, x.err
		case <-r.ctx.Done():
			return 0, context.Cause(r.ctx)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
