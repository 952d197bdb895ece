"""Fetching from servers that do their worst: each ends in a value, within its limits."""

import ipaddress
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evaluation.sources.bounded_http import BoundedHttp, Limits
from evaluation.sources.held import Cause, Held
from tests.evaluation.mirrors import Clock, Mirror, dripping, endless, in_turn, say, silent

ONCE = Limits(attempts=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    one = Mirror()
    yield one
    one.close()


@pytest.fixture
def get(mirror: Mirror, clock: Clock) -> Callable[..., bytes | Held]:
    """GET /it of the mirror, at most 1,000 bytes in at most 100 seconds of the test's clock."""

    def fetch(limits: Limits = Limits(), path: str = "/it", seconds: float = 100.0) -> bytes | Held:
        http = BoundedHttp(limits, clock, clock.sleep)
        return http.get(mirror.address + path, max_bytes=1_000, until=clock() + seconds)

    return fetch


def test_the_whole_body_of_an_answer_comes(mirror, get) -> None:
    mirror.answers["/it"] = say(200, b"x" * 1_000)
    assert get() == b"x" * 1_000


def test_one_byte_too_many_is_too_many(mirror, get) -> None:
    mirror.answers["/it"] = say(200, b"x" * 1_001)
    assert get() == Held(Cause.OVERRUN, "sends more than 1000 bytes")


@pytest.mark.parametrize("length", [b"", b"Content-Length: 10000000000\r\n"], ids=["no length", "10 GB"])
def test_an_endless_body_is_cut_whatever_its_length_is_said_to_be(length: bytes, mirror, get) -> None:
    mirror.answers["/it"] = endless(b"x" * 4_096, b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
    assert get() == Held(Cause.OVERRUN, "sends more than 1000 bytes")
    assert mirror.asked == ["/it"]


def test_a_body_shorter_than_its_length_is_no_answer(mirror, get) -> None:
    mirror.answers["/it"] = say(200, b"x" * 64, Content_Length="10000000000")
    held = get(ONCE)
    assert (held.cause, held.detail.split(":")[0]) == (Cause.UNREACHABLE, "RemoteProtocolError")


def test_endless_headers_are_cut(mirror, get) -> None:
    mirror.answers["/it"] = endless(b"X-Filling: " + b"x" * 4_096 + b"\r\n", b"HTTP/1.1 200 OK\r\n")
    assert get(ONCE).cause is Cause.UNREACHABLE


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"late"),
        (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"\r\n\r\nlate"),
        (b"HTTP/1.1 200 ", b"\r\n\r\nlate"),
    ],
    ids=["in the body", "in a header", "in the status"],
)
def test_a_drip_ends_at_the_deadline(start: bytes, end: bytes, mirror, get, clock) -> None:
    mirror.answers["/it"] = dripping(clock, start, end)
    assert get(Limits(total_s=1_000.0), seconds=1_000.0).startswith(b"x" * 500 if end == b"late" else b"late")
    assert get() == Held(Cause.OVERRUN, "takes longer than it may")
    assert mirror.asked == ["/it"] * 2


def test_a_request_has_a_deadline_of_its_own_within_the_callers(mirror, get, clock) -> None:
    mirror.answers["/it"] = dripping(clock)
    assert get(Limits(total_s=30.0), seconds=10_000.0) == Held(Cause.OVERRUN, "takes longer than it may")


def test_past_its_deadline_nothing_is_asked(mirror, get) -> None:
    assert get(seconds=0.0) == Held(Cause.OVERRUN, "takes longer than it may")
    assert mirror.asked == []


def test_silence_is_a_broken_connection(mirror, get) -> None:
    mirror.answers["/it"] = silent
    held = get(Limits(read_s=0.05, attempts=2))
    assert (held, mirror.asked) == (Held(Cause.UNREACHABLE, "ReadTimeout: timed out"), ["/it"] * 2)


def test_a_closed_port_is_asked_again_and_given_up(mirror, get, clock) -> None:
    mirror.close()
    held = get()
    assert (held.cause, held.detail.split(":")[0], clock.slept) == (
        Cause.UNREACHABLE,
        "ConnectError",
        [1.0, 2.0, 4.0],
    )


def test_a_storm_of_429_is_waited_out_for_as_long_as_it_asks(mirror, get, clock) -> None:
    storm = say(429, Retry_After="7")
    mirror.answers["/it"] = in_turn(storm, storm, say(503, Retry_After="3"), say(200, b"calm"))
    assert (get(), clock.slept) == (b"calm", [7.0, 7.0, 3.0])


