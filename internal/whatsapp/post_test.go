package whatsapp

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// answered is what answer makes of the bytes of one answer, written in pieces of that size.
func answered(t *testing.T, text string, piece int) (status int, body string, keep bool, err error) {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		defer theirs.Close()
		for rest := text; rest != ""; {
			n := min(piece, len(rest))
			if _, err := io.WriteString(theirs, rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	_ = ours.SetDeadline(time.Now().Add(5 * time.Second))
	c := &pooled{meteredConn: &meteredConn{Conn: ours}}
	c.in.R = c.meteredConn
	c.r = bufio.NewReader(&c.in)
	status, b, keep, err := c.answer()
	return status, string(b), keep, err
}

func TestAnswersAreReadHoweverTheyCome(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		status int
		body   string
		keep   bool
		broken bool
	}{
		"as Meta writes":              {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", true, false},
		"keeps the connection":        {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", true, false},
		"ends the connection":         {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", 400, "{}", false, false},
		"in chunks":                   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", 200, "{}", false, false},
		"until it closes":             {"HTTP/1.1 200 OK\r\n\r\n{}", 200, "{}", false, false},
		"after an interim answer":     {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", true, false},
		"without a body":              {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true, false},
		"an old protocol":             {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", false, false},
		"two lengths":                 {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 0, "", false, true},
		"a length below zero":         {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", 0, "", false, true},
		"shorter than its length":     {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", 200, "", false, true},
		"longer than anything":        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{}", 200, "", false, true},
		"a head without end":          {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead) + "\r\n\r\n", 0, "", false, true},
		"nothing at all":              {"", 0, "", false, true},
		"no HTTP":                     {"SSH-2.0-OpenSSH_9.6\r\n\r\n", 0, "", false, true},
		"a status that is no number":  {"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\n{}", 0, "", false, true},
		"the length in another case":  {"HTTP/1.1 200 OK\r\ncontent-LENGTH:2\r\n\r\n{}", 200, "{}", true, false},
		"a head longer than a buffer": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 9000) + "\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, piece := range []int{1 << 20, 7} {
				status, body, keep, err := answered(t, c.text, piece)
				if (err != nil) != c.broken {
					t.Fatalf("in pieces of %d: %v", piece, err)
				}
				if !c.broken && (status != c.status || body != c.body) || keep && !c.keep {
					t.Errorf("in pieces of %d: %d %q, keep %t", piece, status, body, keep)
				}
				if !c.broken && c.keep && !keep {
					t.Errorf("in pieces of %d the connection is not kept", piece)
				}
			}
		})
	}
}
