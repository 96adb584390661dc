package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// withoutProvider are distributions that are named like a provider's SDK and are none.
var withoutProvider = map[string]bool{"pulumi-policy": true, "pulumi-esc-sdk": true}

// GetRequiredPackages says which provider packages the program's environment has SDKs of, so that the engine can
// get their plugins before the program asks for them. Where the environment's directory does not exist yet it is
// created and the program's requirements are installed, as `pulumi install` would.
func (h *host) GetRequiredPackages(
	ctx context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	tools, options, err := environment(req.GetInfo(), false)
	if err != nil {
		return nil, err
	}
	news, closer, err := h.progress(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = closer.Close() }()
	if err := tools.EnsureVenv(ctx, options.ProgramDir, false, true, news, news); err != nil {
		return nil, err
	}
	if err := tools.ValidateVenv(ctx); err != nil {
		return nil, err
	}

	installed, err := discover(ctx, tools)
	if err != nil {
		return nil, err
	}
	if sentence := installed.tooOld(); sentence != "" {
		fmt.Fprintln(os.Stderr, sentence)
	}
	packages, err := requiredPackages(installed.Distributions)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, nil
}

// GetRequiredPlugins is the older form of GetRequiredPackages, for engines that do not know the newer one.
func (h *host) GetRequiredPlugins(
	ctx context.Context, req *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	response, err := h.GetRequiredPackages(ctx, &pulumirpc.GetRequiredPackagesRequest{Info: req.GetInfo()})
	if err != nil {
		return nil, err
	}
	plugins := []*pulumirpc.PluginDependency{}
	for _, one := range response.GetPackages() {
		plugins = append(plugins, &pulumirpc.PluginDependency{
			Name: one.GetName(), Kind: one.GetKind(), Version: one.GetVersion(), Server: one.GetServer(),
			Checksums: one.GetChecksums(),
		})
	}
	return &pulumirpc.GetRequiredPluginsResponse{Plugins: plugins}, nil
}

// requiredPackages returns the packages of those distributions that are SDKs of a provider.
func requiredPackages(distributions []distribution) ([]*pulumirpc.PackageDependency, error) {
	packages := []*pulumirpc.PackageDependency{}
	for _, one := range distributions {
		required, err := requiredPackage(one)
		if err != nil {
			return nil, err
		}
		if required != nil {
			packages = append(packages, required)
		}
	}
	return packages, nil
}

// requiredPackage returns the package that a distribution is the SDK of, or nil where it is no SDK.
//
// The distribution's pulumi-plugin.json decides; what it leaves open follows from the distribution's own name and
// version. SDKs from before that file existed are known by the name `pulumi-…`.
func requiredPackage(one distribution) (*pulumirpc.PackageDependency, error) {
	if withoutProvider[one.Name] || (one.Plugin == nil && !strings.HasPrefix(one.Name, "pulumi-")) {
		return nil, nil
	}
	declared := plugin.PulumiPluginJSON{Resource: true}
	if one.Plugin != nil {
		declared = plugin.PulumiPluginJSON{}
		if err := json.Unmarshal([]byte(*one.Plugin), &declared); err != nil {
			return nil, fmt.Errorf("the pulumi-plugin.json of %s cannot be read: %w", one.Name, err)
		}
	}
	if !declared.Resource {
		return nil, nil
	}
	required := &pulumirpc.PackageDependency{
		Name:             declared.Name,
		Kind:             string(apitype.ResourcePlugin),
		Version:          declared.Version,
		Server:           declared.Server,
		Parameterization: parameterization(declared.Parameterization),
		Extension:        parameterization(declared.ExtensionParameterization),
	}
	if required.Name == "" {
		required.Name = strings.TrimPrefix(one.Name, "pulumi-")
	}
	if required.Version == "" {
		version, ok := pluginVersion(one.Version)
		if !ok {
			return nil, nil // no plugin can be named after such a version
		}
		required.Version = version
	}
	if !strings.HasPrefix(required.Version, "v") {
		required.Version = "v" + required.Version
	}
	return required, nil
}

// parameterization translates what a pulumi-plugin.json says of a package that another plugin serves.
func parameterization(declared *plugin.PulumiParameterizationJSON) *pulumirpc.PackageParameterization {
	if declared == nil {
		return nil
	}
	return &pulumirpc.PackageParameterization{
		Name: declared.Name, Version: declared.Version, Value: declared.Value,
	}
}
