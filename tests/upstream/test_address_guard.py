"""Which URLs may be saved and which addresses may be connected to."""

import ipaddress
import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.address_guard import AddressGuard, InvalidUrl, allowance_parse
from upstream.wire.errors import AddressForbidden

FORBIDDEN = {
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "link-local": ["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1", "fec0::1", "feff::1"],
    "carrier-grade NAT": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "cloud metadata": [
        "169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254",
    ],
    "IPv4-mapped": ["::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "::8.8.8.8"],
    "NAT64": ["64:ff9b::8.8.8.8", "64:ff9b:1::a00:1"],
    "6to4": ["2002:808:808::1", "192.88.99.1"],
    "Teredo": ["2001:0:808:808::f7f7:f7f7"],
    "reserved": [
        "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "192.0.0.1", "240.0.0.1",
        "255.255.255.255", "2001:db8::1", "2001:20::1", "100::1", "3fff::1", "5f00::1", "4000::1", "e000::1",
    ],
}  # fmt: skip
EVERY_FORBIDDEN = [(kind, address) for kind, addresses in FORBIDDEN.items() for address in addresses]
# An address that wraps a forbidden one is refused for what is inside.
WRAPPED = [
    ("loopback", "::ffff:127.0.0.1"), ("loopback", "::ffff:7f00:1"), ("loopback", "::127.0.0.1"),
    ("cloud metadata", "::ffff:a9fe:a9fe"), ("cloud metadata", "64:ff9b::a9fe:a9fe"),
    ("loopback", "64:ff9b::7f00:1"), ("loopback", "2002:7f00:1::"), ("private", "2002:a00:1::1"),
    ("carrier-grade NAT", "::ffff:100.64.0.1"), ("private", "2001:0:a00:1::f7f7:f7f7"),
    ("loopback", "2001:0:808:808::80ff:fffe"),
]  # fmt: skip
PUBLIC = [
    "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "223.255.255.255",
    "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "2003::1",
]  # fmt: skip


def url_for(address: str, port: int = 443) -> str:
    return f"https://[{address}]:{port}/v1" if ":" in address else f"https://{address}:{port}/v1"


def sockaddr_for(address: str, port: int = 443) -> tuple[object, ...]:
    return (address, port, 0, 0) if ":" in address else (address, port)


@pytest.mark.parametrize(("kind", "address"), [*EVERY_FORBIDDEN, *WRAPPED])
def test_special_addresses_are_refused_at_save_and_at_connect(kind: str, address: str) -> None:
    guard = AddressGuard()
    with pytest.raises(AddressForbidden, match=kind):
        guard.check_url(url_for(address))
    with pytest.raises(AddressForbidden, match=kind):
        guard.check_sockaddr(sockaddr_for(address), host="provider.test")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_accepted(address: str) -> None:
    guard = AddressGuard()
    guard.check_url(url_for(address))
    guard.check_sockaddr(sockaddr_for(address), host="provider.test")


@given(st.ip_addresses())
def test_nothing_that_the_standard_library_calls_private_passes(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    guard = AddressGuard()
    try:
        guard.check_sockaddr(sockaddr_for(str(address)), host="provider.test")
    except AddressForbidden:
        return
    assert address.is_global
    assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_wrapping_never_opens_what_is_closed(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for form in (0xFFFF << 32, 0x64FF9B << 96, 0):
        with pytest.raises(AddressForbidden):
            AddressGuard().check_sockaddr(
                (str(ipaddress.IPv6Address(form + number)), 443, 0, 0), host="x.test"
            )


def test_scope_of_an_address_does_not_hide_it() -> None:
    with pytest.raises(AddressForbidden, match="link-local"):
        AddressGuard().check_sockaddr(("fe80::1%eth0", 443, 0, 2), host="provider.test")


@pytest.mark.parametrize(
    "sockaddr", ["/run/docker.sock", b"\0abstract", ("", 1), ("example.com", 1), (), None, (1,)]
)
def test_what_is_no_internet_address_is_refused(sockaddr: object) -> None:
    with pytest.raises(AddressForbidden):
        AddressGuard().check_sockaddr(sockaddr, host="provider.test")


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("2130706433", "127.0.0.1"), ("0x7f000001", "127.0.0.1"), ("0X7F.1", "127.0.0.1"), ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"), ("127.0.0.1.", "127.0.0.1"), ("0", "0.0.0.0"),
        ("8.8.8.8.", "8.8.8.8"), ("010.8.8.8", "8.8.8.8"), ("134744072", "8.8.8.8"), ("１２７.0.0.1", "127.0.0.1"),
        ("127。0。0。1", "127.0.0.1"), ("①②⑦.0.0.1", "127.0.0.1"), ("0xA9FEA9FE", "169.254.169.254"),
    ],
)  # fmt: skip
def test_odd_spellings_of_addresses_are_refused_and_explained(host: str, meant: str) -> None:
    with pytest.raises(AddressForbidden, match=meant) as caught:
        AddressGuard(["0.0.0.0/0"]).check_url(f"http://{host}/v1")
    assert meant in caught.value.advice


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "begin with http"), ("example.com", "begin with http"), ("//example.com", "begin with http"),
        ("http:example.com", "begin with http"), ("http:/example.com", "begin with http"),
        ("ftp://example.com", "begin with http"), ("file:///etc/passwd", "begin with http"),
        ("javascript:alert(1)", "begin with http"), ("http://", "no host"), ("http:///v1", "no host"),
        ("http://:80/", "no host"), ("http://user@example.com/", "user name"),
        ("http://user:pw@example.com/", "user name"), ("http://example.com@127.0.0.1/", "user name"),
        ("http://127.0.0.1:80@example.com/", "user name"), ("http://example.com\\@127.0.0.1/", "backslash"),
        ("http://example.com\\.evil.test", "backslash"), ("http://exa mple.com", "space"),
        (" http://example.com", "space"), ("http://example.com/\n", "space"), ("http://exam\tple.com", "space"),
        ("http://example.com\u00a0", "space"), ("http://example.com/\x00", "space"), ("http://x:0/", "port"),
        ("http://x:65536/", "URL"), ("http://x:-1/", "URL"), ("http://x:8o/", "URL"), ("http://x:/", "port"),
        ("http://[::1", "URL"), ("http://::1/", "URL"), ("http://[1:2]/", "IPv6"), ("http://[example.com]/", "URL"),
        ("http://a..b/", "host name"), ("http://-a.com/", "host name"), ("http://a-.com/", "host name"),
        ("http://exa*mple.com/", "host name"), ("http://%31%32%37.0.0.1/", "percent"),
        ("http://" + "a" * 64 + ".com/", "host name"), ("http://" + "a." * 130 + "com/", "host name"),
        ("http://1.2.3.4.5/", "neither"), ("http://256.1.1.1/", "neither"), ("http://example.0x/", "neither"),
        ("http://example.com/#fragment", "fragment"), ("http://example.com/" + "x" * 2048, "2048"),
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused_with_its_reason(url: str, words: str) -> None:
    with pytest.raises(InvalidUrl, match=words):
        AddressGuard().check_url(url)


