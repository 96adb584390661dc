package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

func TestASharedEnvironmentIsOneThatReallyLiesElsewhere(t *testing.T) {
	t.Parallel()
	place, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	project, cache := filepath.Join(place, "project"), filepath.Join(place, "cache")
	for _, environment := range []string{cache, filepath.Join(project, "own")} {
		if err := os.MkdirAll(filepath.Join(environment, "bin"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(environment, "bin", "python"), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		filepath.Join(project, "linked"):   cache,
		filepath.Join(project, "dangling"): filepath.Join(place, "nowhere"),
		filepath.Join(place, "alias"):      project,
	} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}

	for _, test := range []struct{ root, virtualenv, want string }{
		{project, "", ""},
		{project, "own", ""},
		{project, "nowhere", ""},
		{project, "dangling", ""},
		{project, "linked", cache},
		{project, "../cache", cache},
		{project, cache, cache},
		{filepath.Join(place, "alias"), "own", ""},
		{filepath.Join(place, "alias"), "linked", cache},
		{project, filepath.Join(place, "alias", "own"), ""},
	} {
		got := sharedEnvironment(toolchain.PythonOptions{Root: test.root, Virtualenv: test.virtualenv})
		if got != test.want {
			t.Errorf("%q in %s: %q instead of %q", test.virtualenv, test.root, got, test.want)
		}
	}
}
