package main

import (
	"reflect"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestConfigurationIsNeverNull(t *testing.T) {
	variables, err := configEnvironment(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"PULUMI_CONFIG={}", "PULUMI_CONFIG_SECRET_KEYS=[]"}
	if !reflect.DeepEqual(variables, want) {
		t.Errorf("%q, want %q", variables, want)
	}
}

func TestConfigurationIsJSON(t *testing.T) {
	variables, err := configEnvironment(map[string]string{"p:quote": "a \"b\"\n", "p:key": "k"}, []string{"p:key"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`PULUMI_CONFIG={"p:key":"k","p:quote":"a \"b\"\n"}`, `PULUMI_CONFIG_SECRET_KEYS=["p:key"]`,
	}
	if !reflect.DeepEqual(variables, want) {
		t.Errorf("%q, want %q", variables, want)
	}
}

func TestAPolicyPackHearsOfTheStackItJudges(t *testing.T) {
	variables, err := policyEnvironment(&pulumirpc.AnalyzerStackConfigureRequest{
		Stack: "dev", Project: "p", DryRun: true, Config: map[string]string{"p:a": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`PULUMI_CONFIG={"p:a":"1"}`, "PULUMI_CONFIG_SECRET_KEYS=[]",
		"PULUMI_PROJECT=p", "PULUMI_STACK=dev", "PULUMI_DRY_RUN=true",
	}
	if !reflect.DeepEqual(variables, want) {
		t.Errorf("%q, want %q", variables, want)
	}
}

func TestAPolicyPackWithoutAStackStillHasConfiguration(t *testing.T) {
	variables, err := policyEnvironment(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"PULUMI_CONFIG={}", "PULUMI_CONFIG_SECRET_KEYS=[]"}
	if !reflect.DeepEqual(variables, want) {
		t.Errorf("%q, want %q", variables, want)
	}
}
