package main

import (
	"encoding/json"
	"fmt"
)

const (
	configVariable     = "PULUMI_CONFIG"
	secretKeysVariable = "PULUMI_CONFIG_SECRET_KEYS"
)

// configEnvironment returns the environment variables in which a Python program finds its stack's configuration:
// a JSON object of all values, and a JSON array of the keys whose values are secret.
//
// A stack without configuration gives `{}` and `[]`: the SDK iterates over what it finds, so `null` would be
// a traceback before the program's first line.
func configEnvironment(values map[string]string, secretKeys []string) ([]string, error) {
	if values == nil {
		values = map[string]string{}
	}
	if secretKeys == nil {
		secretKeys = []string{}
	}
	config, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("the stack's configuration cannot be written as JSON: %w", err)
	}
	keys, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("the keys of the stack's secrets cannot be written as JSON: %w", err)
	}
	return []string{configVariable + "=" + string(config), secretKeysVariable + "=" + string(keys)}, nil
}
