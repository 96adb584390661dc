package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	sdk "github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RunPlugin runs a policy pack or a component package until the engine lets go of it, and passes on what it writes
// (its first line is the port it serves) and how it ended.
func (h *host) RunPlugin(
	req *pulumirpc.RunPluginRequest, server grpc.ServerStreamingServer[pulumirpc.RunPluginResponse],
) error {
	if req.GetAttachDebugger() {
		return status.Error(codes.Unimplemented,
			"this Python language host cannot attach a debugger: run without --attach-debugger")
	}
	isPolicyPack := req.GetKind() == string(apitype.AnalyzerPlugin)
	tools, options, err := environment(req.GetInfo(), !isPolicyPack)
	if err != nil {
		return err
	}
	if err := tools.ValidateVenv(server.Context()); err != nil {
		return err
	}

	ctx, stop := both(h.ending, server.Context())
	defer stop()
	cmd, err := pluginCommand(ctx, tools, options, req, isPolicyPack)
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// A plugin has heard from the engine itself that it is to end: the quiet signal leaves no traceback behind.
	endGently(cmd, syscall.SIGTERM)

	if isPolicyPack {
		err = runPolicyPack(ctx, cmd, stdout)
	} else {
		err = cmd.Run()
	}
	if ctx.Err() != nil {
		return closer.Close()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return server.Send(&pulumirpc.RunPluginResponse{
			Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exit.ExitCode())},
		})
	}
	if err != nil {
		return fmt.Errorf("the Python plugin in %s could not be run: %w", options.Root, err)
	}
	return closer.Close()
}

// pluginCommand returns the command that serves a policy pack or a component package.
//
// A policy pack runs under the SDK's own module, in the pack's directory, which comes last on the command line. A
// component package with a `__main__.py` is run by its directory, one without by the name of its distribution.
func pluginCommand(
	ctx context.Context, tools toolchain.Toolchain, options toolchain.PythonOptions,
	req *pulumirpc.RunPluginRequest, isPolicyPack bool,
) (*exec.Cmd, error) {
	directory := options.ProgramDir
	var arguments []string
	switch {
	case isPolicyPack:
		arguments = append([]string{"-u", "-m", "pulumi.policy"}, req.GetArgs()...)
		arguments = append(arguments, directory)
	case exists(filepath.Join(options.Root, "__main__.py")):
		arguments = append([]string{directory}, req.GetArgs()...)
	default:
		buildable, err := toolchain.IsBuildablePackage(options.Root)
		if err != nil {
			return nil, err
		}
		if !buildable {
			return nil, fmt.Errorf("%s cannot be run as a plugin: it has neither a __main__.py nor a pyproject.toml "+
				"with a name and a build backend", options.Root)
		}
		project, err := toolchain.LoadPyproject(options.Root)
		if err != nil {
			return nil, err
		}
		arguments = append([]string{"-m", "pulumi.run.plugin", project.Project.Name}, req.GetArgs()...)
	}

	cmd, err := tools.Command(ctx, arguments...)
	if err != nil {
		return nil, err
	}
	cmd.Dir = req.GetPwd()
	if isPolicyPack {
		cmd.Dir = directory
	}
	// The engine's variables count, but not its PATH alone: the environment's own programs come first.
	cmd.Env = append(os.Environ(), req.GetEnv()...)
	environment, err := tools.VirtualEnvPath(ctx)
	if err != nil {
		return nil, err
	}
	if environment != "" {
		cmd.Env = toolchain.ActivateVirtualEnv(cmd.Env, environment)
	}
	return cmd, nil
}

// runPolicyPack runs a policy pack behind a proxy that first hears the stack's configuration from the engine: the
// Python SDK reads it from the environment, so the pack can start only then.
func runPolicyPack(ctx context.Context, cmd *exec.Cmd, stdout io.Writer) error {
	proxy, output, err := sdk.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return fmt.Errorf("the policy pack's configuration cannot be awaited: %w", err)
	}
	config, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return fmt.Errorf("the policy pack's configuration did not come: %w", err)
	}
	variables, err := policyEnvironment(config)
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, variables...)
	cmd.Stdout = output
	if err := cmd.Start(); err != nil {
		return err
	}
	return proxy.Attach(ctx, cmd)
}

// policyEnvironment returns the environment variables in which a policy pack finds the stack it judges. The engine
// gives no configuration where there is no stack, as when a pack is only described.
func policyEnvironment(config *pulumirpc.AnalyzerStackConfigureRequest) ([]string, error) {
	variables, err := configEnvironment(config.GetConfig(), config.GetConfigSecretKeys())
	if err != nil || config == nil {
		return variables, err
	}
	for _, one := range [][2]string{
		{"PULUMI_ORGANIZATION", config.GetOrganization()},
		{"PULUMI_PROJECT", config.GetProject()},
		{"PULUMI_STACK", config.GetStack()},
		{"PULUMI_DRY_RUN", strconv.FormatBool(config.GetDryRun())},
	} {
		if one[1] != "" {
			variables = append(variables, one[0]+"="+one[1])
		}
	}
	return variables, nil
}

// exists says whether there is something at the path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
