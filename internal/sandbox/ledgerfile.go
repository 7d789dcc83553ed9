package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// ledgerFile copies the ledger to a file of JSON lines, some moments behind it.
type ledgerFile struct {
	file *os.File
	out  *bufio.Writer
}

// openLedgerFile opens path to append to; no path is no file.
func openLedgerFile(path string) (*ledgerFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open ledger file: %w", err)
	}
	return &ledgerFile{file: f, out: bufio.NewWriterSize(f, 64<<10)}, nil
}

// follow writes what is new five times a second and once more when ctx ends.
func (f *ledgerFile) follow(ctx context.Context, l *ledger) error {
	defer f.file.Close()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := f.catchUp(l); err != nil {
			return fmt.Errorf("write ledger file: %w", err)
		}
		select {
		case <-ctx.Done():
			if err := f.catchUp(l); err != nil {
				return fmt.Errorf("write ledger file: %w", err)
			}
			return nil
		case <-tick.C:
		}
	}
}

func (f *ledgerFile) catchUp(l *ledger) error {
	encode := json.NewEncoder(f.out)
	for {
		page := l.after(l.written.Load(), pageOf)
		for _, e := range page {
			if err := encode.Encode(e); err != nil {
				return err
			}
			l.written.Store(e.Seq)
		}
		if len(page) == 0 {
			return f.out.Flush()
		}
	}
}
