// Go's net/netip as a peer: one line of answers per line of the corpus (see main.rs). The API server's CEL uses it.
package main

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"strings"
)

func text(s string) string {
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is6() || p.Addr().Is4In6() || p.Masked() != p || p.String() != s {
		return "-"
	}
	raw := p.Addr().As16()
	digits := fmt.Sprintf("%x", raw[:])
	zone := "-"
	if p.Bits()%4 == 0 {
		zone = ""
		for i := p.Bits()/4 - 1; i >= 0; i-- {
			zone += digits[i:i+1] + "."
		}
		zone += "ip6.arpa"
	}
	return fmt.Sprintf("%s %s %s %s", p, strings.NewReplacer(":", "-", "/", "-").Replace(p.String()), digits, zone)
}

func text4(s string) string {
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is4() || p.Masked() != p || p.String() != s {
		return "-"
	}
	raw := p.Addr().As4()
	last, zone := raw, "-"
	for bit := p.Bits(); bit < 32; bit++ {
		last[bit/8] |= 1 << (7 - bit%8)
	}
	if p.Bits()%8 == 0 {
		zone = ""
		for i := p.Bits()/8 - 1; i >= 0; i-- {
			zone += fmt.Sprintf("%d.", raw[i])
		}
		zone += "in-addr.arpa"
	}
	return fmt.Sprintf("%s %x %s %s", p, raw[:], netip.AddrFrom4(last), zone)
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch fields[0] {
		case "text":
			fmt.Fprintln(out, text(strings.Join(fields[1:], "\t")))
		case "text4":
			fmt.Fprintln(out, text4(strings.Join(fields[1:], "\t")))
		case "pair":
			a, b := netip.MustParsePrefix(fields[1]), netip.MustParsePrefix(fields[2])
			in := func(a, b netip.Prefix) bool { return a.Bits() <= b.Bits() && a.Contains(b.Addr()) }
			fmt.Fprintln(out, in(a, b), in(b, a), a.Overlaps(b))
		}
	}
}
