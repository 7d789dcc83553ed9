package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// sqliteConn is one connection with its prepared statements. It speaks to the driver directly: on the
// writer's path database/sql costs more than many of the statements it would carry.
type sqliteConn struct {
	raw   driver.Conn
	stmts map[string]*sqliteStmt
}

// sqliteStmt is a prepared statement whose $1, $2, … were made plain ?, since the driver asks SQLite for
// the name of every parameter that has one, each time. order says which argument each ? is.
type sqliteStmt struct {
	driver.Stmt
	order []int
}

func newSQLiteConn(raw driver.Conn) *sqliteConn {
	return &sqliteConn{raw: raw, stmts: map[string]*sqliteStmt{}}
}

func (c *sqliteConn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	return c.raw.Close()
}

// script runs statements that take no arguments.
func (c *sqliteConn) script(text string) error {
	_, err := c.raw.(driver.ExecerContext).ExecContext(context.Background(), text, nil)
	return err
}

func (c *sqliteConn) run(statement string) error {
	_, err := c.exec(context.Background(), statement)
	return err
}

// nested runs fn so that its failure undoes fn alone. broken is set when that could not be done: the
// whole transaction is lost.
func (c *sqliteConn) nested(fn func(querier) error) (err, broken error) {
	if broken := c.run("SAVEPOINT one"); broken != nil {
		return nil, broken
	}
	if err = guard(c, fn); err != nil {
		if broken = c.run("ROLLBACK TO one"); broken != nil {
			return err, errors.Join(err, broken)
		}
	}
	return err, c.run("RELEASE one")
}

// guard turns a panic into an error, in the one goroutine that everybody's writes depend on.
func guard(c *sqliteConn, fn func(querier) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v", p)
		}
	}()
	return fn(c)
}

func (c *sqliteConn) prepare(sql string) (*sqliteStmt, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	plain, order := anonymous(sql)
	raw, err := c.raw.Prepare(plain)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", sql, err)
	}
	s := &sqliteStmt{Stmt: raw, order: order}
	c.stmts[sql] = s
	return s, nil
}

// anonymous replaces $1, $2, … by ?. None of our statements has a $ in a text.
func anonymous(sql string) (plain string, order []int) {
	var b strings.Builder
	for i := 0; i < len(sql); i++ {
		if sql[i] != '$' {
			b.WriteByte(sql[i])
			continue
		}
		n := 0
		for ; i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9'; i++ {
			n = n*10 + int(sql[i+1]-'0')
		}
		b.WriteByte('?')
		order = append(order, n-1)
	}
	return b.String(), order
}

// The driver starts a goroutine per statement to watch a context that can end. Writes are short and
// run to their end once begun, so they are given one that cannot; the caller's is asked before.
func (c *sqliteConn) exec(_ context.Context, sql string, args ...any) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	return s.run(s.arguments(args))
}

func (s *sqliteStmt) run(args []driver.NamedValue) (int64, error) {
	res, err := s.Stmt.(driver.StmtExecContext).ExecContext(context.Background(), args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *sqliteConn) each(_ context.Context, sql string, args [][]any) ([]int64, error) {
	if len(args) == 0 {
		return nil, nil
	}
	s, err := c.prepare(sql)
	if err != nil {
		return nil, err
	}
	changed := make([]int64, len(args))
	list := s.arguments(args[0])
	for i, a := range args {
		for k, n := range s.order {
			list[k].Value = value(a[n])
		}
		if changed[i], err = s.run(list); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

func (c *sqliteConn) query(ctx context.Context, sql string, args ...any) (rows, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return nil, err
	}
	r, err := s.Stmt.(driver.StmtQueryContext).QueryContext(context.Background(), s.arguments(args))
	if err != nil {
		return nil, err
	}
	return &sqliteRows{ctx: ctx, raw: r, values: make([]driver.Value, len(r.Columns()))}, nil
}

func (s *sqliteStmt) arguments(args []any) []driver.NamedValue {
	list := make([]driver.NamedValue, len(s.order))
	for i, n := range s.order {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: value(args[n])}
	}
	return list
}

// value brings an argument to one of the driver's own types.
func value(a any) driver.Value {
	switch v := a.(type) {
	case int64, string, bool, []byte, nil:
		return v
	case int:
		return int64(v)
	}
	if v := reflect.ValueOf(a); v.Kind() == reflect.String {
		return v.String()
	}
	panic(fmt.Sprintf("store: %T is no argument for SQL", a))
}

// sqliteRows reads a result. The context is asked between rows, so that a long read can be given up.
type sqliteRows struct {
	ctx    context.Context
	raw    driver.Rows
	values []driver.Value
	count  int
	err    error
}

func (r *sqliteRows) Next() bool {
	if r.count++; r.count%256 == 0 && r.ctx.Err() != nil {
		r.err = r.ctx.Err()
		return false
	}
	err := r.raw.Next(r.values)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return err == nil
}

func (r *sqliteRows) Err() error { return r.err }
func (r *sqliteRows) Close()     { r.raw.Close() }

func (r *sqliteRows) Scan(into ...any) error {
	for i, dest := range into {
		if err := assign(dest, r.values[i]); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func assign(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *int64:
		n, ok := v.(int64)
		*d = n
		return expect(ok || v == nil, v)
	case *string:
		s, ok := v.(string)
		*d = s
		return expect(ok || v == nil, v)
	case *[]byte:
		switch b := v.(type) {
		case []byte:
			*d = append([]byte(nil), b...)
		case string:
			*d = []byte(b)
		}
		return nil
	case *int:
		n, ok := v.(int64)
		*d = int(n)
		return expect(ok, v)
	case *bool:
		switch b := v.(type) {
		case bool:
			*d = b
		case int64:
			*d = b != 0
		default:
			return expect(false, v)
		}
		return nil
	}
	s, ok := v.(string)
	if e := reflect.ValueOf(dest).Elem(); ok && e.Kind() == reflect.String {
		e.SetString(s)
		return nil
	}
	return fmt.Errorf("cannot read %T into %T", v, dest)
}

func expect(ok bool, v driver.Value) error {
	if !ok {
		return fmt.Errorf("unexpected %T", v)
	}
	return nil
}
