package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// host answers the calls of the LanguageRuntime service. What it leaves to the embedded type (generating code,
// packing and linking SDKs) is the business of a package's author, who has the vendor's CLI for it: the engine
// gets "unimplemented" for those.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	launcher string // the script that runs the executor so that Ctrl-C and RunError end in no noise
	executor string // the script that runs programs
	tracing  string // where to send traces, or empty

	ending context.Context // done when the engine asks to cancel, or this process is to end
	cancel context.CancelFunc

	mu     sync.Mutex
	engine string // the engine's address: given on the command line, or by the handshake
}

// newHost returns a host whose programs end, at the latest, when ctx does.
func newHost(ctx context.Context, launcher, executor, engine, tracing string) *host {
	ending, cancel := context.WithCancel(ctx)
	return &host{
		launcher: launcher, executor: executor, engine: engine, tracing: tracing, ending: ending, cancel: cancel,
	}
}

// Handshake tells the host which engine it serves. It is the first call, and the only news of the engine's
// address where the engine attached itself to a running host.
func (h *host) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if address := req.GetEngineAddress(); address != "" {
		h.engine = address
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo says which version of the protocol's libraries this host was built with.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// Cancel ends every program that is running: the engine calls it when a person presses Ctrl-C.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancel()
	return &emptypb.Empty{}, nil
}

// engineAddress returns the address of the engine this host serves, or an error before the handshake.
func (h *host) engineAddress() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.engine == "" {
		return "", fmt.Errorf("the engine has not said where it is: it must shake hands before it runs a program")
	}
	return h.engine, nil
}

// progress returns a writer whose lines the engine shows as passing news, and what closes it.
func (h *host) progress(ctx context.Context) (io.Writer, io.Closer, error) {
	address, err := h.engineAddress()
	if err != nil {
		return nil, nil, err
	}
	conn, err := grpc.NewClient(
		address, grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return nil, nil, fmt.Errorf("the engine at %s cannot be reached: %w", address, err)
	}
	return &engineLog{ctx: ctx, engine: pulumirpc.NewEngineClient(conn)}, conn, nil
}
