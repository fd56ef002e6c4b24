import pytest

from crispml_core.adapters.webhook.guard import AddressRefused, check_url, resolved

PUBLIC = "93.184.215.14"


def to(*addresses):
    return lambda host, port: list(addresses)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https:///path",
        "example.com/hook",
        "",
        "http://[::1",
        "http://example.com:99999/",
        "https://user:pass@example.com/",
        "https://token@example.com/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
    ],
)
def test_what_cannot_be_a_webhook_is_refused_before_anybody_is_asked(url):
    with pytest.raises(AddressRefused) as refused:
        check_url(url)
    assert not url or url not in refused.value.message
    assert "pass" not in refused.value.message.replace("password", "")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
        "::127.0.0.1",
        "::10.0.0.1",
        "::ffff:0:127.0.0.1",
        "fec0::1",
        "64:ff9b:1::7f00:1",
        "2001:0:7f00:1::1",
        "5f00::1",
    ],
)
def test_a_name_that_means_an_inner_address_is_refused(address):
    with pytest.raises(AddressRefused, match="not public"):
        resolved("https://hooks.example.com/x", (), to(address))
    # Also when another address of the name is fine: the connection could go to either.
    with pytest.raises(AddressRefused):
        resolved("https://hooks.example.com/x", (), to(PUBLIC, address))


@pytest.mark.parametrize("disguise", ["http://2130706433/", "http://0x7f000001/", "http://127.1/"])
def test_numbers_that_mean_loopback_are_refused_once_they_are_resolved(disguise):
    with pytest.raises(AddressRefused):
        resolved(disguise)


@pytest.mark.parametrize(
    ("allowed", "address"),
    [
        ("hooks.corp.example", "10.1.2.3"),
        ("HOOKS.corp.example", "127.0.0.1"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.0.0.0/8", "::ffff:10.1.2.3"),
        ("fd12::/16", "fd12::5"),
    ],
)
def test_an_inner_host_may_be_called_when_it_is_named(allowed, address):
    target = resolved("https://hooks.corp.example/x", ("other", allowed), to(address))
    assert (target.host, target.port, target.address) == ("hooks.corp.example", 443, address)


@pytest.mark.parametrize("never", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "::"])
def test_the_metadata_of_a_machine_is_refused_whatever_is_allowed(never):
    allowed = ("hooks.corp.example", "0.0.0.0/0", "::/0")
    with pytest.raises(AddressRefused):
        resolved("https://hooks.corp.example/", allowed, to(never))


def test_a_public_host_is_called_at_the_address_that_was_looked_at():
    asked = []

    def rebinding(host, port):
        asked.append((host, port))
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    target = resolved("http://hooks.example.com:8080/x?y=1", (), rebinding)
    assert target.address == PUBLIC
    assert asked == [("hooks.example.com", 8080)]
