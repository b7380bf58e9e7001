// Command checker judges the addresses of a cluster at rest from outside: another language, another parser of prefixes
// (net/netip), nothing shared with what gave the addresses. It reads the API like anybody who may list, or a file.
//
//	checker -server https://127.0.0.1:6443 -ca ca.pem -token-file token
//	checker -world world.json
//
// One complaint is one line on standard output and exit code 1; a world in order is one line of figures and exit code 0.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
)

// World is everything that is judged together.
type World struct {
	Plans  []Plan  `json:"addressPlans"`
	Blocks []Block `json:"prefixBlocks"`
	Claims []Claim `json:"prefixClaims"`
}

// Meta is what is read of an object's metadata.
type Meta struct {
	Name              string `json:"name"`
	UID               string `json:"uid"`
	DeletionTimestamp string `json:"deletionTimestamp"`
}

// Ref names one object, not its namesake.
type Ref struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// Claimant is who has a prefix.
type Claimant struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// Plan is the AddressPlan.
type Plan struct {
	Meta Meta `json:"metadata"`
	Spec struct {
		Roots []struct {
			CIDR string `json:"cidr"`
		} `json:"roots"`
		DepartmentPools []string `json:"departmentPools"`
		CommunePools    []string `json:"communePools"`
	} `json:"spec"`
}

// Block is a PrefixBlock.
type Block struct {
	Meta Meta `json:"metadata"`
	Spec struct {
		CIDR      string   `json:"cidr"`
		Parent    string   `json:"parent"`
		ParentUID string   `json:"parentUID"`
		Level     string   `json:"level"`
		ClaimRef  Ref      `json:"claimRef"`
		Claimant  Claimant `json:"claimant"`
		State     string   `json:"state"`
	} `json:"spec"`
}

// Claim is a PrefixClaim.
type Claim struct {
	Meta Meta `json:"metadata"`
	Spec struct {
		Level    string   `json:"level"`
		Claimant Claimant `json:"claimant"`
	} `json:"spec"`
	Status struct {
		Candidate  string `json:"candidate"`
		Bound      *Bound `json:"bound"`
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
			Reason string `json:"reason"`
		} `json:"conditions"`
	} `json:"status"`
}

// Bound is what a claim says that it has.
type Bound struct {
	CIDR     string `json:"cidr"`
	BlockUID string `json:"blockUID"`
}

func main() {
	var (
		server = flag.String("server", "", "URL of the API server")
		ca     = flag.String("ca", "", "file with the certificates that the server's is checked with")
		token  = flag.String("token-file", "", "file with the caller's token")
		file   = flag.String("world", "", "a file instead of a server: {addressPlans, prefixBlocks, prefixClaims}")
	)
	flag.Parse()
	world, err := load(*server, *ca, *token, *file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "checker:", err)
		os.Exit(2)
	}
	complaints := judge(world)
	slices.Sort(complaints)
	for _, complaint := range complaints {
		fmt.Println(complaint)
	}
	if len(complaints) > 0 {
		os.Exit(1)
	}
	fmt.Println(figures(world))
}

func load(server, ca, token, file string) (*World, error) {
	if file == "" {
		return fetch(server, ca, token)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var world World
	return &world, json.Unmarshal(text, &world)
}

// What a world in order holds, as JSON with sorted keys.
func figures(world *World) string {
	numbers := map[string]int{"claims": len(world.Claims), "blocks": len(world.Blocks), "bound": 0}
	for _, claim := range world.Claims {
		if claim.Status.Bound != nil {
			numbers["bound"]++
		} else {
			numbers["refused "+claim.ready()]++
		}
	}
	text, _ := json.Marshal(numbers)
	return string(text)
}

// The reason of the claim's condition Ready.
func (c *Claim) ready() string {
	for _, condition := range c.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Reason
		}
	}
	return ""
}
