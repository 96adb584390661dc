package main

import (
	"context"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// engineLog is a writer to the engine's own display: each write is a message that the next one replaces.
type engineLog struct {
	ctx    context.Context
	engine pulumirpc.EngineClient
}

// Write sends the text to the engine as an ephemeral message.
func (l *engineLog) Write(text []byte) (int, error) {
	_, err := l.engine.Log(l.ctx, &pulumirpc.LogRequest{
		Severity:  pulumirpc.LogSeverity_INFO,
		Message:   strings.ToValidUTF8(string(text), "\uFFFD"),
		StreamId:  1,
		Ephemeral: true,
	})
	if err != nil {
		return 0, err
	}
	return len(text), nil
}
