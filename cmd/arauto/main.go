// Command arauto is the whole program: the server, and the command line that talks to one.
//
// What the programs do is in internal/app; here are their flags and words. The client commands know the
// server by /api/v1 alone. Only serve, demo, migrate, backup, restore, token
// create, user create and user password open a database.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // who asks twice does not want to wait
	status := run(ctx, os.Args[1:], screenOf(os.Stdin, os.Stdout, os.Stderr))
	stop()
	os.Exit(status)
}

// Exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1   // the server said no, or the work did not end well
	exitUsage       = 2   // the command itself makes no sense
	exitInterrupted = 130 // as shells have it for Ctrl-C
)

// grammar is every command.
type grammar struct {
	Campaign    campaignCmd    `cmd:"" group:"work" help:"Create, start, watch and change campaigns."`
	Import      importCmd      `cmd:"" group:"work" help:"Upload a file of contacts into a campaign and follow it."`
	Export      exportCmd      `cmd:"" group:"work" help:"Write contacts into a file: CSV, a spreadsheet, or JSON lines."`
	Job         jobCmd         `cmd:"" group:"work" help:"Imports and other long work."`
	Why         whyCmd         `cmd:"" group:"work" help:"Why a phone, or a business-scoped id, was contacted or was not."`
	Rules       rulesCmd       `cmd:"" group:"work" help:"When and how often people may be contacted: packs, hours, caps, holidays."`
	Suppression suppressionCmd `cmd:"" group:"work" help:"The do-not-contact list."`
	Person      personCmd      `cmd:"" group:"work" help:"Who somebody is, under whichever name; merging two."`
	Report      reportCmd      `cmd:"" group:"work" help:"Reports as CSV."`
	Click       clickCmd       `cmd:"" group:"work" help:"What ads and posts brought."`
	Conversion  conversionCmd  `cmd:"" group:"work" help:"What Meta is told of clicks, and for which activity codes."`

	App       appCmd       `cmd:"" group:"setup" help:"Meta apps: their secrets sign the webhooks."`
	Waba      wabaCmd      `cmd:"" group:"setup" help:"WhatsApp Business Accounts."`
	Portfolio portfolioCmd `cmd:"" group:"setup" help:"Business portfolios: their numbers share one messaging limit."`
	Sender    senderCmd    `cmd:"" group:"setup" help:"WhatsApp numbers to write from."`
	Template  templateCmd  `cmd:"" group:"setup" help:"Message templates."`
	Rate      rateCmd      `cmd:"" group:"setup" help:"What one message costs: for estimates, costs and ceilings."`
	Agent     agentCmd     `cmd:"" group:"setup" help:"Members of teams: queues, capacity, who acts as them."`
	Routing   routingCmd   `cmd:"" group:"setup" help:"Which conversations go to which queue."`
	Activity  activityCmd  `cmd:"" group:"setup" help:"Activity codes: how conversations end."`
	Canned    cannedCmd    `cmd:"" group:"setup" help:"Canned replies that agents choose from."`
	Queue     queueCmd     `cmd:"" group:"setup" help:"Teams that answer: hours, automatic replies, wrap-up."`
	User      userCmd      `cmd:"" group:"setup" help:"People who work with Arauto: log-ins and roles."`
	Token     tokenCmd     `cmd:"" group:"setup" help:"API tokens."`
	Endpoint  endpointCmd  `cmd:"" group:"setup" help:"Addresses that are told what happens."`

	programs

	Bench   benchCmd   `cmd:"" group:"programs" help:"Measure this build on this machine, beside a baseline."`
	Version versionCmd `cmd:"" group:"programs" help:"Print this program's version."`
}

// run does what args say and returns the exit status.
func run(ctx context.Context, args []string, s *screen) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parser := newParser(&grammar{}, s)
	command, err := parser.Parse(args)
	if err != nil {
		s.note("arauto: %v", err)
		if parseError, ok := errors.AsType[*kong.ParseError](err); ok && parseError.Context != nil {
			s.note("Try: %s --help", commandPath(parseError.Context))
		}
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return s.status(command.Run(s))
}

func newParser(g *grammar, s *screen) *kong.Kong {
	return kong.Must(g,
		kong.Name("arauto"),
		kong.Description("Contact-centre outreach: campaigns over WhatsApp, self-hosted."),
		kong.Writers(s.Out, s.Err),
		kong.Exit(os.Exit), // after --help only
		kong.NamedMapper("bytes", kong.MapperFunc(decodeBytes)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "work", Title: "Everyday work (client of a running server):"},
			{Key: "setup", Title: "Setting up (client of a running server):"},
			{Key: "programs", Title: "Programs:"},
			{Key: "server", Title: "Which server:"},
		}),
	)
}

// commandPath is as much of the command as was understood.
func commandPath(k *kong.Context) string {
	if node := k.Selected(); node != nil {
		return node.FullPath()
	}
	path := k.Model.Name
	for _, step := range k.Path {
		if step.Command != nil {
			path = step.Command.FullPath()
		}
	}
	return path
}

type versionCmd struct{}

func (versionCmd) Run(s *screen) error {
	return s.say("arauto %s", version)
}

// status tells the person about err and returns the exit status that goes with it.
func (s *screen) status(err error) int {
	var code int
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errTold):
		return exitFailed
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, new(usageError)):
		code = exitUsage
	default:
		code = exitFailed
	}
	s.note("arauto: %v", err)
	return code
}

// errTold ends a command that has already said what went wrong.
var errTold = errors.New("told")

// usageError is a command that makes no sense, found too late for the parser.
type usageError string

func (e usageError) Error() string { return string(e) }
