package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"arauto"
	"arauto/internal/blob"
	"arauto/internal/importer"
	"arauto/internal/jobs"
	"arauto/internal/numbering"
)

// ImportConfig is one `bench import`.
type ImportConfig struct {
	Engine   string
	Format   []string
	Contacts int // that are there before
	Rows     int
	Dir      string  // keeps the large database and the files between runs
	AtLeast  float64 // rows a second: fewer is an error
	Resident float64 // MB that may be held at most; 0 = any
	Profile  string

	Searchable float64 // the search index follows; later than so many seconds is an error
}

// Import stores many contacts, then imports one list, in each format, into a campaign that has some of its people
// already; beside it stand reading the file alone, and storing as many plain contacts without a file.
func Import(ctx context.Context, c ImportConfig, out io.Writer) error {
	v := &verdict{out: out}
	for _, format := range c.Format {
		if err := importOne(ctx, c, importer.Format(format), v); err != nil {
			return err
		}
	}
	return v.err()
}

func importOne(ctx context.Context, c ImportConfig, format importer.Format, v *verdict) error {
	p, campaigns, err := openLarge(ctx, c.Engine, c.Dir, c.Contacts, v.out)
	if err != nil {
		return err
	}
	defer p.close()
	campaign := campaigns[len(campaigns)-1]
	list := corpus{rows: c.Rows, from: c.Contacts, old: c.Contacts / largeCampaigns * (largeCampaigns - 1)}
	name, err := list.file(filepath.Dir(p.dir), format)
	if err != nil {
		return err
	}
	debug.FreeOSMemory()
	decode, err := decodeAlone(name, format)
	if err != nil {
		return err
	}
	var follows *indexing
	if c.Searchable > 0 {
		follows, err = startIndexing(ctx, p, campaign.Account)
		defer follows.stop()
		if err != nil {
			return err
		}
	}
	got, err := importFile(ctx, c, p, campaign, name)
	if err == nil && follows != nil {
		err = errors.Join(follows.searchable(ctx, list, v, string(format), c.Searchable), follows.end())
	}
	if err != nil {
		return err
	}
	want := list.expected()
	if have := [3]int64{got.job.Accepted, got.job.Duplicate, got.job.Rejected}; have != want {
		return fmt.Errorf("of the list went in, were there and were refused %v: it must be %v", have, want)
	}
	bare, err := storeAlone(ctx, p, campaign, 2*c.Contacts+c.Rows)
	if err != nil {
		return err
	}
	rate := float64(c.Rows) / got.took.Seconds()
	fmt.Fprintf(v.out, "%s on %s: %d rows in %.1f s; reading alone %.0f/s (ratio %.3f), storing alone %.0f/s (%.3f); own processor time per row %.0f µs; resident at most %.0f MB\n",
		format, c.Engine, c.Rows, got.took.Seconds(), decode, rate/decode, bare, rate/bare, float64(got.cpu.Microseconds())/float64(c.Rows), got.peak)
	v.atLeast(fmt.Sprintf("%s: rows a second", format), rate, c.AtLeast)
	if c.Resident > 0 {
		v.atMost(fmt.Sprintf("%s: resident, MB", format), got.peak, c.Resident)
	}
	return nil
}

// storeAlone is how many contacts a second go into the same campaign by plain additions, of people from that number on.
func storeAlone(ctx context.Context, p *place, campaign arauto.Campaign, from int) (float64, error) {
	const n = 40_000
	began := time.Now()
	err := fill(ctx, p.store, campaign, from, n, nil)
	return n / time.Since(began).Seconds(), err
}

// decodeAlone is how many rows a second can be read from the file when nothing is made of them.
func decodeAlone(name string, format importer.Format) (float64, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	began, rows := time.Now(), 0
	var source importer.Source
	switch format {
	case importer.FormatXLSX:
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		sheet, err := importer.OpenXLSX(f, info.Size(), importer.XLSXOptions{})
		if err != nil {
			return 0, err
		}
		defer sheet.Close()
		source = sheet
	case importer.FormatCSV:
		source, _, err = importer.OpenCSV(f, importer.CSVOptions{})
	default:
		source, err = importer.OpenJSON(f, format)
	}
	if err != nil {
		return 0, err
	}
	for ; ; rows++ {
		if _, err := source.Next(); errors.Is(err, io.EOF) {
			break
		} else if _, bad := errors.AsType[*importer.RowError](err); err != nil && !bad {
			return 0, err
		}
	}
	return float64(rows) / time.Since(began).Seconds(), nil
}

type imported struct {
	job  arauto.Job
	took time.Duration
	cpu  time.Duration
	peak float64
}

// importFile does one import as the program does, by a runner of jobs, and watches what it holds.
func importFile(ctx context.Context, c ImportConfig, p *place, campaign arauto.Campaign, name string) (got imported, err error) {
	blobs, err := blob.New(filepath.Join(p.dir, "files"))
	if err != nil {
		return got, err
	}
	defer blobs.Close()
	account, err := p.store.Account(ctx, campaign.Account)
	if err != nil {
		return got, err
	}
	var runner *jobs.Runner
	imports := importer.New(importer.Config{
		Store: p.store, Staging: p.store, Blobs: blobs, Now: now, Wake: func() { runner.Wake() },
		Phones: func(country string) (importer.Phones, error) { return numbering.New(country) },
	})
	runner = jobs.New(jobs.Config{
		Store: p.store, Leases: p.store, Node: "bench", Now: now, Logger: quiet(),
		Workers: map[arauto.JobKind]jobs.Worker{arauto.JobImport: imports},
	})
	file, err := os.Open(name)
	if err != nil {
		return got, err
	}
	defer file.Close()
	if c.Profile != "" {
		f, err := os.Create(c.Profile)
		if err != nil {
			return got, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return got, err
		}
		defer pprof.StopCPUProfile()
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(running) }()
	defer func() { stop(); err = errors.Join(err, <-ended) }()
	began, used := time.Now(), processorTime()
	job, err := imports.Start(ctx, arauto.System(account.ID), account, campaign.ID, filepath.Base(name), file, importer.Options{Limit: 4 << 30})
	if err != nil {
		return got, err
	}
	watch := time.NewTicker(50 * time.Millisecond)
	defer watch.Stop()
	for range watch.C {
		if mb, err := resident(os.Getpid()); err == nil {
			got.peak = max(got.peak, mb)
		}
		if got.job, err = p.store.Job(ctx, account.ID, job.ID); err != nil {
			return got, err
		}
		if got.job.State.Ended() {
			break
		}
	}
	got.took, got.cpu = time.Since(began), processorTime()-used
	if got.job.State != arauto.JobCompleted {
		return got, fmt.Errorf("the import ended as %s: %s", got.job.State, got.job.Error)
	}
	return got, nil
}
