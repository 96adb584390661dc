// Command pulumi-language-python is the language host for Pulumi programs written in Python.
//
// The Pulumi CLI starts it, reads the port it serves from the first line of its output, and asks it over gRPC to
// run programs, policy packs and component packages, to install what they need, and to say which providers they use.
// It runs no Python itself: it starts the interpreter that the project's runtime options name.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

const (
	// executorName is the SDK's script beside this program that connects a Pulumi program to the engine.
	executorName = "pulumi-language-python-exec"

	// launcherName is our own script beside this program, launch.py, that runs the SDK's.
	launcherName = "pulumi-language-python-launch"

	// engineCheckInterval is how long this host may outlive an engine that was killed outright.
	engineCheckInterval = 2 * time.Second
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-python: %v\n", err)
		os.Exit(1)
	}
}

// serve answers the engine until it goes away or asks this process to end.
func serve() error {
	tracing := flag.String("tracing", "", "where to send traces")
	executor := flag.String("use-executor", "", "the script that runs programs, instead of the one beside this program")
	showVersion := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *showVersion {
		fmt.Println(version.Version)
		return nil
	}
	logging.InitLogging(false, 0, false)
	cmdutil.InitTracing("pulumi-language-python", "pulumi-language-python", *tracing)

	launcher, err := beside(launcherName)
	if err != nil {
		return err
	}
	if *executor == "" {
		if *executor, err = beside(executorName); err != nil {
			return err
		}
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	engine := flag.Arg(0)
	if engine != "" {
		if err := rpcutil.Healthcheck(ctx, engine, engineCheckInterval, stop); err != nil {
			return fmt.Errorf("the engine at %s does not answer: %w", engine, err)
		}
	}

	ended := make(chan bool)
	context.AfterFunc(ctx, func() { close(ended) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: ended,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, newHost(ctx, launcher, *executor, engine, *tracing))
			return nil
		},
		Options: rpcutil.TracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("no port could be opened on the loopback interface: %w", err)
	}
	fmt.Printf("%d\n", handle.Port)
	return <-handle.Done
}

// beside returns the path of a script that belongs in this program's directory.
func beside(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("this program cannot tell where it lies: %w", err)
	}
	script := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(script); err != nil {
		return "", fmt.Errorf("%s is missing: it belongs beside this program", script)
	}
	return script, nil
}
