package blob_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"arauto/internal/blob"
)

// writerIn names, in the environment, the directory in which this program is a writer that never ends: see TestMain.
const writerIn = "ARAUTO_BLOB_WRITER"

func TestMain(m *testing.M) {
	if name := os.Getenv(writerIn); name != "" {
		writeForEver(name)
	}
	os.Exit(m.Run())
}

// writeForEver stores a file that does not end, and says so when there is something of it on the disk.
func writeForEver(name string) {
	d, err := blob.New(name)
	if err != nil {
		panic(err)
	}
	_, err = d.Put(context.Background(), key, io.MultiReader(strings.NewReader(strings.Repeat("Maria,+5511987654321\n", 100_000)), told{}))
	panic(err)
}

// told says that everything before it was read, and waits.
type told struct{}

func (told) Read([]byte) (int, error) {
	fmt.Println("written")
	select {}
}

// TestNew_SweepsUnfinished: what a killed process left half-written goes with the next start; what another is writing stays.
func TestNew_SweepsUnfinished(t *testing.T) {
	name := filepath.Join(t.TempDir(), "files")
	writer := exec.CommandContext(t.Context(), os.Args[0])
	writer.Env = append(os.Environ(), writerIn+"="+name)
	says, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(says).ReadString('\n'); line != "written\n" {
		t.Fatalf("the writer said %q (%v)", line, err)
	}
	restart := func() map[string]fs.FileMode {
		d, err := blob.New(name)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		return files(t, name)
	}
	if left := restart(); len(left) != 1 {
		t.Errorf("beside a writer there are %v, want its draft", left)
	}
	if err := writer.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Wait() // it was killed
	if left := restart(); len(left) > 0 {
		t.Errorf("the killed writer's %v are still there", left)
	}
}
