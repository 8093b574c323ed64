package main

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"
)

// notifier tells systemd how the service is, by the protocol of sd_notify(3). Without NOTIFY_SOCKET nobody wants to know.
type notifier struct {
	socket   string
	watchdog time.Duration // how often it must hear that we are alive; 0 = it does not ask
}

func newNotifier(env lookup) notifier {
	n := notifier{socket: env.get("NOTIFY_SOCKET")}
	if us, err := strconv.ParseInt(env.get("WATCHDOG_USEC"), 10, 64); err == nil && us > 0 {
		n.watchdog = time.Duration(us) * time.Microsecond
	}
	return n
}

// say sends a state. That systemd did not hear it is its own affair: it will end what it does not hear from.
func (n notifier) say(state string) {
	if n.socket == "" {
		return
	}
	name := n.socket
	if abstract, ok := strings.CutPrefix(name, "@"); ok {
		name = "\x00" + abstract
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(context.Background(), "unixgram", name)
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte(state))
	_ = conn.Close()
}
