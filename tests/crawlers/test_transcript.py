"""The promises of what a capture keeps of a request: how it was sent, what led to it, and no credentials."""

from scrapy import Request
from scrapy.http import Response

from crawlers import transcript


def answered(request: Request, status: int, **headers: str) -> Response:
    transcript.begun(request)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(request.url, status, headers=sent, body=b"packed", request=request, protocol="HTTP/1.1")
    transcript.answered(request, response)
    return response


def test_a_request_is_kept_with_its_headers_and_its_time() -> None:
    request = Request("http://a.test/", headers={"Accept": "text/html"})
    answered(request, 200)
    kept = request.meta["transcript"]
    assert (kept["method"], kept["protocol"], kept["headers"]) == ("GET", "HTTP/1.1", [["Accept", "text/html"]])
    assert kept["sent_at"].endswith("+00:00")
    assert kept["before"] == []


def test_the_answers_of_a_redirect_are_kept_in_order() -> None:
    first = Request("http://a.test/old")
    answered(first, 302, Location="/new")
    second = first.replace(url="http://a.test/new")
    answered(second, 503)
    third = second.copy()
    answered(third, 200)
    before = third.meta["transcript"]["before"]
    assert [(one["url"], one["status"]) for one in before] == [("http://a.test/old", 302), ("http://a.test/new", 503)]
    assert before[0]["headers"] == [["Location", "/new"]]


def test_what_lets_its_reader_log_in_is_withheld() -> None:
    request = Request("http://a.test/", headers={"Authorization": "Basic c2VjcmV0", "Cookie": "id=secret"})
    answered(request, 200)
    assert "secret" not in str(request.meta["transcript"])
    assert "c2VjcmV0" not in str(request.meta["transcript"])


def test_a_packed_body_is_known_by_its_hash_as_it_came() -> None:
    request = Request("http://a.test/")
    answered(request, 200, Content_Encoding="gzip")
    assert request.meta["transcript"]["encoded"]["size_bytes"] == 6
