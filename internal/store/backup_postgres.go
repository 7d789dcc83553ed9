package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"arauto"
)

// backupPostgres copies every table's rows as the server itself writes them, all as of one snapshot.
func backupPostgres(ctx context.Context, address string, keeper Keeper) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	image := Image{Engine: EnginePostgres}
	if image.Epoch, image.Migration, err = standing(asking(ctx, tx)); err != nil {
		return err
	}
	if image.Tables, err = postgresTables(ctx, tx); err != nil {
		return err
	}
	if err := keeper.Begin(image); err != nil {
		return err
	}
	for _, table := range image.Tables {
		p := pieces{name: table.Name, keeper: keeper}
		_, err := conn.PgConn().CopyTo(ctx, &p, "COPY "+table.list()+" TO STDOUT")
		if err = errors.Join(err, p.flush()); err != nil {
			return fmt.Errorf("copy table %s: %w", table.Name, err)
		}
	}
	return nil
}

func asking(ctx context.Context, tx pgx.Tx) func(sql string) (int64, error) {
	return func(sql string) (n int64, err error) { return n, tx.QueryRow(ctx, sql).Scan(&n) }
}

// postgresTables are ours: what the migrations keep about themselves is made anew by a restore.
func postgresTables(ctx context.Context, tx pgx.Tx) (list []Table, err error) {
	found, err := tx.Query(ctx, `SELECT table_name::text, array_agg(column_name::text ORDER BY ordinal_position)
		FROM information_schema.columns JOIN pg_tables ON schemaname = table_schema AND tablename = table_name
		WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%' GROUP BY table_name ORDER BY table_name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(r pgx.CollectableRow) (t Table, err error) { return t, r.Scan(&t.Name, &t.Columns) })
}

// list names the table and its columns as COPY has them.
func (t Table) list() string {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	return pgx.Identifier{t.Name}.Sanitize() + " (" + strings.Join(columns, ", ") + ")"
}

// pieces cuts a table's rows, which are lines, into pieces of whole rows, each small enough to hold.
type pieces struct {
	name   string
	keeper Keeper
	count  int
	held   bytes.Buffer
}

const pieceSize = 4 << 20

func (p *pieces) Write(b []byte) (int, error) {
	p.held.Write(b)
	if p.held.Len() < pieceSize {
		return len(b), nil
	}
	end := bytes.LastIndexByte(p.held.Bytes(), '\n') + 1
	return len(b), p.add(p.held.Next(end))
}

func (p *pieces) flush() error { return p.add(p.held.Bytes()) }

func (p *pieces) add(rows []byte) error {
	if len(rows) == 0 {
		return nil
	}
	p.count++
	return p.keeper.Add(fmt.Sprintf("%s/%06d", p.name, p.count), int64(len(rows)), bytes.NewReader(rows))
}

// postgresRestore fills an empty database in one transaction: all of the backup, or nothing.
type postgresRestore struct {
	conn  *pgx.Conn
	tx    pgx.Tx
	image Image
}

func restorePostgres(ctx context.Context, address string, image Image, force bool) (*postgresRestore, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	r := &postgresRestore{conn: conn, image: image}
	if err := r.begin(ctx, address, force); err != nil {
		return nil, errors.Join(err, r.abort(ctx))
	}
	return r, nil
}

func (r *postgresRestore) begin(ctx context.Context, address string, force bool) error {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	err = errors.Join(migrateTo(ctx, goose.DialectPostgres, db, r.image.Migration), db.Close())
	if err != nil {
		return err
	}
	if r.tx, err = r.conn.Begin(ctx); err != nil {
		return err
	}
	migration, err := asking(ctx, r.tx)(`SELECT MAX(version_id) FROM goose_db_version WHERE is_applied`)
	if err != nil {
		return err
	}
	lives, err := asking(ctx, r.tx)(`SELECT count(*) FROM deployment`)
	if err != nil {
		return err
	}
	if migration != r.image.Migration || lives > 0 && !force {
		return arauto.Errorf(arauto.KindConflict, "database", "the database is not empty: create an empty one and restore into that (or, where its tables are as old as the backup, empty it with --force)")
	}
	if lives == 0 {
		return nil
	}
	names := make([]string, len(r.image.Tables))
	for i, t := range r.image.Tables {
		names[i] = pgx.Identifier{t.Name}.Sanitize()
	}
	_, err = r.tx.Exec(ctx, "TRUNCATE "+strings.Join(names, ", "))
	return err
}

func (r *postgresRestore) add(ctx context.Context, name string, body io.Reader) error {
	table, _, _ := strings.Cut(name, "/")
	for _, t := range r.image.Tables {
		if t.Name == table {
			_, err := r.conn.PgConn().CopyFrom(ctx, body, "COPY "+t.list()+" FROM STDIN")
			return err
		}
	}
	return arauto.Errorf(arauto.KindInvalid, "", "the backup holds rows of a table %q that it did not announce", table)
}

func (r *postgresRestore) commit(ctx context.Context, x restore) error {
	if _, err := r.tx.Exec(ctx, insertRestore, x.epoch, x.former, ms(x.takenAt), ms(x.restoredAt)); err != nil {
		return err
	}
	return errors.Join(r.tx.Commit(ctx), r.conn.Close(ctx))
}

func (r *postgresRestore) abort(ctx context.Context) error {
	if r.tx != nil {
		_ = r.tx.Rollback(ctx) // closing the connection undoes it as well
	}
	return r.conn.Close(ctx)
}
