package main

import (
	"context"
	"os"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Run runs a program to its end.
//
// The program talks to the engine by itself; what it writes to its output becomes the engine's diagnostics. It is
// interrupted when the engine cancels or goes away, and killed when it does not end then.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	engine, err := h.engineAddress()
	if err != nil {
		return nil, err
	}
	if req.GetAttachDebugger() {
		return nil, status.Error(codes.Unimplemented,
			"this Python language host cannot attach a debugger: run without --attach-debugger")
	}
	tools, options, err := environment(req.GetInfo(), false)
	if err != nil {
		return nil, err
	}
	if err := tools.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	config, err := configEnvironment(req.GetConfig(), req.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	if err := typecheck(ctx, tools, options); err != nil {
		return nil, err
	}

	running, stop := both(h.ending, ctx)
	defer stop()
	arguments := append([]string{h.launcher, h.executor}, executorArguments(req, engine, h.tracing)...)
	cmd, err := tools.Command(running, arguments...)
	if err != nil {
		return nil, err
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, config...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	endGently(cmd, os.Interrupt)

	sentence, bail := verdict(cmd.Run(), running.Err() != nil)
	return &pulumirpc.RunResponse{Error: sentence, Bail: bail}, nil
}

// executorArguments returns the command line of the script that runs a program.
func executorArguments(req *pulumirpc.RunRequest, engine, tracing string) []string {
	var arguments []string
	option := func(name, value string) {
		if value != "" {
			arguments = append(arguments, "--"+name, value)
		}
	}
	option("monitor", req.GetMonitorAddress())
	option("engine", engine)
	option("project", req.GetProject())
	option("root_directory", req.GetInfo().GetRootDirectory())
	option("stack", req.GetStack())
	option("pwd", req.GetPwd())
	option("dry_run", strconv.FormatBool(req.GetDryRun()))
	option("parallel", strconv.Itoa(int(req.GetParallel())))
	option("tracing", tracing)
	option("organization", req.GetOrganization())
	return append(append(arguments, req.GetInfo().GetEntryPoint()), req.GetArgs()...)
}
