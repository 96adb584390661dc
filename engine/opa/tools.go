//go:build tools

// Package tools keeps OPA, which no code here imports, in go.mod and go.sum.
package tools

import _ "github.com/open-policy-agent/opa"
