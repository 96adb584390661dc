package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// discoverScript prints the distributions of the Python that runs it.
//
//go:embed discover.py
var discoverScript string

// oldestPython is the lowest version of Python that the Pulumi SDK supports.
var oldestPython = [2]int{3, 10}

// distribution is one installed Python distribution.
type distribution struct {
	Name     string   `json:"name"` // normalized: lower case, single hyphens
	Version  string   `json:"version"`
	Requires []string `json:"requires"` // normalized names
	Plugin   *string  `json:"plugin"`   // the text of its pulumi-plugin.json
}

// installation is what one Python interpreter has installed.
type installation struct {
	Python        [3]int         `json:"python"`
	Distributions []distribution `json:"distributions"`
}

// discover asks the environment's own Python what is installed in it.
func discover(ctx context.Context, tools toolchain.Toolchain) (installation, error) {
	var installed installation
	cmd, err := tools.Command(ctx, "-c", discoverScript)
	if err != nil {
		return installed, err
	}
	output, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			err = errors.New(lastLine(string(exit.Stderr)))
		}
		return installed, fmt.Errorf("%s cannot list its packages: %w", cmd.Path, err)
	}
	if err := json.Unmarshal(output, &installed); err != nil {
		return installed, fmt.Errorf("%s listed its packages in a form that cannot be read: %w", cmd.Path, err)
	}
	return installed, nil
}

// tooOld returns a sentence about a Python below the oldest that the SDK supports, and otherwise nothing.
func (i installation) tooOld() string {
	if i.Python[0] > oldestPython[0] || (i.Python[0] == oldestPython[0] && i.Python[1] >= oldestPython[1]) {
		return ""
	}
	return fmt.Sprintf("Pulumi needs Python %d.%d or newer, and this environment has %d.%d.%d",
		oldestPython[0], oldestPython[1], i.Python[0], i.Python[1], i.Python[2])
}

// direct returns the distributions that no other one requires: what a person asked for.
func (i installation) direct() []distribution {
	required := map[string]bool{}
	for _, one := range i.Distributions {
		for _, name := range one.Requires {
			if name != one.Name {
				required[name] = true
			}
		}
	}
	var chosen []distribution
	for _, one := range i.Distributions {
		if !required[one.Name] {
			chosen = append(chosen, one)
		}
	}
	return chosen
}

// lastLine returns the last line that is not blank: of a traceback, the error itself.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
