"""DNS records of the sending domain: whether receivers can see that mails are meant to come from there.

Here: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489) and MX, as far as they can be looked up.
Not here: whether the provider signs (send yourself a mail: `earshot send-test`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dns.exception
import dns.resolver

from pipelines.doctor.finding import Finding, ok, problem, warning
from reports.mail_settings import TransportSettings
from sql.values import PermanentError

# Seconds for one name, all its servers together.
LIFETIME_S = 5.0

# The selectors of SendGrid's domain authentication; a mail server's are its own.
SELECTORS = {"sendgrid": ("s1", "s2")}


class UnansweredError(Exception):
    """No DNS server answered, or none could."""


def check_records(
    mail: TransportSettings, selectors: Sequence[str] = (), server: str | None = None
) -> Iterator[Finding]:
    """One line each for SPF, DKIM, DMARC and MX of the sender's domain. server: HOST:PORT instead of the system's."""
    domain = mail.mail_from.rpartition("@")[2].lower().rstrip(".")
    if mail.kind == "file" or domain.endswith(".invalid"):
        yield ok("dns", "not looked up: mails leave by no domain yet")
        return
    resolver = make_resolver(server)
    for check, look in (("spf", _spf), ("dmarc", _dmarc), ("mx", _mx)):
        try:
            yield look(resolver, domain)
        except UnansweredError as error:
            yield _unanswered(check, domain, error)
    chosen = selectors or SELECTORS.get(mail.kind, ())
    if not chosen:
        meaning = f"not looked up: the selector that {domain} signs with is not set"
        yield warning("dkim", meaning, "set EARSHOT_DKIM_SELECTORS, such as mail2026: it is the s= of DKIM-Signature")
    for selector in chosen:
        try:
            yield _dkim(resolver, domain, selector)
        except UnansweredError as error:
            yield _unanswered("dkim", domain, error)


def make_resolver(server: str | None = None) -> dns.resolver.Resolver:
    """The system's DNS, or the server HOST:PORT. Raises PermanentError for what is no address of a server."""
    if server is None:
        try:
            resolver = dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            resolver = dns.resolver.Resolver(configure=False)
    else:
        host, _, port = server.rpartition(":") if ":" in server else (server, "", "53")
        resolver = dns.resolver.Resolver(configure=False)
        try:
            resolver.nameservers, resolver.port = [host], int(port)
        except ValueError:
            raise PermanentError(f"{server!r} is no DNS server: write its address as 127.0.0.1:53") from None
    resolver.lifetime = LIFETIME_S
    return resolver


def _unanswered(check: str, domain: str, error: UnansweredError) -> Finding:
    advice = "look at the machine's DNS (/etc/resolv.conf), or name a server: `earshot doctor --dns 9.9.9.9:53`"
    return warning(check, f"the records of {domain} could not be looked up: {error}", advice)


def _look_up(resolver: dns.resolver.Resolver, name: str, kind: str) -> list[str]:
    """The records of that name and kind as texts; none where the name has none. Raises UnansweredError."""
    try:
        answer = resolver.resolve(name, kind, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        # What follows the first sentence names each server and protocol.
        raise UnansweredError(str(error).partition(":")[0].partition(". ")[0]) from None
    if kind == "TXT":
        # One text may be split into strings of 255 bytes (RFC 7208, 3.3).
        return [b"".join(record.strings).decode(errors="replace") for record in answer]
    return [record.to_text() for record in answer]


def _spf(resolver: dns.resolver.Resolver, domain: str) -> Finding:
    found = [text for text in _look_up(resolver, domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        advice = f'add a TXT record at {domain}, such as "v=spf1 include:YOUR-PROVIDER ~all"'
        return problem("spf", f"{domain} has none: receivers doubt its mails", advice)
    if len(found) > 1:
        return problem("spf", f"{domain} has {len(found)}, so none counts (RFC 7208, 4.5)", "join them into one")
    if found[0].lower().endswith("+all") or found[0].lower().endswith(" all"):
        return problem("spf", f"{domain} lets everybody send: {found[0]}", "let it end with ~all or -all")
    return ok("spf", f"{domain}: {found[0]}")


def _dmarc(resolver: dns.resolver.Resolver, domain: str) -> Finding:
    """The domain's own policy, else that of the domains above it, down to two labels."""
    labels = domain.split(".")
    for number in range(max(len(labels) - 1, 1)):
        above = ".".join(labels[number:])
        found = [text for text in _look_up(resolver, f"_dmarc.{above}", "TXT") if text.startswith("v=DMARC1")]
        if found:
            tags = dict(part.strip().partition("=")[::2] for part in found[0].split(";") if "=" in part)
            if len(found) > 1 or tags.get("p") not in ("none", "quarantine", "reject"):
                meaning = f"_dmarc.{above} has no policy that counts: {found[0]}"
                return problem("dmarc", meaning, "one record, with p=none, p=quarantine or p=reject")
            return ok("dmarc", f"_dmarc.{above}: {found[0]}")
    advice = f'add a TXT record at _dmarc.{domain}, such as "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
    return problem("dmarc", f"{domain} has none: Gmail and Yahoo refuse bulk mail without one", advice)


def _dkim(resolver: dns.resolver.Resolver, domain: str, selector: str) -> Finding:
    name = f"{selector}._domainkey.{domain}"
    tags = [
        {key.strip(): value.strip() for key, _, value in (part.partition("=") for part in text.split(";"))}
        for text in _look_up(resolver, name, "TXT")
    ]
    keys = [each["p"] for each in tags if "p" in each]
    if not keys:
        advice = "add the record that your provider or mail server gives you; until then signatures fail"
        return problem("dkim", f"{name} has no key", advice)
    if not any(keys):
        return problem("dkim", f"the key of {name} was revoked (an empty p=)", "sign with another selector")
    return ok("dkim", f"{name} has a key")


def _mx(resolver: dns.resolver.Resolver, domain: str) -> Finding:
    found = _look_up(resolver, domain, "MX")
    if not found or found == ["0 ."]:
        advice = f"add an MX record at {domain}: answers and returned mails come there, and some receivers look for it"
        return warning("mx", f"{domain} takes no mail", advice)
    return ok("mx", f"{domain}: {', '.join(sorted(found))}")
