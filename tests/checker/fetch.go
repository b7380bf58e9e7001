package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Objects of one answer.
const page = "500"

type reader struct {
	server string
	token  string
	client *http.Client
}

// fetch reads the whole world; blocks after claims, so that what is bound meanwhile shows as a complaint, never as
// silence.
func fetch(server, ca, tokenFile string) (*World, error) {
	if server == "" || ca == "" || tokenFile == "" {
		return nil, errors.New("-server, -ca and -token-file are needed, or -world")
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", ca)
	}
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	r := reader{server, strings.TrimSpace(string(token)), &http.Client{Transport: transport, Timeout: time.Minute}}
	var world World
	if world.Plans, err = list[Plan](r, "addressplans"); err != nil {
		return nil, err
	}
	if world.Claims, err = list[Claim](r, "prefixclaims"); err != nil {
		return nil, err
	}
	world.Blocks, err = list[Block](r, "prefixblocks")
	return &world, err
}

func list[T any](r reader, resource string) ([]T, error) {
	var all []T
	next := ""
	for {
		var answer struct {
			Metadata struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []T `json:"items"`
		}
		query := url.Values{"limit": {page}, "continue": {next}}
		if err := r.get("/apis/berth.dev/v1alpha1/"+resource+"?"+query.Encode(), &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.Items...)
		if next = answer.Metadata.Continue; next == "" {
			return all, nil
		}
	}
}

func (r reader) get(path string, into any) error {
	request, err := http.NewRequest(http.MethodGet, r.server+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	answer, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return fmt.Errorf("GET %s: %s %s", path, answer.Status, text)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
