package whatsapp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// AppendMessage is the request body of a message.
var AppendMessage = appendMessage

// AppendString is a JSON string.
var AppendString = appendString

// DialedBy is the client's own transport over connections that open makes.
func DialedBy(open func(ctx context.Context, network, address string) (net.Conn, error)) http.RoundTripper {
	return newTransport(open, nil, 1)
}

// Trusting is the client's own transport with another idea of whom to trust.
func Trusting(trust *tls.Config) http.RoundTripper { return newTransport(dialer(), trust, 1) }

// Known reports whether the code has a verdict of its own.
func Known(code int) bool {
	_, known := verdictOf(code)
	return known
}
