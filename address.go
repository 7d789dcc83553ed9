package arauto

import (
	"net/netip"
	"net/url"
	"strings"
)

// notPublic are the ranges that nobody outside has an address in, and those whose addresses stand for another
// address: who may name a receiver must not reach this machine, its network or its cloud's services with it.
// From the special-purpose registries of IANA (RFC 6890) and the clouds' own documents.
var notPublic = prefixes(
	"0.0.0.0/8",        // this network
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // shared by a provider's customers; holds Alibaba's metadata service
	"127.0.0.0/8",      // this machine
	"168.63.129.16/32", // Azure's own services, at an address that looks public
	"169.254.0.0/16",   // link-local; holds most clouds' metadata service
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocol assignments; holds Oracle's metadata service
	"192.0.2.0/24",     // documentation
	"192.88.99.0/24",   // 6to4 relays
	"192.168.0.0/16",   // private
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, and broadcast
	"::/96",            // unspecified, this machine, and IPv4 in an old dress
	"64:ff9b::/96",     // IPv4 behind NAT64
	"64:ff9b:1::/48",   // the same, local
	"100::/64",         // discard
	"2001::/23",        // protocol assignments, Teredo: IPv4 inside
	"2001:db8::/32",    // documentation
	"2002::/16",        // 6to4: IPv4 inside
	"3fff::/20",        // documentation
	"5f00::/16",        // segment routing
	"fc00::/7",         // unique local; holds a cloud's metadata service
	"fe80::/10",        // link-local
	"fec0::/10",        // site-local, as it once was
	"ff00::/8",         // multicast
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// PublicAddress reports whether an address is one that anybody on the internet may have.
func PublicAddress(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// EndpointURL is raw as an endpoint keeps it; the error is invalid. Unless private addresses are allowed it must be
// https, and a host that says itself that it is not public is refused. What a name resolves to is for whoever
// connects to look at.
func EndpointURL(raw string, private bool) (string, error) {
	wrong := func(format string, args ...any) (string, error) {
		return "", Errorf(KindInvalid, "url", format, args...)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return wrong("this is not an address such as https://example.com/arauto")
	}
	if u.User != nil || u.Fragment != "" {
		return wrong("give neither a user nor a fragment: what is told is signed")
	}
	if private {
		return u.String(), nil
	}
	if u.Scheme != "https" {
		return wrong("use https, or have this server's operator allow private addresses")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	a, err := netip.ParseAddr(host)
	switch literal := err == nil; {
	case literal && PublicAddress(a):
	case literal, !strings.Contains(host, "."), strings.HasSuffix(host, ".localhost"), strings.HasSuffix(host, ".local"), strings.HasSuffix(host, ".internal"):
		return wrong("%s is on this machine or inside a private network: have this server's operator allow private addresses", host)
	}
	return u.String(), nil
}
