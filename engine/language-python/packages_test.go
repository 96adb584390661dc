package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

func TestPluginVersionsFollowFromPythonVersions(t *testing.T) {
	for version, want := range map[string]string{
		"7.51.1": "7.51.1", "1": "1.0.0", "1.2": "1.2.0", "1.2.3.4": "1.2.3.4",
		"1.2.3a4": "1.2.3-alpha.4", "1.2.3b4": "1.2.3-beta.4", "1.2.3rc4": "1.2.3-rc.4",
		"1.2.3.post4": "1.2.3+post4", "1.2.3.dev5": "1.2.3+dev5", "1.2.3.post4.dev5": "1.2.3+post4dev5",
		"1!2.0": "", "1.2.3+local": "", "": "", "one": "",
	} {
		got, ok := pluginVersion(version)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", version, got, ok, want)
		}
	}
}

func TestWhatADistributionSaysOfItsPlugin(t *testing.T) {
	text := func(s string) *string { return &s }
	for name, one := range map[string]struct {
		distribution distribution
		want         string
	}{
		"declared": {distribution{Name: "acme-sdk", Version: "1.0", Plugin: text(
			`{"resource":true,"name":"acme","version":"2.1.0","server":"https://example.com"}`)}, "acme v2.1.0 https://example.com"},
		"derived":       {distribution{Name: "pulumi-aws", Version: "7.51.1", Plugin: text(`{"resource":true}`)}, "aws v7.51.1 "},
		"by name alone": {distribution{Name: "pulumi-old", Version: "1.0.0"}, "old v1.0.0 "},
		"no plugin":     {distribution{Name: "pulumi-lib", Version: "1.0.0", Plugin: text(`{"resource":false}`)}, ""},
		"policy":        {distribution{Name: "pulumi-policy", Version: "1.21.0"}, ""},
		"not pulumi's":  {distribution{Name: "requests", Version: "2.0.0"}, ""},
		"no version":    {distribution{Name: "pulumi-odd", Version: "1!2"}, ""},
	} {
		required, err := requiredPackage(one.distribution)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := ""
		if required != nil {
			got = required.Name + " " + required.Version + " " + required.Server
		}
		if got != one.want {
			t.Errorf("%s: %q, want %q", name, got, one.want)
		}
	}
	if _, err := requiredPackage(distribution{Name: "pulumi-bad", Plugin: text("{")}); err == nil {
		t.Error("a broken pulumi-plugin.json was accepted")
	}
}

func TestAParameterizedPackageKeepsItsParameter(t *testing.T) {
	declared := `{"resource":true,"name":"terraform-provider","version":"1.0.0",` +
		`"parameterization":{"name":"acme","version":"3.0.0","value":"YQ=="}}`
	required, err := requiredPackage(distribution{Name: "pulumi-acme", Version: "3.0.0", Plugin: &declared})
	if err != nil {
		t.Fatal(err)
	}
	if p := required.Parameterization; p.GetName() != "acme" || string(p.GetValue()) != "a" {
		t.Errorf("%v", required)
	}
}

func TestDistributionsAreFoundWithoutPip(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no Python on the PATH")
	}
	site := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(site, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("pulumi_acme/pulumi-plugin.json", `{"resource":true,"name":"acme"}`)
	write("pulumi_acme-1.5.dist-info/METADATA",
		"Metadata-Version: 2.1\nName: Pulumi_Acme\nVersion: 1.5\nRequires-Dist: helper>=2; python_version>'3'\n"+
			"Requires-Dist: tester; extra == 'test'\n")
	write("pulumi_acme-1.5.dist-info/RECORD", "pulumi_acme/pulumi-plugin.json,,\n")
	write("helper-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: helper\nVersion: 2.0\n")
	write("tester-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tester\nVersion: 1.0\n")
	t.Setenv("PYTHONPATH", site)

	tools, err := toolchain.ResolveToolchain(toolchain.PythonOptions{Root: site, Toolchain: toolchain.Pip})
	if err != nil {
		t.Fatal(err)
	}
	installed, err := discover(context.Background(), tools)
	if err != nil {
		t.Fatal(err)
	}
	packages, err := requiredPackages(installed.Distributions)
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, one := range packages {
		if one.Name == "acme" {
			found = one.Version
		}
	}
	if found != "v1.5.0" {
		t.Errorf("acme has version %q among %v", found, packages)
	}
	direct := map[string]bool{}
	for _, one := range installed.direct() {
		direct[one.Name] = true
	}
	if !direct["pulumi-acme"] || !direct["tester"] || direct["helper"] {
		t.Errorf("direct dependencies: %v", direct)
	}
}

func TestAnOldPythonIsToldSo(t *testing.T) {
	if sentence := (installation{Python: [3]int{3, 9, 18}}).tooOld(); sentence == "" {
		t.Error("Python 3.9 passed")
	}
	for _, version := range [][3]int{{3, 10, 0}, {3, 14, 1}, {4, 0, 0}} {
		if sentence := (installation{Python: version}).tooOld(); sentence != "" {
			t.Errorf("%v: %s", version, sentence)
		}
	}
}
