package app_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"arauto/internal/store/pgtest"
)

// shared is what the tests of this binary make once: the program, and a PostgreSQL server.
var shared struct {
	dir     string
	program func() (string, error)
	cluster func() (*pgtest.Cluster, error)
	started *pgtest.Cluster
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "arauto-apptest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared.dir = dir
	shared.program = sync.OnceValues(func() (string, error) { return build("arauto") })
	shared.cluster = sync.OnceValues(func() (c *pgtest.Cluster, err error) {
		c, err = pgtest.Start(nil)
		shared.started = c
		return c, err
	})
	code := m.Run()
	if shared.started != nil {
		shared.started.Stop()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func build(name string, flags ...string) (string, error) {
	path := filepath.Join(shared.dir, name)
	args := slices.Concat([]string{"build", "-o", path}, flags, []string{"arauto/cmd/arauto"})
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

func program(t *testing.T) string {
	t.Helper()
	path, err := shared.program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// skip leaves a test out, where that is allowed, and says so.
func skip(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("ARAUTO_NO_SKIP") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf("NOT TESTED: "+format, args...)
}

// postgres is the address of an empty database.
func postgres(t *testing.T) string {
	t.Helper()
	cluster, err := shared.cluster()
	if err != nil {
		skip(t, "on PostgreSQL: %v", err)
	}
	address, err := cluster.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// freeAddress is a loopback address that nobody listens on. It must be known before the program that
// will listen there, and stay the same when that program is started again.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A process is the program, running.
type process struct {
	cmd   *exec.Cmd
	out   *recording // both streams
	ended chan struct{}
}

// start runs the program until the test ends, at the latest.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startProgram(t, program(t), args...)
}

func startProgram(t *testing.T, path string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(path, args...), out: &recording{}, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Env = withoutSettings(os.Environ())
	leash(p.cmd)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", strings.Join(args[:1], " "), p.out.tail(1000))
		}
	})
	return p
}

// withoutSettings keeps a developer's own ARAUTO_… out of the test.
func withoutSettings(environment []string) (kept []string) {
	for _, v := range environment {
		if !strings.HasPrefix(v, "ARAUTO_") {
			kept = append(kept, v)
		}
	}
	return kept
}

// kill is kill -9, and the wait for it.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// stop asks the program to end and expects it to, in good order and in time.
func (p *process) stop(t *testing.T, within time.Duration) {
	t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := p.wait(t, within); status != 0 {
		t.Fatalf("the program ended with status %d after SIGTERM:\n%s", status, p.out.tail(2000))
	}
	t.Logf("stopped in %.1f s", time.Since(began).Seconds())
}

// wait is the exit status of a program that ends by itself.
func (p *process) wait(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		t.Fatalf("the program is still running after %s:\n%s", within, p.out.tail(2000))
	}
	return p.cmd.ProcessState.ExitCode()
}

// ready waits until the server at address answers.
func (p *process) ready(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.ended:
			t.Fatalf("the program ended at once:\n%s", p.out.tail(2000))
		default:
		}
		if status(address+"/readyz") == http.StatusOK {
			return
		}
	}
	t.Fatalf("the server is not ready after 30 s:\n%s", p.out.tail(2000))
}

// listening waits until somebody takes connections at address.
func (p *process) listening(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
	}
	t.Fatalf("nobody listens at %s:\n%s", address, p.out.tail(2000))
}

// status is what a GET is answered with; 0 = not at all.
func status(address string) int {
	resp, err := http.Get("http://" + address)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// recording keeps what a program says.
type recording struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *recording) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *recording) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func (r *recording) tail(n int) string {
	s := r.String()
	return s[max(0, len(s)-n):]
}
