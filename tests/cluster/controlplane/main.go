// Command controlplane is one binary that is, by its first argument, any part of a real Kubernetes control plane.
//
// Nothing here is an imitation: each case starts the upstream component's own command line. One binary instead of
// five shares the code they have in common, so that it builds once and starts in seconds.
package main

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"
	etcd "go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubectl [arguments]")
		os.Exit(2)
	}
	if os.Getenv("BERTH_DIE_WITH_PARENT") == "1" {
		go dieWithParent()
	}
	name := os.Args[1]
	os.Args = os.Args[1:]
	commands := map[string]func() *cobra.Command{
		"kube-apiserver":          apiserver.NewAPIServerCommand,
		"kube-controller-manager": manager.NewControllerManagerCommand,
		"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
		"kubectl":                 kubectl.NewDefaultKubectlCommand,
	}
	if name == "etcd" {
		etcd.Main(os.Args)
		return
	}
	command, known := commands[name]
	if !known {
		fmt.Fprintf(os.Stderr, "controlplane: %q is none of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl\n", name)
		os.Exit(2)
	}
	os.Exit(cli.Run(command()))
}

// dieWithParent ends this process when its standard input ends, which happens however the parent ends, SIGKILL included.
//
// BERTH_REMOVE_WITH_PARENT names the parent's throw-away data folder, which then has nobody else to remove it. `rm`
// replaces this process, so that nothing here writes to the folder any more; what another component writes meanwhile
// is removed by its own `rm`.
func dieWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	if folder := os.Getenv("BERTH_REMOVE_WITH_PARENT"); folder != "" {
		_ = syscall.Exec("/bin/rm", []string{"rm", "-rf", "--", folder}, nil)
	}
	os.Exit(1)
}
