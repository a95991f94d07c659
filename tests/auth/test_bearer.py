"""What is no token of ours is answered with 401 and a sentence, whatever it is, and never with somebody's session."""

import json
import logging
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.auth.tokens import bearer, browser, claims, key, part, signed, token_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("me")]

STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def me(settings):
    settings.ROOT_URLCONF = "tests.auth.whoami"


@pytest.fixture
def client(alice):
    """Alice's own browser: a token that fails must not make the request hers."""
    return browser(alice)


def refused(answer, code="auth.invalid_token"):
    assert answer.status_code == 401, answer.content
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.cookies
    body = answer.json()
    assert body["code"] == code
    assert "POST /accounts/token" in body["detail"], "it says what to do"
    return True


def hs256_with_the_public_key(bob):
    """The oldest trick: the public key, which everybody has, taken for a shared secret. PyJWT won't make one."""
    kid, private = key()
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signing_input = f"{part({'alg': 'HS256', 'kid': kid, 'typ': 'at+jwt'})}.{part(claims(bob))}"
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{signing_input}.{part(mac.sign(signing_input.encode(), pem))}"


def by(private, bob, **header):
    return jwt.encode(
        claims(bob), private, algorithm=header.pop("alg", "RS256"), headers={"typ": "at+jwt"} | header
    )


def with_header(bob, **header):
    token = signed(claims(bob)).split(".")
    return ".".join([part({"alg": "RS256", "kid": key()[0], "typ": "at+jwt"} | header), *token[1:]])


now = time.time
WRONG = {
    "no signature, alg none": lambda bob: (
        f"{part({'alg': 'none', 'kid': key()[0], 'typ': 'at+jwt'})}.{part(claims(bob))}."
    ),
    "a signature, alg none": lambda bob: with_header(bob, alg="none"),
    "HS256 with the public key": hs256_with_the_public_key,
    "RS512 by the right key": lambda bob: by(key()[1], bob, kid=key()[0], alg="RS512"),
    "PS256 by the right key": lambda bob: by(key()[1], bob, kid=key()[0], alg="PS256"),
    "a stranger's key under our kid": lambda bob: by(STRANGER, bob, kid=key()[0]),
    "a stranger's key with his own kid": lambda bob: by(STRANGER, bob, kid="stranger"),
    "our key under a name nobody knows": lambda bob: by(key()[1], bob, kid="unknown"),
    "no kid": lambda bob: by(key()[1], bob),
    "a kid that is a number": lambda bob: with_header(bob, kid=7),
    "a kid that is a path": lambda bob: with_header(bob, kid="../../secret"),
    "a key of its own in the header": lambda bob: by(
        STRANGER,
        bob,
        kid="own",
        jwk=jwt.algorithms.RSAAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True),
    ),
    "an address for the keys": lambda bob: by(STRANGER, bob, kid="own", jku="https://evil.example/jwks.json"),
    "another type": lambda bob: signed(claims(bob), typ="JWT"),
    "no type": lambda bob: signed(claims(bob), typ=None),
    "another audience": lambda bob: signed(claims(bob, aud="another")),
    "several audiences": lambda bob: signed(claims(bob, aud=["offshoot", "another"])),
    "another issuer": lambda bob: signed(claims(bob, iss="https://evil.example")),
    "issued in the future": lambda bob: signed(claims(bob, iat=int(now()) + 60)),
    "not to be used yet": lambda bob: signed(claims(bob, nbf=int(now()) + 60)),
    **{
        f"without {name}": lambda bob, name=name: signed(claims(bob, **{name: None}))
        for name in ("exp", "iat", "aud", "iss", "sub", "jti", "sid", "role", "name", "email")
    },
    "a subject that is no id": lambda bob: signed(claims(bob, sub="root")),
    "a role nobody has": lambda bob: signed(claims(bob, role="emperor")),
    "a session that is no digest": lambda bob: signed(claims(bob, sid="a key with spaces")),
    "a session that is a list": lambda bob: signed(claims(bob, sid=[])),
    "a role that is a list": lambda bob: signed(claims(bob, role=["staff"])),
    "endless": lambda bob: signed(claims(bob, exp=float("inf"))),
    "claims that are a list": lambda bob: jwt.api_jws.encode(
        b"[1]", key()[1], algorithm="RS256", headers={"kid": key()[0], "typ": "at+jwt"}
    ),
    "claims changed after signing": lambda bob: ".".join(
        [(t := signed(claims(bob)).split("."))[0], part(claims(bob, role="staff")), t[2]]
    ),
    "a header nested without end": lambda bob: f"{part(b'[' * 2900)}.e30.e30",
    "a header that is no JSON": lambda bob: f"{part(b'{')}.e30.e30",
    "a header that is a list": lambda bob: f"{part([])}.e30.e30",
    "a header that is no text": lambda bob: f"{part(bytes([255, 254]))}.e30.e30",
    "too long": lambda bob: signed(claims(bob, name="x" * 4096)),
    "five parts": lambda bob: "a.b.c.d.e",
    "two parts": lambda bob: "a.b",
    "words": lambda bob: "let me in",
    "nothing": lambda bob: "",
    "not Latin": lambda bob: "ключ.ключ.ключ".encode().decode("latin-1"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_refused_everywhere(wrong, client, bob):
    token = WRONG[wrong](bob)
    for path in ("/api/whoami", "/whoami", "/accounts/", "/"):
        assert refused(client.get(path, headers=bearer(token)))
    assert refused(client.post("/api/whoami", headers=bearer(token)))


def test_what_is_right_is_not(client, bob):
    assert client.get("/api/whoami", headers=bearer(signed(claims(bob)))).json() == {"name": "Bob"}


def test_an_expired_token_says_so_and_clocks_may_differ_a_little(client, bob):
    just = signed(claims(bob, iat=int(now()) - 300, exp=int(now()) - 3))
    assert client.get("/whoami", headers=bearer(just)).status_code == 200
    ahead = signed(claims(bob, iat=int(now()) + 3))
    assert client.get("/whoami", headers=bearer(ahead)).status_code == 200
    past = signed(claims(bob, iat=int(now()) - 400, exp=int(now()) - 60))
    assert refused(client.get("/whoami", headers=bearer(past)), "auth.token_expired")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer {0},Bearer {0}",
        "Bearer {0}, Basic YTpi",
        "Basic YTpi,Bearer {0}",
        "Bearer {0} {0}",
        "Bearer",
        "bearer:{0}",
        "Bearer\t{0}",
    ],
)
def test_two_headers_or_half_a_one_are_refused(header, client, bob):
    """A server joins two headers of one name with a comma."""
    text = header.format(token_for(bob))
    assert refused(client.get("/whoami", headers={"Authorization": text}))


