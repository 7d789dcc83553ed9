//go:build deps

package arauto
import (
_ "github.com/alecthomas/kong"
_ "github.com/danielgtaylor/huma/v2"
_ "github.com/danielgtaylor/huma/v2/adapters/humago"
_ "github.com/google/go-cmp/cmp"
_ "github.com/google/uuid"
_ "github.com/jackc/pgx/v5/pgxpool"
_ "github.com/nyaruka/phonenumbers"
_ "github.com/pressly/goose/v3"
_ "github.com/prometheus/client_golang/prometheus/promhttp"
_ "github.com/rogpeppe/go-internal/testscript"
_ "go.uber.org/goleak"
_ "golang.org/x/crypto/chacha20poly1305"
_ "golang.org/x/sync/errgroup"
_ "golang.org/x/text/encoding/charmap"
_ "golang.org/x/text/unicode/norm"
_ "golang.org/x/time/rate"
_ "modernc.org/sqlite"
_ "pgregory.net/rapid"
)
