package app_test

import (
	"os/exec"
	"syscall"
)

// leash has the program end when the test that started it does, however that ends.
func leash(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
