"""Tokens of an OpenID provider, good and hostile; the keys are real and the network is not."""

from __future__ import annotations

import base64
import json
import time

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crispml_core.adapters.oidc.provider import AGAIN_S, FRESH_S, Provider
from crispml_core.adapters.oidc.tokens import Tokens
from crispml_core.domain.errors import InvalidInput

ISSUER = "https://login.example"


@pytest.fixture(scope="module")
def secret():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk_of(private, key_id, **more):
    algorithm = {
        rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm,
        ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm,
        ed25519.Ed25519PrivateKey: jwt.algorithms.OKPAlgorithm,
    }
    kind = next(algorithm[known] for known in algorithm if isinstance(private, known))
    return {**kind.to_jwk(private.public_key(), as_dict=True), "kid": key_id, **more}


class Network:
    """Answers as the provider, counts, and can be away."""

    def __init__(self, *keys):
        self.keys, self.is_away, self.asked = list(keys), False, 0
        self.document = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}
        self.status = 200

    def __call__(self, request):
        if self.is_away:
            raise httpx.ConnectError("away")
        if request.url.path.endswith("openid-configuration"):
            self.asked += 1
            return httpx.Response(self.status, json=self.document)
        return httpx.Response(self.status, json={"keys": self.keys})


class World:
    """A provider with one key, and a clock."""

    def __init__(self, secret):
        self.secret, self.now = secret, 1000.0
        self.network = Network(jwk_of(secret, "k1"))
        self.provider = Provider(
            ISSUER, transport=httpx.MockTransport(self.network), clock=lambda: self.now
        )

    def tokens(self, **options):
        return Tokens(self.provider, audience="crispml", **options)

    def sign(self, claims=None, *, key=None, algorithm="RS256", **headers):
        now = int(time.time())
        facts = {
            "iss": ISSUER,
            "aud": "crispml",
            "sub": "ann",
            "iat": now,
            "exp": now + 600,
            "client_id": "cli",
            "jti": "1",
            "roles": ["viewer", "trainer:credit:prod", "another-app-role"],
        }
        facts = {k: v for k, v in (facts | (claims or {})).items() if v is not None}
        head = {"kid": "k1", "typ": "at+jwt"} | headers
        if head["kid"] is None:
            del head["kid"]
        return jwt.encode(facts, key or self.secret, algorithm, headers=head)


@pytest.fixture
def world(secret):
    return World(secret)


def test_a_token_tells_who_asks_what_they_may_and_until_when(world):
    until = int(time.time()) + 600
    principal, ends = world.tokens(leeway_s=30)(world.sign({"exp": until}))
    assert principal.name == "user:ann"
    assert [str(grant) for grant in principal.grants] == ["trainer:credit:prod", "viewer"]
    assert ends == until + 30


@pytest.mark.parametrize(
    ("claims", "headers"),
    [
        ({"aud": "other"}, {}),
        ({"aud": ["other", "another"]}, {}),
        ({"aud": None}, {}),
        ({"iss": "https://evil.example"}, {}),
        ({"iss": f"{ISSUER}/"}, {}),
        ({"iss": None}, {}),
        ({"exp": 1}, {}),
        ({"exp": None}, {}),
        ({"exp": "soon"}, {}),
        ({"exp": float("inf")}, {}),
        ({"nbf": 4_000_000_000}, {}),
        ({"iat": 4_000_000_000}, {}),
        ({"iat": None}, {}),
        ({"sub": None}, {}),
        ({"sub": ""}, {}),
        ({"sub": "a\nb"}, {}),
        ({"sub": "x" * 201}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": None}),
        ({}, {"typ": "dpop+jwt"}),
        ({}, {"kid": "unknown"}),
        ({}, {"crit": ["x"], "x": 1}),
        ({"filler": "x" * 9000}, {}),
    ],
)
def test_a_token_that_is_wrong_anywhere_opens_nothing(world, claims, headers):
    assert world.tokens()(world.sign(claims, **headers)) is None


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\N{SNOWMAN}", "x" * 100_000]
)
def test_what_is_no_token_opens_nothing(world, text):
    assert world.tokens()(text) is None


def _part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _claims():
    now = int(time.time())
    return {"iss": ISSUER, "aud": "crispml", "sub": "eve", "iat": now, "exp": now + 600}


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_a_token_without_a_signature_opens_nothing(world, algorithm):
    head = {"alg": algorithm, "kid": "k1", "typ": "at+jwt"}
    token = f"{_part(head)}.{_part(_claims())}."
    assert world.tokens()(token) is None
    _, _, signature = world.sign().split(".")
    assert world.tokens()(f"{_part(head)}.{_part(_claims())}.{signature}") is None


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_no_shared_secret(world, secret, algorithm):
    import hashlib
    import hmac

    for encoding in (Encoding.PEM, Encoding.DER):
        public = secret.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        signed = f"{_part({'alg': algorithm, 'kid': 'k1', 'typ': 'at+jwt'})}.{_part(_claims())}"
        digest = getattr(hashlib, f"sha{algorithm[2:]}")
        signature = hmac.new(public, signed.encode(), digest).digest()
        token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert world.tokens()(token) is None


def test_a_symmetric_key_that_the_provider_publishes_by_mistake_verifies_nothing(world):
    shared = "0" * 64
    k = base64.urlsafe_b64encode(shared.encode()).rstrip(b"=").decode()
    world.network.keys = [{"kty": "oct", "kid": "k1", "k": k}]
    assert world.tokens()(world.sign(key=shared, algorithm="HS256")) is None