def test_the_name_of_the_scheme_may_be_written_as_one_likes(client, bob):
    for scheme in ("bearer", "BEARER", "Bearer "):
        answer = client.get("/api/whoami", headers={"Authorization": f"{scheme} {token_for(bob)}"})
        assert answer.json() == {"name": "Bob"}


def test_another_scheme_is_not_ours_to_judge(client):
    """A gate in front may ask for a password of its own."""
    assert client.get("/api/whoami", headers={"Authorization": "Basic YTpi"}).json() == {"name": "Alice"}


def test_the_sentence_is_in_their_language(client):
    answer = client.get("/whoami", headers=bearer("a.b.c") | {"Accept-Language": "es"})
    assert "Este sitio no acepta ese token" in answer.json()["detail"]


def test_who_needs_to_sign_in_hears_that_a_token_would_do():
    assert (
        Client().get("/api/whoami").headers["WWW-Authenticate"] == 'Session realm="api", Bearer realm="api"'
    )


def test_no_token_reaches_the_log(client, bob, caplog):
    caplog.set_level(logging.DEBUG)
    good, late = signed(claims(bob)), signed(claims(bob, exp=int(now()) - 60, iat=0))
    client.get("/whoami", headers=bearer(good))
    client.get("/no-such-page", headers=bearer(good))
    for token in (late, good[:-8] + "AAAAAAAA", signed(claims(bob, aud="another"))):
        assert client.get("/whoami", headers=bearer(token)).status_code == 401
        said = [record.getMessage() + (record.exc_text or "") for record in caplog.records]
        assert "a bearer token was refused" in " ".join(said)
        assert not [line for line in said if any(piece in line for piece in token.split("."))]


# A busy machine makes examples slowly; that says nothing of the code.
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
mangled = st.one_of(
    st.binary(max_size=300).map(lambda data: data.decode("latin-1")),
    st.text("abcXYZ019-_.= ", max_size=300),
    st.lists(st.binary(max_size=60).map(part), min_size=3, max_size=3).map(".".join),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ).map(lambda value: f"{part(value)}.{part(value)}.{part(value)}"),
)


@examples(max_examples=150, suppress_health_check=CHECKS)
@given(text=mangled)
def test_whatever_is_made_up_is_refused(text, client):
    assert refused(client.get("/whoami", headers=bearer(text)))


@examples(max_examples=150, suppress_health_check=CHECKS)
@given(data=st.data())
def test_a_token_with_one_changed_byte_is_refused(data, client, bob):
    token = signed(claims(bob))
    at = data.draw(st.integers(0, len(token) - 2))  # the very last letter has bits that mean nothing
    put = data.draw(st.sampled_from("abcdefgABCDEFG0123456789-_.,= "))
    changed = token[:at] + put + token[at + 1 :]
    assert changed == token or refused(client.get("/whoami", headers=bearer(changed)))


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@examples(max_examples=150, suppress_health_check=CHECKS)
@given(
    name=st.sampled_from(["exp", "iat", "nbf", "aud", "iss", "sub", "sid", "role", "name"]), value=json_value
)
def test_even_signed_nonsense_is_no_server_error(name, value, client, bob):
    """Auth signs none; but a newer auth may say what this process can't read."""
    _kid, private = key()
    body = json.dumps(claims(bob) | {name: value}).encode()
    token = jwt.api_jws.encode(body, private, algorithm="RS256", headers={"kid": _kid, "typ": "at+jwt"})
    answer = client.get("/whoami", headers=bearer(token))
    assert answer.status_code in (200, 401)
    assert b"Alice" not in answer.content