@pytest.mark.parametrize("host", ["[fe80::1%25eth0]", "[::1%25lo]", "[fe80::1%eth0]"])
def test_zone_is_refused(host: str) -> None:
    with pytest.raises(AddressForbidden, match="zone"):
        AddressGuard().check_url(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.siliconflow.cn/v1", "https://api.example.com:8443/v1/?api-version=2024-10-21",
        "HTTPS://API.EXAMPLE.COM/", "http://xn--mnchen-3ya.example/", "http://münchen.example/v1",
        "https://模型.example/v1", "https://my_host.example/", "https://example.com./v1", "https://a.b-c.d/%7Eme",
        "https://nodots/v1", "http://gpu.local:8000/v1",
    ],
)  # fmt: skip
def test_ordinary_urls_are_accepted_without_asking_dns(url: str) -> None:
    AddressGuard().check_url(url)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "api.localhost", "ⓛocalhost"])
def test_localhost_is_the_loopback_address(host: str) -> None:
    with pytest.raises(AddressForbidden, match="loopback"):
        AddressGuard().check_url(f"http://{host}:8000/v1")
    AddressGuard(["127.0.0.1:8000"]).check_url(f"http://{host}:8000/v1")
    AddressGuard(["::1"]).check_url(f"http://{host}:8000/v1")


@pytest.mark.parametrize("host", ["metadata.google.internal", "metadata.google.internal.", "METADATA"])
def test_names_of_metadata_services_are_refused(host: str) -> None:
    with pytest.raises(AddressForbidden, match="metadata"):
        AddressGuard().check_url(f"http://{host}/")