def test_a_token_that_was_altered_or_signed_by_somebody_else_opens_nothing(world):
    head, _, signature = world.sign().split(".")
    assert world.tokens()(f"{head}.{_part(_claims())}.{signature}") is None
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert world.tokens()(world.sign(key=foreign)) is None


def test_a_key_in_the_token_itself_counts_for_nothing(world):
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = world.sign(
        key=foreign, kid="mine", jwk=jwk_of(foreign, "mine"), jku="https://evil.example/jwks"
    )
    assert world.tokens()(token) is None


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "ES256", "EdDSA"])
def test_signatures_of_private_keys_are_taken(world, algorithm):
    private = {
        "ES": lambda: ec.generate_private_key(ec.SECP256R1()),
        "Ed": ed25519.Ed25519PrivateKey.generate,
    }.get(algorithm[:2], lambda: world.secret)()
    world.network.keys = [jwk_of(private, "k1")]
    assert world.tokens()(world.sign(key=private, algorithm=algorithm)) is not None


def test_a_key_is_good_for_its_own_algorithm(world):
    world.network.keys = [jwk_of(world.secret, "k1", alg="PS256")]
    assert world.tokens()(world.sign()) is None
    assert world.tokens()(world.sign(algorithm="PS256")) is not None


def test_a_weak_key_verifies_nothing(world):
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    world.network.keys = [jwk_of(weak, "k1")]
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = world.sign(key=weak)
    assert world.tokens()(token) is None


def test_clocks_may_differ_by_the_leeway_and_no_more(world):
    now = int(time.time())
    for claims in ({"exp": now - 20}, {"nbf": now + 20}, {"iat": now + 20}):
        assert world.tokens(leeway_s=30)(world.sign(claims)) is not None
        assert world.tokens(leeway_s=5)(world.sign(claims)) is None


def test_other_tokens_are_taken_only_where_the_setting_says_so(world):
    tokens = world.tokens(types="jwt")
    assert tokens(world.sign(typ="JWT")) is not None
    assert tokens(world.sign(typ=None)) is not None
    assert tokens(world.sign(typ="application/at+jwt")) is not None
    assert tokens(world.sign(typ="logout+jwt")) is None


@pytest.mark.parametrize(
    ("claims", "name", "grants"),
    [
        ({"roles": "viewer scorer:credit"}, "roles", ["scorer:credit", "viewer"]),
        ({"realm_access": {"roles": ["viewer"]}}, "realm_access.roles", ["viewer"]),
        ({"https://x.y/roles": ["viewer"]}, "https://x.y/roles", ["viewer"]),
        ({"roles": {"viewer": True}}, "roles", []),
        ({"roles": [1, None, {"a": 1}]}, "roles", []),
        ({"roles": None}, "roles", []),
        ({"roles": ["*", "admin:x:y", "ADMIN"]}, "roles", []),
    ],
)
def test_grants_come_from_the_claim_of_the_setting(world, claims, name, grants):
    principal, _ = world.tokens(roles_claim=name)(world.sign(claims))
    assert [str(grant) for grant in principal.grants] == grants


def test_a_key_that_rotates_in_is_found_and_one_that_rotates_out_goes(world):
    tokens = world.tokens()
    gone = []
    world.provider.watch(lambda: gone.append(True))
    old = world.sign()
    assert tokens(old) is not None
    new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    world.network.keys = [jwk_of(new, "k2"), jwk_of(world.secret, "k1")]
    world.now += AGAIN_S
    assert tokens(world.sign(key=new, kid="k2")) is not None
    assert tokens(old) is not None
    assert gone == []

    world.network.keys = [jwk_of(new, "k2")]
    world.now += FRESH_S + 1
    assert tokens(old) is None
    assert gone == [True]


def test_a_token_names_its_key_where_the_provider_has_several(world):
    assert world.tokens()(world.sign(kid=None)) is not None
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    world.network.keys.append(jwk_of(other, "k2"))
    world.now += FRESH_S + 1
    assert world.tokens()(world.sign()) is not None
    assert world.tokens()(world.sign(kid=None)) is None


def test_a_flood_of_unknown_keys_asks_the_provider_once(world):
    tokens = world.tokens()
    for number in range(50):
        assert tokens(world.sign(kid=f"x{number}")) is None
    assert world.network.asked == 1
    assert tokens(world.sign()) is not None


def test_known_keys_go_on_while_the_provider_is_away(world):
    tokens = world.tokens()
    assert tokens(world.sign()) is not None
    world.network.is_away = True
    world.now += 10 * FRESH_S
    assert tokens(world.sign()) is not None
    for broken in (404, 500, 302):
        world.network.is_away, world.network.status = False, broken
        world.now += 10 * FRESH_S
        assert tokens(world.sign()) is not None
    world.network.status, world.network.keys = 200, []
    world.now += 10 * FRESH_S
    assert tokens(world.sign()) is not None


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example", "jwks_uri": f"{ISSUER}/jwks"},
        {"issuer": ISSUER, "jwks_uri": "http://169.254.169.254/latest"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"},
        {"issuer": ISSUER},
        {},
    ],
)
def test_a_document_that_leads_elsewhere_is_not_followed(world, document):
    world.network.document = document
    assert world.tokens()(world.sign()) is None


@pytest.mark.parametrize("issuer", ["http://login.example", "ftp://x", "login", "https://u:p@x"])
def test_an_issuer_must_be_reached_safely(issuer):
    with pytest.raises(InvalidInput, match="https"):
        Provider(issuer)


def test_a_document_without_an_end_is_given_up():
    def endless(request):
        return httpx.Response(200, content=b"[" * (1 << 20))

    provider = Provider(ISSUER, transport=httpx.MockTransport(endless))
    assert provider.key("k1") is None
