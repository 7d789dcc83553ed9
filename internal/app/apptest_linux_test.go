package app_test

import (
	"fmt"
	"os/exec"
	"syscall"
)

// leash has the program end when the test that started it does, however that ends.
func leash(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// mountSmall lays a file system of so many bytes over dir.
func mountSmall(dir string, bytes int) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes))
}
