package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"arauto": main})
}

// TestScripts runs testdata/script against a pretend API that answers with files of the script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"waitfor": waitFor},
		Setup: func(env *testscript.Env) error {
			server := httptest.NewServer(&fakeAPI{dir: env.WorkDir, asked: map[string]int{}})
			env.Defer(server.Close)
			env.Setenv("ARAUTO_URL", server.URL)
			env.Setenv("ARAUTO_TOKEN", "arauto_test")
			env.Setenv("TZ", "America/Sao_Paulo")
			env.Setenv("COLUMNS", "100")
			return nil
		},
	})
}

// waitFor FILE PATTERN COUNT goes on when that many lines of the file match.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile("(?m)" + args[1])
	count, err := strconv.Atoi(args[2])
	ts.Check(err)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && len(pattern.FindAll(text, count)) == count {
			return
		}
	}
	ts.Fatalf("%s never had %d lines like %s", args[0], count, args[1])
}

// fakeAPI answers GET /api/v1/campaigns/12 with the file api/GET_campaigns_12, and the second time with
// api/GET_campaigns_12.2 where there is one. A first line of digits is the status, "Name: value" lines after it
// are headers. What was asked is in the file requests.
type fakeAPI struct {
	dir string

	mu    sync.Mutex
	asked map[string]int
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client left
	}
	f.note(r, body)
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v1/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer arauto_test" {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"status":401,"detail":"this token is not known: check that it was copied whole"}`)
		return
	}
	text, err := f.answer(r.Method + "_" + strings.ReplaceAll(path, "/", "_"))
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"status":404,"detail":"there is no file %s %s"}`, r.Method, path)
		return
	}
	status := http.StatusOK
	if first, rest, _ := strings.Cut(text, "\n"); first != "" && strings.Trim(first, "0123456789") == "" {
		status, _ = strconv.Atoi(first)
		text = rest
		for {
			header, rest, _ := strings.Cut(text, "\n")
			name, value, ok := strings.Cut(header, ": ")
			if !ok || strings.ContainsAny(name, `{" `) {
				break
			}
			w.Header().Set(name, value)
			text = rest
		}
	}
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// answer is the file for the n-th time a question is asked, or the last one there is.
func (f *fakeAPI) answer(question string) (string, error) {
	f.asked[question]++
	for n := f.asked[question]; ; n-- {
		name := filepath.Join(f.dir, "api", question)
		if n > 1 {
			name += "." + strconv.Itoa(n)
		}
		text, err := os.ReadFile(name)
		if err == nil || n <= 1 || !errors.Is(err, fs.ErrNotExist) {
			return string(text), err
		}
	}
}

func (f *fakeAPI) note(r *http.Request, body []byte) {
	file, err := os.OpenFile(filepath.Join(f.dir, "requests"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	line := r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), "/api/v1")
	if len(body) > 0 {
		line += " " + strings.TrimRight(string(body), "\n")
	}
	fmt.Fprintln(file, line)
}
