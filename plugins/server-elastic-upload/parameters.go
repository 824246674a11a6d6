package main

import (
	"fmt"
	"net/url"
	"strings"
)

// Parameters are the artifact's parameters. The credentials are a secret, and so not among them.
type Parameters struct {
	Log        string
	Url        string
	Scheme     string
	Index      string
	TimeColumn string
	BulkBytes  int
}

const (
	leastBulk = 10_000
	mostBulk  = 50_000_000
)

// check gives the address without a slash at its end, and the index's template.
func (p Parameters) check() (address string, index template, err error) {
	address = strings.TrimRight(strings.TrimSpace(p.Url), "/")
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "":
		return "", nil, fmt.Errorf("Url: `%s` is no address of a cluster, such as https://elastic.example.org:9200", p.Url)
	case parsed.User != nil:
		return "", nil, fmt.Errorf("Url: user and password do not belong there: give them as the secret `credentials`, with Scheme=Basic")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return "", nil, fmt.Errorf("Url: `%s` has more than a path at its end", p.Url)
	}
	switch p.Scheme {
	case "ApiKey", "Basic", "Bearer":
	default:
		return "", nil, fmt.Errorf("Scheme: `%s` is none of ApiKey, Basic, Bearer", p.Scheme)
	}
	if p.BulkBytes < leastBulk || p.BulkBytes > mostBulk {
		return "", nil, fmt.Errorf("BulkBytes: %d is not from %d to %d", p.BulkBytes, leastBulk, mostBulk)
	}
	index, err = parseTemplate(p.Index)
	return address, index, err
}
