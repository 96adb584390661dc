package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// About describes the Python that a program runs with, for `pulumi about`.
func (h *host) About(ctx context.Context, req *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	tools, options, err := environment(req.GetInfo(), false)
	if err != nil {
		return nil, err
	}
	info, err := tools.About(ctx)
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{
		"toolchain":   toolchain.Name(options.Toolchain),
		"typechecker": toolchain.TypeCheckerName(options.Typechecker),
	}
	// An environment that uv made has no pip, and so no version of it.
	if version := info.ToolchainVersion.String(); version != "0.0.0" {
		metadata["toolchainVersion"] = version
	}
	return &pulumirpc.AboutResponse{
		Executable: info.PythonExecutable,
		Version:    info.PythonVersion.String(),
		Metadata:   metadata,
	}, nil
}

// GetProgramDependencies lists the distributions installed for a program: all, or those that no other requires.
func (h *host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	tools, _, err := environment(req.GetInfo(), false)
	if err != nil {
		return nil, err
	}
	installed, err := discover(ctx, tools)
	if err != nil {
		return nil, err
	}
	chosen := installed.Distributions
	if !req.GetTransitiveDependencies() {
		chosen = installed.direct()
	}
	dependencies := make([]*pulumirpc.DependencyInfo, len(chosen))
	for i, one := range chosen {
		dependencies[i] = &pulumirpc.DependencyInfo{Name: one.Name, Version: one.Version}
	}
	return &pulumirpc.GetProgramDependenciesResponse{Dependencies: dependencies}, nil
}

// RuntimeOptionsPrompts returns the questions that `pulumi new` asks about a Python project: which toolchain, and
// for pip where its environment lies.
func (h *host) RuntimeOptionsPrompts(
	_ context.Context, req *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	answered := req.GetInfo().GetOptions().AsMap()
	var prompts []*pulumirpc.RuntimeOptionPrompt
	if _, chosen := answered["toolchain"]; !chosen {
		pip := textChoice("pip")
		prompts = append(prompts, &pulumirpc.RuntimeOptionPrompt{
			Key:         "toolchain",
			Description: "The toolchain to use for installing dependencies and running the program",
			PromptType:  pulumirpc.RuntimeOptionPrompt_STRING,
			Choices: append([]*pulumirpc.RuntimeOptionPrompt_RuntimeOptionValue{pip},
				plugin.MakeExecutablePromptChoices("poetry", "uv")...),
			Default: pip,
		})
	}
	if _, chosen := answered["virtualenv"]; !chosen && answered["toolchain"] == "pip" {
		venv := textChoice(pluginVirtualenv)
		prompts = append(prompts, &pulumirpc.RuntimeOptionPrompt{
			Key:         "virtualenv",
			Description: "The virtual environment to use, relative to the project",
			PromptType:  pulumirpc.RuntimeOptionPrompt_STRING,
			Choices:     []*pulumirpc.RuntimeOptionPrompt_RuntimeOptionValue{venv},
			Default:     venv,
		})
	}
	return &pulumirpc.RuntimeOptionsResponse{Prompts: prompts}, nil
}

// textChoice returns a choice of a prompt that is its own name.
func textChoice(text string) *pulumirpc.RuntimeOptionPrompt_RuntimeOptionValue {
	return &pulumirpc.RuntimeOptionPrompt_RuntimeOptionValue{
		PromptType: pulumirpc.RuntimeOptionPrompt_STRING, StringValue: text, DisplayName: text,
	}
}

// Template prepares the files of a new project for its toolchain, such as a pyproject.toml for uv or poetry.
func (h *host) Template(
	ctx context.Context, req *pulumirpc.TemplateRequest,
) (*pulumirpc.TemplateResponse, error) {
	tools, options, err := environment(req.GetInfo(), false)
	if err != nil {
		return nil, err
	}
	if err := tools.PrepareProject(ctx, req.GetProjectName(), options.ProgramDir, false, nil, nil); err != nil {
		return nil, err
	}
	return &pulumirpc.TemplateResponse{}, nil
}
