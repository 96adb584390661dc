package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// ended returns the error with which a shell ends that runs the script.
func ended(t *testing.T, script string) error {
	t.Helper()
	return exec.Command("sh", "-c", script).Run()
}

func TestHowAProgramEndedIsSaidInASentence(t *testing.T) {
	for name, one := range map[string]struct {
		err      error
		sentence string
		bail     bool
	}{
		"well":            {nil, "", false},
		"told the person": {ended(t, "exit 32"), "", true},
		"by a code":       {ended(t, "exit 7"), "exit code: 7", false},
		"by a signal":     {ended(t, "kill -KILL $$"), "signal: killed", false},
		"before it began": {errors.New("no such file"), "could not be started: no such file", false},
	} {
		sentence, bail := verdict(one.err, false)
		if bail != one.bail || !strings.Contains(sentence, one.sentence) || (one.sentence == "") != (sentence == "") {
			t.Errorf("%s: %q %v", name, sentence, bail)
		}
	}
	if sentence, _ := verdict(ended(t, "exit 130"), true); sentence != "the program was cancelled" {
		t.Errorf("cancelled: %q", sentence)
	}
}

func TestAProgramIsInterruptedBeforeItIsKilled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", "trap 'echo cleaned; exit 5' INT; echo ready; while :; do sleep 0.05; done")
	cmd.Stdout = writer
	endGently(cmd, os.Interrupt)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	said := make([]byte, 64)
	n, _ := reader.Read(said)
	if got := string(said[:n]); got != "ready\n" {
		t.Fatalf("the program said %q", got)
	}
	cancel()
	n, _ = reader.Read(said)
	if got := string(said[:n]); got != "cleaned\n" {
		t.Errorf("the program said %q after the interrupt", got)
	}
	_ = cmd.Wait()
}

func TestEitherContextEndsAProgram(t *testing.T) {
	first, cancelFirst := context.WithCancel(context.Background())
	second, cancelSecond := context.WithCancel(context.Background())
	defer cancelFirst()
	ctx, stop := both(first, second)
	defer stop()
	if ctx.Err() != nil {
		t.Fatal("done before either")
	}
	cancelSecond()
	<-ctx.Done()
}

func TestTheExecutorIsToldAboutTheStack(t *testing.T) {
	arguments := executorArguments(&pulumirpc.RunRequest{
		MonitorAddress: "127.0.0.1:1", Project: "p", Stack: "dev", Pwd: "/project", DryRun: true, Parallel: 4,
		Organization: "o", Args: []string{"extra"},
		Info: &pulumirpc.ProgramInfo{RootDirectory: "/project", EntryPoint: "."},
	}, "127.0.0.1:2", "")
	want := "--monitor 127.0.0.1:1 --engine 127.0.0.1:2 --project p --root_directory /project --stack dev " +
		"--pwd /project --dry_run true --parallel 4 --organization o . extra"
	if got := strings.Join(arguments, " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
