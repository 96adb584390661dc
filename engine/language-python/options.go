package main

import (
	"fmt"
	"sort"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// pluginVirtualenv is where a plugin's environment lies unless its options say otherwise. A program without the
// option runs in the Python of the PATH, as it always has; a plugin never does.
const pluginVirtualenv = "venv"

// pythonOptions reads the `runtime.options` of a Pulumi.yaml, PulumiPolicy.yaml or PulumiPlugin.yaml.
//
// A value of the wrong type or an unknown choice is an error; an unknown key is left alone, as newer CLIs may
// know it.
func pythonOptions(info *pulumirpc.ProgramInfo, isPlugin bool) (toolchain.PythonOptions, error) {
	parsed := toolchain.PythonOptions{Root: info.GetRootDirectory(), ProgramDir: info.GetProgramDirectory()}
	raw := info.GetOptions().AsMap()

	virtualenv, err := textOption(raw, "virtualenv")
	if err != nil {
		return parsed, err
	}
	parsed.Virtualenv = virtualenv

	name, err := choiceOption(raw, "toolchain", "pip", "poetry", "uv")
	if err != nil {
		return parsed, err
	}
	switch name {
	case "pip":
		parsed.Toolchain = toolchain.Pip
	case "poetry":
		parsed.Toolchain = toolchain.Poetry
	case "uv":
		parsed.Toolchain = toolchain.Uv
	}

	checker, err := choiceOption(raw, "typechecker", "mypy", "pyright")
	if err != nil {
		return parsed, err
	}
	switch checker {
	case "mypy":
		parsed.Typechecker = toolchain.TypeCheckerMypy
	case "pyright":
		parsed.Typechecker = toolchain.TypeCheckerPyright
	}

	usesPip := parsed.Toolchain == toolchain.Pip || parsed.Toolchain == toolchain.Auto
	if isPlugin && usesPip && parsed.Virtualenv == "" {
		parsed.Virtualenv = pluginVirtualenv
	}
	return parsed, nil
}

// environment resolves the options of a program or plugin to the toolchain that runs its Python.
func environment(
	info *pulumirpc.ProgramInfo, isPlugin bool,
) (toolchain.Toolchain, toolchain.PythonOptions, error) {
	options, err := pythonOptions(info, isPlugin)
	if err != nil {
		return nil, options, err
	}
	tools, err := toolchain.ResolveToolchain(options)
	return tools, options, err
}

// textOption returns the option as text, empty where it is absent.
func textOption(options map[string]any, key string) (string, error) {
	value, ok := options[key]
	if !ok || value == nil {
		return "", nil
	}
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("the runtime option %q must be text, not %v", key, value)
	}
	return text, nil
}

// choiceOption returns the option, empty where it is absent, or an error where it is none of the choices.
func choiceOption(options map[string]any, key string, choices ...string) (string, error) {
	text, err := textOption(options, key)
	if err != nil || text == "" {
		return text, err
	}
	for _, choice := range choices {
		if text == choice {
			return text, nil
		}
	}
	sort.Strings(choices)
	return "", fmt.Errorf("the runtime option %q is %q: it must be one of %s", key, text, strings.Join(choices, ", "))
}
