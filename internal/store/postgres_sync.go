package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresSync brings to the disk what others committed. A transaction that waits for the disk while it commits holds
// its rows' locks meanwhile: whoever needs the same row, such as the one that counts an account's audit entries, waits
// for the disks of all before it. So transactions commit without waiting, which ends their locks, and are reported
// once this one connection has committed something behind them and waited: PostgreSQL's log is one, and what stands
// before is on the disk, too. While one wait is under way the next gathers all who came meanwhile.
//
// Others may read what is not on the disk yet; only a crash of the server can take that back, and it takes whatever
// was built on it. How long a commit waits, and for which standbys, is the server's own setting: it holds for this
// connection.
type postgresSync struct {
	config  *pgx.ConnConfig
	begin   sync.Once // who is never asked needs no connection
	mu      sync.Mutex
	seat    *syncSeat
	stop    chan struct{}
	stopped chan struct{}
}

// syncSeat is one connection's time. What it says is true of transactions of the same start of the same server, whose
// own connection was whole until they had committed, and that began after this one was there: a server that crashed
// in between has closed one of the two.
type syncSeat struct {
	server string
	asked  chan chan<- error
	gone   chan struct{}
}

const (
	// syncLimit is how long one wait for the disk may take; syncPause is how long a lost connection is left alone.
	syncLimit = 30 * time.Second
	syncPause = time.Second
	// syncQueue is how many may have asked while a wait is under way: more wait to ask.
	syncQueue = 256
	// syncMark commits something small that touches no row.
	syncMark = `SELECT pg_logical_emit_message(true, 'arauto', '')`
)

var errNotKept = errors.New("the database was lost before it said that it keeps this: look whether it does before doing it again")

func newPostgresSync(config *pgx.ConnConfig) *postgresSync {
	return &postgresSync{config: config, stop: make(chan struct{}), stopped: make(chan struct{})}
}

// now is the seat that a transaction which is about to begin on a connection to server may ask; nil where there is
// none: it commits by itself.
func (p *postgresSync) now(server string) *syncSeat {
	p.begin.Do(func() { go p.run() })
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seat == nil || p.seat.server != server {
		return nil
	}
	return p.seat
}

// kept waits until what has been committed is on the disk.
func (s *syncSeat) kept() error {
	done := make(chan error, 1)
	select {
	case s.asked <- done:
	case <-s.gone:
		return errNotKept
	}
	select {
	case err := <-done:
		return err
	case <-s.gone:
		select {
		case err := <-done: // it was answered last of all
			return err
		default:
			return errNotKept
		}
	}
}

func (p *postgresSync) run() {
	defer close(p.stopped)
	for {
		p.sit()
		select {
		case <-p.stop:
			return
		case <-time.After(syncPause):
		}
	}
}

// sit serves on one connection until it is lost, or everything ends.
func (p *postgresSync) sit() {
	ctx, cancel := context.WithTimeout(context.Background(), syncLimit)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return
	}
	defer func() { // ctx ended long ago where it sat for a while
		ctx, cancel := context.WithTimeout(context.Background(), syncPause)
		defer cancel()
		conn.Close(ctx)
	}()
	if err := knowServer(ctx, conn); err != nil {
		return
	}
	// Whether this server lets us do so at all, before anybody relies on it.
	if _, err := conn.Exec(ctx, syncMark); err != nil {
		return
	}
	seat := &syncSeat{server: serverOf(conn), asked: make(chan chan<- error, syncQueue), gone: make(chan struct{})}
	p.take(seat)
	defer close(seat.gone)
	defer p.take(nil)
	for {
		select {
		case first := <-seat.asked:
			if !seat.sync(conn, first) {
				return
			}
		case <-p.stop:
			return
		}
	}
}

func (p *postgresSync) take(seat *syncSeat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seat = seat
}

// sync answers first and all who have asked by now.
func (s *syncSeat) sync(conn *pgx.Conn, first chan<- error) bool {
	told := []chan<- error{first}
	for more := true; more; {
		select {
		case next := <-s.asked:
			told = append(told, next)
		default:
			more = false
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), syncLimit)
	defer cancel()
	_, err := conn.Exec(ctx, syncMark)
	if err != nil {
		err = fmt.Errorf("%w (%w)", errNotKept, err)
	}
	for _, done := range told {
		done <- err
	}
	return err == nil
}

// close ends it. Nobody may be waiting.
func (p *postgresSync) close() {
	close(p.stop)
	p.begin.Do(func() { close(p.stopped) })
	<-p.stopped
}

const serverKey = "server"

// knowServer notes which start of which server a new connection leads to.
func knowServer(ctx context.Context, conn *pgx.Conn) error {
	var started string
	if err := conn.QueryRow(ctx, `SELECT pg_postmaster_start_time()::text`).Scan(&started); err != nil {
		return err
	}
	conn.PgConn().CustomData()[serverKey] = started
	return nil
}

func serverOf(conn *pgx.Conn) string {
	started, _ := conn.PgConn().CustomData()[serverKey].(string)
	return started
}
