package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Stub is a Graph API that takes every message at once and counts them: the other end of `bench send`,
// in a process of its own. It prints its address and serves until ctx ends.
func Stub(ctx context.Context, latency time.Duration, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var count atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		n := count.Add(1)
		if latency > 0 {
			time.Sleep(latency)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"messaging_product":"whatsapp","contacts":[{"input":"x","wa_id":"`+dialled(body)+`"}],"messages":[{"id":"wamid.HBgNNTUxMTk5OTk5MDAwMBUCABEYEj`+
			strconv.FormatInt(n, 10)+`","message_status":"accepted"}]}`)
	})
	mux.HandleFunc("GET /count", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(count.Load()) })
	fmt.Fprintf(out, "http://%s\n", l.Addr())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { srv.Close() })
	if err := srv.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

// dialled is the number that a request is for, as Meta knows it: one that all answers shared would make
// everybody one person.
func dialled(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"to":"+`))
	number, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(number)
}

// stub is a Stub in another process.
type stub struct {
	url string
	cmd *exec.Cmd
}

func startStub(ctx context.Context, latency time.Duration) (*stub, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "bench", "stub", "--latency", latency.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("start the stub: %w", err)
	}
	return &stub{url: strings.TrimSpace(line), cmd: cmd}, nil
}

func (s *stub) stop() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// count is how many messages the stub has taken.
func (s *stub) count() (n int, err error) {
	resp, err := http.Get(s.url + "/count")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return n, json.NewDecoder(resp.Body).Decode(&n)
}
