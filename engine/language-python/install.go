package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc"
)

// InstallDependencies makes the environment of a program, policy pack or component package, and installs its
// requirements into it with the toolchain that the runtime options name. The toolchain's own words go to the caller.
//
// An environment that exists outside the project is left as it is: it was made, and perhaps locked, for something
// else, and the CLI calls this before it so much as reads a component package's schema.
func (h *host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest,
	server grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	tools, options, err := environment(req.GetInfo(), req.GetIsPlugin())
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, req.GetIsTerminal())
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()
	ctx, stop := both(h.ending, server.Context())
	defer stop()

	if place := sharedEnvironment(options); place != "" {
		fmt.Fprintf(stdout, "Using the environment %s as it is: it lies outside %s\n", place, options.Root)
		return closer.Close()
	}
	fmt.Fprintln(stdout, "Installing dependencies...")
	languageVersions := req.GetUseLanguageVersionTools()
	if req.GetIsPlugin() {
		if err := installItself(ctx, tools, options, languageVersions, stdout, stderr); err != nil {
			return err
		}
	}
	if err := tools.InstallDependencies(ctx, options.ProgramDir, languageVersions, true, stdout, stderr); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Finished installing dependencies")
	return closer.Close()
}

// sharedEnvironment returns the path of the virtual environment that the options name, where it exists and lies
// outside the project, and otherwise nothing. What counts is where it really lies: `.venv` may be a link to it.
func sharedEnvironment(options toolchain.PythonOptions) string {
	if options.Virtualenv == "" {
		return ""
	}
	place := options.Virtualenv
	if !filepath.IsAbs(place) {
		place = filepath.Join(options.Root, place)
	}
	place, err := filepath.EvalSymlinks(place)
	if err != nil || !toolchain.IsVirtualEnv(place) {
		return ""
	}
	root, err := filepath.EvalSymlinks(options.Root)
	if err != nil {
		return ""
	}
	relative, err := filepath.Rel(root, place)
	if err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator)) {
		return ""
	}
	return place
}

// installItself installs a component package that is a buildable distribution, as the engine then runs it by its
// distribution's name.
func installItself(
	ctx context.Context, tools toolchain.Toolchain, options toolchain.PythonOptions,
	languageVersions bool, stdout, stderr io.Writer,
) error {
	buildable, err := toolchain.IsBuildablePackage(options.ProgramDir)
	if err != nil || !buildable {
		return err
	}
	if err := tools.EnsureVenv(ctx, options.ProgramDir, languageVersions, true, stdout, stderr); err != nil {
		return err
	}
	cmd, err := tools.ModuleCommand(ctx, "pip", "install", options.ProgramDir)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the package in %s could not be installed: %w", options.ProgramDir, err)
	}
	return nil
}
