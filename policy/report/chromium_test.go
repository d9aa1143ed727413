package report_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// chromium is a headless browser that a test drives by the Chrome DevTools Protocol,
// over pipes.
type chromium struct {
	t       *testing.T
	to      io.Writer
	from    *bufio.Reader
	id      int
	session string
}

// startChromium starts a browser with an empty page. It skips the test if there is no
// browser.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not on the PATH")
	}
	in, to, err := os.Pipe()
	require.NoError(t, err)
	from, out, err := os.Pipe()
	require.NoError(t, err)
	profile, err := os.MkdirTemp("", "stance-chromium")
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile,
		"--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{in, out} // file descriptors 3 and 4
	require.NoError(t, cmd.Start())
	in.Close()
	out.Close()
	c := &chromium{t: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		_ = c.send("Browser.close", nil)
		_ = cmd.Wait()
		to.Close()
		from.Close()
		_ = os.RemoveAll(profile) // processes of the browser may still write there
	})
	var target struct{ TargetID string }
	c.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	c.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	c.session = session.SessionID
	c.call("Page.enable", nil, nil)
	return c
}

// run runs a subtest on a screen of a width, with or without scripts in pages.
func (c *chromium) run(name string, width int, scripts bool, f func(t *testing.T)) {
	t := c.t
	defer func() { c.t = t }()
	t.Run(name, func(t *testing.T) {
		c.t = t
		c.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
		c.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": !scripts}, nil)
		f(t)
	})
}

func (c *chromium) send(method string, params any) error {
	c.id++
	m := map[string]any{"id": c.id, "method": method, "params": params}
	if params == nil {
		m["params"] = map[string]any{}
	}
	if c.session != "" {
		m["sessionId"] = c.session
	}
	b, err := json.Marshal(m)
	if err == nil {
		_, err = c.to.Write(append(b, 0))
	}
	return err
}

type chromiumMessage struct {
	ID     int
	Method string
	Result json.RawMessage
	Error  *struct{ Message string }
}

func (c *chromium) receive() chromiumMessage {
	c.t.Helper()
	b, err := c.from.ReadBytes(0)
	require.NoError(c.t, err)
	var m chromiumMessage
	require.NoError(c.t, json.Unmarshal(b[:len(b)-1], &m))
	return m
}

// call calls a method of the protocol and decodes its result.
func (c *chromium) call(method string, params, result any) {
	c.t.Helper()
	require.NoError(c.t, c.try(method, params, result), method)
}

// try is call, and returns the error of the method.
func (c *chromium) try(method string, params, result any) error {
	c.t.Helper()
	require.NoError(c.t, c.send(method, params))
	for id := c.id; ; {
		m := c.receive()
		if m.ID != id {
			continue
		}
		if m.Error != nil {
			return errors.New(m.Error.Message)
		}
		if result != nil {
			require.NoError(c.t, json.Unmarshal(m.Result, result))
		}
		return nil
	}
}

// open loads a page and waits until it is complete.
func (c *chromium) open(page []byte) {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "page.html")
	require.NoError(c.t, os.WriteFile(file, page, 0o600))
	require.NoError(c.t, c.send("Page.navigate", map[string]any{"url": "file://" + file}))
	for c.receive().Method != "Page.loadEventFired" {
	}
}

// eval evaluates an expression in the page and decodes its value.
func (c *chromium) eval(expression string, value any) {
	c.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	c.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &r)
	require.Empty(c.t, string(r.ExceptionDetails), expression)
	if value != nil {
		require.NoError(c.t, json.Unmarshal(r.Result.Value, value), expression)
	}
}

// node returns the id of an element, without a script in the page.
func (c *chromium) node(selector string) int {
	c.t.Helper()
	var doc struct{ Root struct{ NodeID int } }
	c.call("DOM.getDocument", map[string]any{"depth": 0}, &doc)
	var node struct{ NodeID int }
	c.call("DOM.querySelector", map[string]any{"nodeId": doc.Root.NodeID, "selector": selector}, &node)
	require.NotZero(c.t, node.NodeID, selector)
	return node.NodeID
}

// height returns the height of an element, 0 if it is not displayed.
func (c *chromium) height(selector string) float64 {
	c.t.Helper()
	var box struct{ Model struct{ Height float64 } }
	if err := c.try("DOM.getBoxModel", map[string]any{"nodeId": c.node(selector)}, &box); err != nil {
		require.ErrorContains(c.t, err, "box model")
		return 0
	}
	return box.Model.Height
}
