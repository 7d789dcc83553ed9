//go:build !linux

package app_test

import "os/exec"

func leash(*exec.Cmd) {}
