package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

const (
	// grace is how long a program that was asked to end may take for its cleanup before it is killed.
	grace = 5 * time.Second

	// alreadyReported is the exit code of a program whose error the person has been shown.
	alreadyReported = 32
)

// endGently makes a command end with its context in two steps: first the signal, then, after the grace, a kill.
// The grace also bounds the wait for grandchildren that keep the command's output open.
func endGently(cmd *exec.Cmd, signal os.Signal) {
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(signal); err != nil {
			return cmd.Process.Kill()
		}
		return nil
	}
	cmd.WaitDelay = grace
}

// both returns a context that is done as soon as either of the two is.
func both(first, second context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(first)
	stop := context.AfterFunc(second, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// verdict says how a program ended: the sentence to show, empty where there is nothing to say, and whether the
// deployment stops without another word.
//
// `ended` is the error of exec.Cmd's Wait; `cancelled` whether the program was told to end.
func verdict(ended error, cancelled bool) (sentence string, bail bool) {
	var exit *exec.ExitError
	switch {
	case ended == nil:
		return "", false
	case cancelled:
		return "the program was cancelled", false
	case !errors.As(ended, &exit):
		return fmt.Sprintf("the Python program could not be started: %v", ended), false
	case exit.ExitCode() == alreadyReported:
		return "", true
	case exit.ExitCode() < 0:
		return fmt.Sprintf("the program was ended from outside: %v", exit), false
	default:
		return fmt.Sprintf("program exited with non-zero exit code: %d", exit.ExitCode()), false
	}
}
