package arauto_test

// tier is how far from the business a package stands. See docs/architecture.md.
type tier string

const (
	nouns   tier = "nouns"   // the business: standard library only
	engine  tier = "engine"  // a verb: the nouns and line
	edge    tier = "edge"    // one outside thing: the nouns and that thing's library
	harness tier = "harness" // what several packages' tests stand on; no program imports it
	wiring  tier = "wiring"  // joins the others
	example tier = "example" // shows one thing to a reader
)

// A rule says what the package at path may import besides the standard library.
type rule struct {
	path  string // inside the module; "" is the root package
	tier  tier
	own   []string // our packages, besides what the tier gives (tierOwn); "…" at the end means everything below
	libs  []string // other people's modules, or packages of them
	tests []string // what its _test.go files may import as well, besides testOwn and testLibs
	why   string   // one line, for whoever meets the rule
}

// tierOwn is what each tier may import of ours without saying so.
var tierOwn = map[tier][]string{
	nouns:   nil,
	engine:  {"", "internal/line"},
	edge:    {""},
	harness: {""},
	wiring:  {""},
	example: nil,
}

// tierBans are packages of the standard library that would carry the outside into a tier.
var tierBans = map[tier]map[string]string{
	nouns: {
		"os": ioBan, "io/fs": ioBan, "net": ioBan, "net/http": ioBan, "database/sql": ioBan, "syscall": ioBan, "os/exec": ioBan,
	},
	engine: {
		"net": talkBan, "net/http": talkBan, "database/sql": talkBan, "os/exec": talkBan,
	},
}

const (
	ioBan   = "the nouns do no I/O: hand the bytes in"
	talkBan = "an engine speaks to nothing outside: declare an interface of at most six methods and let an edge implement it"
)

