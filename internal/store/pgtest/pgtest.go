// Package pgtest starts a PostgreSQL server of its own for tests and benchmarks: a fresh cluster in a
// temporary directory, reached through a Unix socket, gone when the program that asked for it ends,
// however it ends. It knows nothing of Arauto's tables.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing is Start's error where PostgreSQL's server programs are not installed; it names the remedy.
var ErrMissing = errors.New("no PostgreSQL server programs in PATH or /usr/lib/postgresql: install the server package (Debian: apt-get install postgresql)")

// A Cluster is a running server.
type Cluster struct {
	dir    string
	keep   bool
	shell  *exec.Cmd
	leash  io.Closer // closing it ends the server
	ended  chan struct{}
	number atomic.Int64
}

const (
	initTimeout  = 60 * time.Second
	startTimeout = 30 * time.Second
	stopTimeout  = 30 * time.Second
	superuser    = "arauto"
)

// keeper runs the server and waits for its own standard input to end, which it does when whoever started
// it calls Stop, ends, or is killed. Then it stops the server and removes the directory.
const keeper = `dir=$1; shift
exec 3<&0
"$@" 3<&- >"$dir/log" 2>&1 & server=$!
cat <&3 >/dev/null & leash=$!
while kill -0 $server 2>/dev/null && kill -0 $leash 2>/dev/null; do sleep 0.05; done
kill $leash 2>/dev/null
while kill -INT $server 2>/dev/null; do sleep 0.05; done
[ -e "$dir/keep" ] || rm -rf "$dir"`

// Start makes a cluster and waits until it answers: about two seconds. The server syncs to disk like a
// real one. log may be nil; it is told what is being done.
func Start(log func(string)) (*Cluster, error) {
	if log == nil {
		log = func(string) {}
	}
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "arauto-pg-") // a socket's path must be short
	if err != nil {
		return nil, err
	}
	return start(&Cluster{dir: dir, ended: make(chan struct{})}, bin, log)
}

// StartIn is Start for a cluster that stays in dir, which is made when it is not there: another StartIn finds its
// databases. One process at a time may use it.
func StartIn(dir string, log func(string)) (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "keep"), nil, 0o600); err != nil {
		return nil, err
	}
	return start(&Cluster{dir: dir, keep: true, ended: make(chan struct{})}, bin, log)
}

func start(c *Cluster, bin string, log func(string)) (*Cluster, error) {
	log("starting PostgreSQL from " + bin + " in " + c.dir)
	if _, err := os.Stat(c.data()); err != nil || !c.keep {
		if err := c.init(bin); err != nil {
			c.remove()
			return nil, err
		}
	}
	if err := c.run(bin); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) remove() {
	if !c.keep {
		os.RemoveAll(c.dir)
	}
}

// programs is the directory of initdb and postgres: the one in PATH, else the newest that Debian keeps.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		// Debian's pg_wrapper and hand-made links stand elsewhere than their neighbours.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "postgres")); err == nil {
				return filepath.Dir(path), nil
			}
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", ErrMissing
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

func (c *Cluster) init(bin string) error {
	ctx, cancel := context.WithTimeout(context.Background(), initTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", c.data(), "-U", superuser, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
	cmd.Dir = c.dir
	if err := demote(cmd, c.dir); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a PostgreSQL cluster: %w\n%s", err, out)
	}
	return nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) run(bin string) error {
	c.shell = exec.Command("/bin/sh", "-c", keeper, "keeper", c.dir,
		filepath.Join(bin, "postgres"), "-D", c.data(), "-c", "unix_socket_directories="+c.dir, "-c", "listen_addresses=", "-c", "max_connections=300", "-c", "timezone=UTC")
	c.shell.Dir = "/"
	if err := demote(c.shell, c.dir); err != nil {
		return err
	}
	leash, err := c.shell.StdinPipe()
	if err != nil {
		return err
	}
	c.leash = leash
	if err := c.shell.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	go func() {
		c.shell.Wait()
		close(c.ended)
	}()
	return c.awaitAnswer()
}

func (c *Cluster) awaitAnswer() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-c.ended:
			return fmt.Errorf("start PostgreSQL: it ended at once: %w", err)
		case <-ctx.Done():
			said, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("start PostgreSQL: it does not answer: %w\n%s", err, said)
		}
	}
}

func (c *Cluster) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {c.dir}, "user": {superuser}, "sslmode": {"disable"}}.Encode()
}

// NewDatabase makes an empty database and returns its address.
func (c *Cluster) NewDatabase(ctx context.Context) (address string, err error) {
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	defer conn.Close(ctx)
	name := fmt.Sprintf("test_%d", c.number.Add(1))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	return c.url(name), nil
}

// Stop ends the server, whoever is still connected, and removes what it kept.
func (c *Cluster) Stop() {
	if c.shell == nil || c.shell.Process == nil {
		c.remove()
		return
	}
	c.leash.Close()
	select {
	case <-c.ended:
	case <-time.After(stopTimeout):
		c.shell.Process.Kill()
	}
	c.remove()
}

// Database makes a database of that name, as a copy of another unless that is "", and returns its address. It is
// the one that is there when there is one, and made says so.
func (c *Cluster) Database(ctx context.Context, name, of string) (address string, made bool, err error) {
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return "", false, fmt.Errorf("make a database: %w", err)
	}
	defer conn.Close(ctx)
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil {
		return "", false, fmt.Errorf("make a database: %w", err)
	}
	if there {
		return c.url(name), false, nil
	}
	text := "CREATE DATABASE " + name
	if of != "" {
		text += " TEMPLATE " + of + " STRATEGY FILE_COPY"
	}
	if _, err := conn.Exec(ctx, text); err != nil {
		return "", false, fmt.Errorf("make a database: %w", err)
	}
	return c.url(name), true, nil
}

// Drop removes a database, whoever is connected to it. Removing what is not there is no error.
func (c *Cluster) Drop(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return fmt.Errorf("remove a database: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("remove a database: %w", err)
	}
	return nil
}

// Crash kills the server as a failing machine would: what it had not written is lost. Nobody removes what it kept.
func (c *Cluster) Crash() error {
	c.keep = true
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("crash PostgreSQL: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return fmt.Errorf("crash PostgreSQL: %w", err)
	}
	server, err := os.FindProcess(pid)
	if err == nil {
		err = server.Kill()
	}
	if err != nil {
		return fmt.Errorf("crash PostgreSQL: %w", err)
	}
	select {
	case <-c.ended:
		return nil
	case <-time.After(stopTimeout):
		return errors.New("crash PostgreSQL: it still runs")
	}
}
