package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"arauto"
	"arauto/internal/sandbox"
)

// demoFile is what Demo writes about itself into its data directory, for programs.
const demoFile = "demo.json"

// demoState is demoFile. The console is listed once there is one.
type demoState struct {
	BaseURL           string      `json:"base_url"`
	Account           string      `json:"account"`
	Token             string      `json:"token"`
	WhatsAppCampaigns []string    `json:"whatsapp_campaigns"`
	VoiceCampaigns    []int64     `json:"voice_campaigns"`
	Users             []demoUser  `json:"users"`
	Floor             demoFloor   `json:"floor"`
	Console           *struct{}   `json:"console"`
	Sandbox           demoSandbox `json:"sandbox"`
	Webhook           demoWebhook `json:"webhook"`
}

// demoUser is somebody to log in as: POST /api/v1/sessions.
type demoUser struct {
	Email    string      `json:"email"`
	Password string      `json:"password"`
	Role     arauto.Role `json:"role"`
}

type demoSandbox struct {
	GraphURL string `json:"graph_url"`
}

type demoWebhook struct {
	URL           string `json:"url"`
	AppSecret     string `json:"app_secret"`
	VerifyToken   string `json:"verify_token"`
	PhoneNumberID string `json:"phone_number_id"`
	WABAID        string `json:"waba_id"`
}

// Demo runs the main job from nothing: a server, a pretend Meta on a socket beside it, a file of contacts
// and a campaign; everything it does goes through the API. Then it keeps serving until ctx ends.
func Demo(ctx context.Context, c DemoConfig, out io.Writer) (err error) {
	if err := clearDemo(c.Data); err != nil {
		return err
	}
	c.AllowPrivateGraph = true
	a, err := Open(ctx, c.Config, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	account, token, _, err := a.first(ctx, arauto.Account{Slug: "demo", Name: "Loja Arauto", Country: "BR", TimeZone: "America/Sao_Paulo", Language: arauto.Portuguese})
	if err != nil {
		return err
	}
	door, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	graph, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), door.Close())
	}
	meta := sandbox.New(sandbox.Config{Seed: c.Seed, Pace: demoPace, VerifyToken: demoVerifyToken, AdsURL: "http://" + graph.Addr().String()})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.Run(ctx, door) })
	group.Go(func() error { return runSandbox(ctx, meta, graph) })
	group.Go(func() error {
		d := &demo{
			config: c, out: out, meta: meta, data: a.data, account: account,
			api: client{base: a.address(door), token: token}, graph: "http://" + graph.Addr().String(),
		}
		if err := d.play(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("demo: %w", err)
		}
		return nil
	})
	return group.Wait()
}

const (
	// demoPace makes the sandbox's people quick enough to watch.
	demoPace        = 0.5
	demoVerifyToken = "demo-verify-token"
)

// clearDemo empties a directory that an earlier demo left, and refuses one that holds anything else.
func clearDemo(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	ours := map[string]bool{
		demoFile: true, "arauto.db": true, "arauto.db-wal": true, "arauto.db-shm": true, "files": true, "tmp": true, "key": true, "node": true,
		"lock": true, adminToken: true, adminPassword: true, "demo-mark": true,
	}
	marked := false
	for _, e := range entries {
		marked = marked || e.Name() == "demo-mark"
		if !ours[e.Name()] {
			return arauto.Errorf(arauto.KindConflict, "data", "%s holds %s, which is not a demo's: choose an empty directory with --data", dir, e.Name())
		}
	}
	if !marked {
		return arauto.Errorf(arauto.KindConflict, "data", "%s holds a server's data, not a demo's: choose an empty directory with --data", dir)
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return arauto.Errorf(arauto.KindConflict, "data", "another demo is using %s: stop it, or choose another directory with --data", dir)
	}
	defer lock.Close()
	for name := range ours {
		if name == "lock" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// demo is one play: its steps are in play.go.
type demo struct {
	config  DemoConfig
	out     io.Writer
	meta    *sandbox.Sandbox
	data    *dataDir
	account arauto.Account
	api     client
	graph   string
	state   demoState
}

// tell writes demoFile.
func (d *demo) tell() error {
	text, err := json.MarshalIndent(d.state, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(d.data.file(demoFile), string(text)+"\n")
}
