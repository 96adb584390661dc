//go:build tools

// Package tools keeps WireGuard's userspace implementation, which no code here imports, in go.mod and go.sum.
package tools

import _ "golang.zx2c4.com/wireguard"