@pytest.mark.parametrize(
    ("entry", "address", "port", "accepted"),
    [
        ("10.0.0.5", "10.0.0.5", 80, True), ("10.0.0.5", "10.0.0.6", 80, False),
        ("10.0.0.5:8000", "10.0.0.5", 8000, True), ("10.0.0.5:8000", "10.0.0.5", 8001, False),
        ("10.0.0.0/8", "10.255.0.1", 1, True), ("10.0.0.0/8", "11.0.0.1", 1, True), ("10.0.0.0/8", "172.16.0.1", 1, False),
        ("fd00::5", "fd00::5", 80, True), ("[fd00::5]:8000", "fd00::5", 8000, True),
        ("[fd00::5]:8000", "fd00::5", 80, False), ("[fd00::5]", "fd00::5", 80, True),
        ("fd00::/8", "fd12::1", 80, True), (" 127.0.0.1 ", "127.0.0.1", 80, True),
        ("127.0.0.1", "::ffff:127.0.0.1", 80, True), ("127.0.0.1:80", "::ffff:127.0.0.1", 81, False),
        ("10.0.0.0/8", "::ffff:8.8.8.8", 80, False), ("::ffff:0:0/96", "::ffff:8.8.8.8", 80, True),
        ("64:ff9b::/96", "64:ff9b::8.8.8.8", 80, True), ("64:ff9b::/96", "64:ff9b::a9fe:a9fe", 80, False),
        ("64:ff9b::/96", "64:ff9b::10.0.0.1", 80, False),
        ("169.254.0.0/16", "169.254.1.1", 80, True), ("169.254.0.0/16", "169.254.169.254", 80, False),
        ("169.254.169.254", "169.254.169.254", 80, True), ("0.0.0.0/0", "192.168.0.1", 80, True),
        ("0.0.0.0/0", "100.100.100.200", 80, False), ("0.0.0.0/0", "::1", 80, False),
    ],
)  # fmt: skip
def test_allowed_addresses(entry: str, address: str, port: int, accepted: bool) -> None:
    guard = AddressGuard([entry])
    checks: tuple[Callable[[], None], ...] = (
        lambda: guard.check_sockaddr(sockaddr_for(address, port), host="provider.test"),
        lambda: guard.check_url(url_for(address, port)),
    )
    for check in checks:
        if accepted:
            check()
        else:
            with pytest.raises(AddressForbidden):
                check()


@pytest.mark.parametrize(
    ("entry", "host", "address", "port", "accepted"),
    [
        ("gpu.lan:8000", "gpu.lan", "192.168.1.9", 8000, True), ("gpu.lan:8000", "GPU.lan.", "192.168.1.9", 8000, True),
        ("gpu.lan:8000", "gpu.lan", "192.168.1.9", 22, False), ("gpu.lan", "gpu.lan", "192.168.1.9", 22, True),
        ("gpu.lan", "x.gpu.lan", "192.168.1.9", 80, False), ("gpu.lan", "evil.test", "192.168.1.9", 80, False),
        ("gpu.lan", "gpu.lan", "127.0.0.1", 80, True), ("gpu.lan", "gpu.lan", "100.64.0.9", 80, True),
        ("gpu.lan", "gpu.lan", "fd00::9", 80, True), ("gpu.lan", "gpu.lan", "169.254.169.254", 80, False),
        ("gpu.lan", "gpu.lan", "169.254.1.1", 80, False), ("gpu.lan", "gpu.lan", "0.0.0.0", 80, False),
        ("gpu.lan", "gpu.lan", "224.0.0.1", 80, False), ("gpu.lan", "gpu.lan", "fe80::1", 80, False),
        ("GPU.Lan:8000", "gpu.lan", "10.0.0.1", 8000, True), ("localhost:11434", "localhost", "::1", 11434, True),
    ],
)  # fmt: skip
def test_allowed_names(entry: str, host: str, address: str, port: int, accepted: bool) -> None:
    guard = AddressGuard([entry])
    if accepted:
        guard.check_sockaddr(sockaddr_for(address, port), host=host)
        return
    with pytest.raises(AddressForbidden):
        guard.check_sockaddr(sockaddr_for(address, port), host=host)


def test_allowing_localhost_by_name_lets_its_url_be_saved() -> None:
    guard = AddressGuard(["localhost:11434"])
    guard.check_url("http://localhost:11434/v1")
    with pytest.raises(AddressForbidden):
        guard.check_url("http://localhost:80/v1")


@pytest.mark.parametrize(
    "entry", ["", "10.0.0.0/33", "10.0.0.1/8", "http://x", "a b", "x/y", "x:99999", "127.1", "*.lan", "u@h"]
)
def test_entries_that_mean_nothing_are_refused_when_entered(entry: str) -> None:
    with pytest.raises(InvalidUrl):
        allowance_parse(entry)


def test_entries_that_mean_nothing_allow_nothing_and_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    guard = AddressGuard(["*", "127.1", "10.0.0.1"])
    guard.check_url("http://10.0.0.1/")
    with pytest.raises(AddressForbidden):
        guard.check_url("http://127.0.0.1/")
    assert "'*'" in caplog.text
    assert "'127.1'" in caplog.text


def test_what_is_allowed_may_change_at_run_time() -> None:
    allowed: list[str] = []
    guard = AddressGuard(lambda: allowed)
    with pytest.raises(AddressForbidden):
        guard.check_url("http://10.0.0.1/")
    allowed.append("10.0.0.1")
    guard.check_url("http://10.0.0.1/")
    allowed.clear()
    with pytest.raises(AddressForbidden):
        guard.check_url("http://10.0.0.1/")


@given(st.text(max_size=60))
def test_any_text_is_judged_without_a_crash(text: str) -> None:
    for url in (text, f"http://{text}", f"https://{text}/v1", f"http://[{text}]/"):
        try:
            AddressGuard().check_url(url)
        except (InvalidUrl, AddressForbidden):
            continue