// rules is every package there is. A new package gets its line here and, through `make docs`, in docs/architecture.md.
var rules = []rule{
	{path: "", tier: nouns, why: "anyone can read the business without reading a library"},

	{path: "internal/line", tier: engine, why: "the one way anything is owned: fenced leases"},
	{path: "internal/jobs", tier: engine, libs: []string{"golang.org/x/sync"}, why: "long work as leased rows"},
	{path: "internal/importer", tier: engine, own: []string{"internal/sheet"}, libs: []string{"golang.org/x/text"}, tests: []string{"internal/blob", "internal/jobs", "examples/campaign-csv", "github.com/xuri/excelize/v2"}, why: "a file becomes contacts; spreadsheets need their old encodings, and their rejects are spreadsheets"},
	{path: "internal/bulk", tier: engine, tests: []string{"internal/jobs"}, why: "one decision on many contacts, as leased jobs"},
	{path: "internal/exporter", tier: engine, own: []string{"internal/sheet"}, tests: []string{"internal/blob", "internal/jobs", "github.com/xuri/excelize/v2"}, why: "contacts become files, row by row"},
	{path: "internal/index", tier: engine, why: "lets the search index follow the contacts; knows neither"},
	{path: "internal/erasure", tier: engine, tests: []string{"internal/blob"}, why: "forgets a person, in rows and in files, and can be killed anywhere"},
	{path: "internal/dispatch", tier: engine, libs: []string{"golang.org/x/sync", "golang.org/x/time"}, why: "decides and paces; knows neither SQL nor HTTP"},
	{path: "internal/inbound", tier: engine, libs: []string{"golang.org/x/sync"}, why: "applies facts; knows no provider's wire"},
	{path: "internal/feedback", tier: engine, why: "tells Meta what clicks led to; knows neither its wire nor where conversions are kept"},
	{path: "internal/floor", tier: engine, why: "owns agents' states; knows neither conversations nor calls"},
	{path: "internal/desk", tier: engine, libs: []string{"golang.org/x/sync"}, tests: []string{"internal/blob"}, why: "whose conversations are, what is written in them and the files of them; agents' states are the floor's"},
	{path: "internal/notify", tier: engine, why: "tells endpoints what happened; knows neither their wire nor where notices come from"},

	{path: "internal/posting", tier: edge, why: "the search index as bytes; knows neither SQL nor what became of a contact"},
	{path: "internal/sheet", tier: edge, tests: []string{"github.com/xuri/excelize/v2"}, why: "a spreadsheet as bytes while its rows come; knows no contact, and is read by another's library in tests"},
	{path: "internal/store", tier: edge, own: []string{"internal/posting"}, libs: []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "github.com/google/uuid", "golang.org/x/sync"}, why: "the only package that knows SQL"},
	{path: "internal/whatsapp", tier: edge, why: "the only package that knows Meta's wire"},
	{path: "internal/sandbox", tier: edge, libs: []string{"golang.org/x/time"}, why: "pretends to be Meta, so it must share no code with the client it tests"},
	{path: "internal/courier", tier: edge, why: "the only package that connects to strangers' addresses: signed, bounded, and out of private networks"},
	{path: "internal/blob", tier: edge, why: "files, in a directory or a bucket"},
	{path: "internal/archive", tier: edge, why: "one file with checksums; knows nothing of what is in it"},
	{path: "internal/numbering", tier: edge, libs: []string{"github.com/nyaruka/phonenumbers"}, why: "the phone library's view of the world ends here"},
	{path: "internal/seal", tier: edge, libs: []string{"golang.org/x/crypto"}, why: "the only package that touches a secret's bytes"},
	{path: "internal/compat/wire", tier: edge, why: "what is below the vendors' words, texts in JSON and bodies that break off; knows no vendor"},
	{path: "internal/compat/wolkvox", tier: edge, tests: []string{"internal/compat/compattest"}, why: "one vendor's wire and its limits"},
	{path: "internal/compat/evolux", tier: edge, own: []string{"internal/compat/wire"}, tests: []string{"internal/compat/compattest"}, why: "one vendor's wire; its words are projections and go no further"},
	{path: "internal/compat/ccai", tier: edge, own: []string{"internal/compat/wire"}, tests: []string{"internal/compat/compattest"}, why: "one vendor's wire; its words are projections and go no further"},
	{path: "internal/api", tier: edge, libs: []string{"github.com/danielgtaylor/huma/v2", "github.com/google/uuid"}, tests: []string{"internal/server"}, why: "our own API, described by OpenAPI"},
	{path: "internal/server", tier: edge, libs: []string{"github.com/prometheus/client_golang", "golang.org/x/crypto", "golang.org/x/time"}, why: "the one door: handlers are handed in, so it knows no API"},

	{path: "internal/compat/compattest", tier: harness, libs: []string{"github.com/google/go-cmp"}, why: "goldens of whole exchanges, and the pages that show them: what the three vendors' tests share"},
	{path: "internal/store/pgtest", tier: harness, libs: []string{"github.com/jackc/pgx/v5"}, why: "a throwaway PostgreSQL for tests and benchmarks"},
	{path: "internal/store/storetest", tier: harness, own: []string{"internal/store"}, libs: testLibs, why: "one suite that both databases must pass"},

	{path: "internal/app", tier: wiring, own: []string{"internal/…", "examples/campaign-csv"}, libs: []string{"github.com/prometheus/client_golang", "github.com/google/uuid", "golang.org/x/crypto", "golang.org/x/sync"}, why: "knows everybody, so that nobody else has to"},
	{path: "cmd/arauto", tier: wiring, own: []string{"internal/app", "internal/sandbox", "bench"}, libs: []string{"github.com/alecthomas/kong"}, why: "flags and words; what they do is in app"},
	{path: "bench", tier: wiring, own: []string{"internal/…"}, libs: []string{"golang.org/x/sync"}, why: "measures the real packages, not copies of them"},

	{path: "examples/campaign-csv", tier: example, why: "carries the file into the demo"},
	{path: "examples/campaign-csv/generate", tier: example, libs: []string{"golang.org/x/text"}, tests: []string{""}, why: "writes the file, the same bytes every time"},
}

// testOwn is what any _test.go file below internal/, cmd/ and bench/ may stand on: a real database and a
// pretend Meta beat mocks. The root's tests stand on nothing.
var testOwn = []string{"", "internal/line", "internal/store", "internal/store/pgtest", "internal/store/storetest", "internal/sandbox", "internal/whatsapp", "internal/numbering", "internal/seal"}

// testLibs is what any _test.go file may import of others.
var testLibs = []string{
	"github.com/google/go-cmp", "pgregory.net/rapid", "go.uber.org/goleak", "github.com/rogpeppe/go-internal",
}

// testOnly may be imported by _test.go files alone.
var testOnly = map[string]string{
	"internal/store/storetest":   "it is a suite of tests, not part of the program",
	"internal/compat/compattest": "it is what tests stand on, not part of the program",
}

// planned packages have their rule before their code. A line goes when its package is there.
var planned = []string{}

// longFiles may pass maxLines; each says why it is worth a long scroll.
var longFiles = map[string]string{}