def test_a_storm_of_429_that_does_not_end_is_given_up(mirror, get, clock) -> None:
    mirror.answers["/it"] = say(429)
    assert (get(), clock.slept, len(mirror.asked)) == (Held(Cause.RATE_LIMITED, "HTTP 429"), [1.0, 2.0, 4.0], 4)


@pytest.mark.parametrize(("asked", "seconds"), [("21", 100.0), ("999999999", 1e12), ("19", 19.0)])
def test_a_wait_over_the_bound_or_the_deadline_is_left_to_the_caller(asked, seconds, mirror, get, clock) -> None:
    mirror.answers["/it"] = say(429, Retry_After=asked)
    assert (get(seconds=seconds), clock.slept) == (Held(Cause.RATE_LIMITED, "HTTP 429"), [])


@pytest.mark.parametrize("odd", ["-5", "1e9", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 5_000, "٣"])
def test_a_wait_that_is_no_number_is_none(odd: str, mirror, get, clock) -> None:
    mirror.answers["/it"] = in_turn(say(503, Retry_After=odd.encode().decode("latin-1")), say(200, b"well"))
    assert (get(), clock.slept) == (b"well", [1.0])


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 404, 410])
def test_any_other_answer_is_a_no_and_not_asked_again(status: int, mirror, get) -> None:
    mirror.answers["/it"] = say(status)
    assert (get(), mirror.asked) == (Held(Cause.WITHHELD, f"HTTP {status}"), ["/it"])


def test_a_few_redirects_are_followed(mirror, get) -> None:
    for here, there in enumerate(("/1", "2", "?3")):
        path = ("/it", "/1", "/2")[here]
        mirror.answers[path] = say(302, Location=there)
    mirror.answers["/2?3"] = say(200, b"there")
    assert get() == b"there"


def test_endless_redirects_end(mirror, get) -> None:
    mirror.answers["/it"] = say(301, Location="/it")
    assert get() == Held(Cause.UNREACHABLE, "redirects more than 3 times")
    assert mirror.asked == ["/it"] * 4


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/it",
        "file:///etc/hostname",
        "javascript:0",
        "http://127.0.0.1:99999/",
        f"http://{'a' * 70}.invalid/",
        "http://127.0.0.1:port/",
        "http://xn--a/",
        "https:///it",
    ],
)
def test_a_redirect_astray_leads_nowhere(location: str, mirror, get) -> None:
    mirror.answers["/it"] = say(302, Location=location)
    assert get(ONCE).cause is Cause.UNREACHABLE


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Mirror, ssl.SSLContext]]:
    """A mirror behind TLS, and the context that trusts its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mirror")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "mirror.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    pem.write_bytes(secret + certificate.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    one = Mirror(lambda socket: context.wrap_socket(socket, server_side=True, do_handshake_on_connect=False))
    yield one, ssl.create_default_context(cafile=str(pem))
    one.close()


def test_https_never_leads_to_http(secure, mirror, clock) -> None:
    safe, trust = secure
    mirror.answers["/it"] = say(200, b"plain")
    safe.answers |= {"/it": say(302, Location=f"{mirror.address}/it"), "/well": say(200, b"safe")}
    http = BoundedHttp(ONCE, clock, clock.sleep, trust)
    fetched = [
        http.get(f"https://127.0.0.1:{safe.port}{path}", max_bytes=9, until=clock() + 9) for path in safe.answers
    ]
    assert fetched == [Held(Cause.UNREACHABLE, f"leads from https to '{mirror.address}/it'"), b"safe"]
    assert mirror.asked == []


def test_http_may_lead_to_https(secure, mirror, clock) -> None:
    safe, trust = secure
    safe.answers["/it"] = say(200, b"safe")
    mirror.answers["/it"] = say(302, Location=f"https://127.0.0.1:{safe.port}/it")
    http = BoundedHttp(ONCE, clock, clock.sleep, trust)
    assert http.get(f"{mirror.address}/it", max_bytes=9, until=clock() + 9) == b"safe"


def test_a_certificate_nobody_vouches_for_is_not_believed(secure, clock) -> None:
    held = BoundedHttp(ONCE, clock).get(f"https://127.0.0.1:{secure[0].port}/it", max_bytes=9, until=clock() + 9)
    assert (held.cause, "CERTIFICATE_VERIFY_FAILED" in held.detail, secure[0].asked) == (Cause.UNREACHABLE, True, [])
