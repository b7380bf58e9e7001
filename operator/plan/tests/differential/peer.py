"""Python's ipaddress as a peer: one line of answers per line of the corpus (see main.rs)."""
import ipaddress
import sys


def prefix(text):
    # ipaddress reads masks, addresses without a length and scopes, too; the question is about prefixes in one spelling.
    try:
        net = ipaddress.IPv6Network(text, strict=True)
        # A scope (zone) is read, and kept, by ipaddress alone: no prefix of a plan has one.
        plain = "." not in text and "%" not in text
        return net if plain and str(net) == text else None
    except ValueError:
        return None


def prefix4(text):
    # ipaddress reads masks and addresses without a length, too.
    try:
        net = ipaddress.IPv4Network(text, strict=True)
        return net if str(net) == text else None
    except ValueError:
        return None


def answer(line):
    kind, _, rest = line.partition("\t")
    if kind == "text":
        net = prefix(rest)
        if net is None or net.network_address.ipv4_mapped is not None:
            return "-"
        digits = net.network_address.exploded.replace(":", "")
        zone = "-"
        if net.prefixlen % 4 == 0:
            pointer = net.network_address.reverse_pointer.split(".")
            zone = ".".join(pointer[32 - net.prefixlen // 4:])
        return f"{net} {str(net).replace(':', '-').replace('/', '-')} {digits} {zone}"
    if kind == "text4":
        net = prefix4(rest)
        if net is None:
            return "-"
        zone = "-"
        if net.prefixlen % 8 == 0:
            pointer = net.network_address.reverse_pointer.split(".")
            zone = ".".join(pointer[4 - net.prefixlen // 8:])
        return f"{net} {int(net.network_address):08x} {net.broadcast_address} {zone}"
    a, b = (ipaddress.ip_network(text) for text in rest.split("\t")[:2])
    if kind == "pair":
        if a.version != b.version:
            return "false false false"
        return f"{b.subnet_of(a)} {a.subnet_of(b)} {a.overlaps(b)}".lower()
    raise ValueError(kind)


for line in sys.stdin.buffer:
    print(answer(line.decode("utf-8").rstrip("\n")))
