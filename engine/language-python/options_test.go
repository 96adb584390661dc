package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/protobuf/types/known/structpb"
)

// program returns the description of a program in /project with the given runtime options.
func program(t *testing.T, options map[string]any) *pulumirpc.ProgramInfo {
	t.Helper()
	packed, err := structpb.NewStruct(options)
	if err != nil {
		t.Fatal(err)
	}
	return &pulumirpc.ProgramInfo{RootDirectory: "/project", ProgramDirectory: "/project/app", Options: packed}
}

func TestOptionsAreReadAsTheProjectWritesThem(t *testing.T) {
	read, err := pythonOptions(program(t, map[string]any{
		"toolchain": "uv", "virtualenv": "../env", "typechecker": "pyright", "newer-option": true,
	}), false)
	if err != nil {
		t.Fatal(err)
	}
	want := toolchain.PythonOptions{
		Root: "/project", ProgramDir: "/project/app", Virtualenv: "../env",
		Typechecker: toolchain.TypeCheckerPyright, Toolchain: toolchain.Uv,
	}
	if read != want {
		t.Errorf("read %+v, want %+v", read, want)
	}
}

func TestOnlyAPluginHasAnEnvironmentByDefault(t *testing.T) {
	for _, isPlugin := range []bool{false, true} {
		read, err := pythonOptions(program(t, nil), isPlugin)
		if err != nil {
			t.Fatal(err)
		}
		if (read.Virtualenv == "venv") != isPlugin {
			t.Errorf("plugin %v: virtualenv %q", isPlugin, read.Virtualenv)
		}
	}
	read, err := pythonOptions(program(t, map[string]any{"toolchain": "poetry"}), true)
	if err != nil || read.Virtualenv != "" {
		t.Errorf("poetry places environments itself: %q, %v", read.Virtualenv, err)
	}
}

func TestAWrongOptionIsNamedInTheError(t *testing.T) {
	for _, options := range []map[string]any{
		{"toolchain": "conda"}, {"typechecker": "mypi"}, {"virtualenv": true}, {"toolchain": 3.0},
	} {
		_, err := pythonOptions(program(t, options), false)
		if err == nil {
			t.Errorf("%v was accepted", options)
			continue
		}
		for key := range options {
			if !strings.Contains(err.Error(), key) {
				t.Errorf("%v: the error does not name the option: %v", options, err)
			}
		}
	}
}

func TestAnEnvironmentOutsideTheProjectIsShared(t *testing.T) {
	root := t.TempDir()
	project := filepath.Join(root, "project")
	for _, place := range []string{filepath.Join(root, "env"), filepath.Join(project, "env")} {
		if err := os.MkdirAll(filepath.Join(place, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(place, "bin", "python"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for virtualenv, want := range map[string]string{
		"../env":                   filepath.Join(root, "env"),
		filepath.Join(root, "env"): filepath.Join(root, "env"),
		"env":                      "", // inside the project
		"../elsewhere":             "", // does not exist yet
		"":                         "", // the Python of the PATH
	} {
		if got := sharedEnvironment(toolchain.PythonOptions{Root: project, Virtualenv: virtualenv}); got != want {
			t.Errorf("%q: %q, want %q", virtualenv, got, want)
		}
	}
}
