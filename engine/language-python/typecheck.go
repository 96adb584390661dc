package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// typecheck runs the type checker that the runtime options ask for over the program, and returns its findings
// as an error.
func typecheck(ctx context.Context, tools toolchain.Toolchain, options toolchain.PythonOptions) error {
	var module string
	var arguments []string
	switch options.Typechecker {
	case toolchain.TypeCheckerMypy:
		module = "mypy"
		// mypy follows a directory wherever it leads, also into an environment inside the project.
		if environment, err := tools.VirtualEnvPath(ctx); err == nil && environment != "" {
			if relative, err := filepath.Rel(options.ProgramDir, environment); err == nil {
				arguments = append(arguments, "--exclude", relative)
			}
		}
	case toolchain.TypeCheckerPyright:
		module = "pyright"
	default:
		return nil
	}

	probe, err := tools.Command(ctx, "-c", "import "+module)
	if err != nil {
		return err
	}
	if probe.Run() != nil {
		return fmt.Errorf("the runtime option \"typechecker\" is %q, but %s is not installed in the program's "+
			"environment: add it to the requirements and install them", module, module)
	}
	cmd, err := tools.ModuleCommand(ctx, module, append(arguments, options.ProgramDir)...)
	if err != nil {
		return err
	}
	var findings bytes.Buffer
	cmd.Dir = options.ProgramDir
	cmd.Stdout, cmd.Stderr = &findings, &findings
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s finds fault with the program:\n%s", module, bytes.TrimSpace(findings.Bytes()))
	}
	return nil
}
