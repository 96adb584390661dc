package main

import (
	"regexp"
	"strings"
)

// pep440 is the part of PEP 440's versions that a plugin's version can follow from: no epoch, no local part.
var pep440 = regexp.MustCompile(
	`^(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?(?:\.(post\d+))?(?:\.(dev\d+))?$`)

// semverPreRelease names PEP 440's pre-releases as semantic versions do.
var semverPreRelease = map[string]string{"a": "alpha", "b": "beta", "rc": "rc"}

// pluginVersion returns the semantic version of the plugin that belongs to an SDK of the given PEP 440 version:
// `1.2` is 1.2.0, `1.2.3rc4` is 1.2.3-rc.4, `1.2.3.post4` is 1.2.3+post4. It says false where there is none.
func pluginVersion(version string) (string, bool) {
	parts := pep440.FindStringSubmatch(version)
	if parts == nil {
		return "", false
	}
	numbers := strings.Split(parts[1], ".")
	for len(numbers) < 3 {
		numbers = append(numbers, "0")
	}
	result := strings.Join(numbers, ".")
	if parts[2] != "" {
		result += "-" + semverPreRelease[parts[2]] + "." + parts[3]
	}
	if build := parts[4] + parts[5]; build != "" {
		result += "+" + build
	}
	return result, true
}
