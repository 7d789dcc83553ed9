//go:build !unix

package pgtest

import (
	"errors"
	"os/exec"
)

func demote(*exec.Cmd, string) error {
	return errors.New("a throwaway PostgreSQL is started on Unix systems only")
}
