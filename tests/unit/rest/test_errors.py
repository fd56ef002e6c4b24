from __future__ import annotations

import pytest

from crispml_core.domain import errors
from crispml_core.rest.content import NotAcceptable
from crispml_core.rest.errors import STATUS, status_of
from crispml_core.rest.slow_bodies import BodyTooSlow

EXPECTED = {
    errors.InvalidInput("x"): 422,
    errors.MalformedContent("x"): 400,
    errors.InvalidRecords([errors.Problem("type", "x")]): 422,
    errors.TooLarge("x"): 413,
    errors.UntrustedSignature("x"): 503,
    errors.Unauthenticated("x"): 401,
    errors.Forbidden("x"): 403,
    errors.TooManyRequests("x"): 429,
    errors.UnsupportedContent("x"): 415,
    NotAcceptable("x"): 406,
    BodyTooSlow("x"): 408,
    errors.NotFound("run"): 404,
    errors.Conflict("x"): 409,
    errors.PreconditionFailed("x"): 412,
    errors.PreconditionRequired("x"): 428,
    errors.IdempotencyKeyReused(): 422,
    errors.UseCaseError("x", "prepare", "y"): 500,
    errors.NotReady("x"): 503,
    errors.RegistryDamaged("x"): 503,
    errors.ReportDamaged("x"): 503,
    errors.StoreUnavailable("x"): 503,
    errors.Overloaded("x"): 503,
    errors.DeadlineExceeded("x"): 504,
}


@pytest.mark.parametrize(("error", "status"), EXPECTED.items())
def test_each_class_has_its_status(error: errors.CrispMLError, status: int) -> None:
    assert status_of(error) == status


def test_a_new_subclass_inherits_the_status() -> None:
    class Newer(errors.PreconditionFailed):
        pass

    assert status_of(Newer("x")) == 412


def test_no_status_is_left_without_a_test() -> None:
    assert {type(error) for error in EXPECTED} >= set(STATUS) - {errors.CrispMLError}
