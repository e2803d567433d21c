"""The JSON API of settlement: closed days, disputes, and hashes for the other party.

In: requests with a bearer token. Out: JSON. There is no request that changes a closed day; what people do to disputes
goes through the same rules as the commands. Errors say what is wrong and what may be done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from pydantic import BaseModel, Field

from settlement.api.acting import NotAllowedError, perform
from settlement.api.views import day_view, dispute_view, matches
from settlement.books import closings, disputes
from settlement.books.database import BookDatabase
from settlement.books.trees import Trees
from settlement.books.users import PEER, READERS, User, Users
from settlement.clearing.bisection import answers
from settlement.clearing.consequence import DecisionError
from settlement.clearing.dispute import StepError, same_person
from settlement.clearing.key_tree import PLACE_BITS, KeyTree
from settlement.intake.problems import UnusableInputError

REQUESTS = Counter("settlement_requests_total", "Requests to settlement's API", ["result"])
_RANGES_MOST = 20_000
_LEVELS_MOST = 6


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made of. `books`: a connection for one request, None where only rows are compared."""

    users: Users
    books: Callable[[], AbstractContextManager[BookDatabase]] | None
    trees: Trees
    deadline_days: int = 15


class Ranges(BaseModel):
    """Ranges of a tree that the other side asks for."""

    ranges: list[Annotated[str, Field(max_length=PLACE_BITS, pattern="^[01]*$")]] = Field(max_length=_RANGES_MOST)
    levels: int = Field(0, ge=0, le=_LEVELS_MOST)


class Places(BaseModel):
    """Places whose keys the other side does not know."""

    places: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(max_length=_RANGES_MOST)


class Act(BaseModel):
    """What is to be done to a dispute; each kind needs its own fields."""

    owner: str = Field("", max_length=200)
    link: str = Field("", max_length=2_000)
    text: str = Field("", max_length=4_000)
    decision: str = Field("", max_length=40)
    amount_vnd: int | None = Field(None, ge=0, le=999_999_999_999)


def make_application(parts: Parts) -> FastAPI:
    """The application; no documentation pages, because those load files from the internet."""
    app = FastAPI(title="etc-plaza settlement", docs_url=None, redoc_url=None, openapi_url=None)
    for kind, status in (
        (StepError, 409), (DecisionError, 422), (NotAllowedError, 403), (disputes.UnknownDisputeError, 404),
        (UnusableInputError, 503), (ValueError, 422),
    ):  # fmt: skip
        app.add_exception_handler(kind, _answer(status))
    app.include_router(_tree_routes(parts))
    app.include_router(_machine_routes())
    if parts.books is not None:
        app.include_router(_day_routes(parts, parts.books))
        app.include_router(_dispute_routes(parts, parts.books))
    return app


def _answer(status: int) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        REQUESTS.labels(str(status)).inc()
        return JSONResponse({"detail": str(error)}, status_code=status)

    return answer


def _user(parts: Parts) -> Callable[[Request], User]:
    """Who asks: a bearer token of the file of users."""

    def known(request: Request) -> User:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = parts.users.of_token(token) if scheme.lower() == "bearer" else None
        if user is None:
            REQUESTS.labels("401").inc()
            raise HTTPException(401, "send `Authorization: Bearer TOKEN`; tokens: `settlement users new`",
                                {"WWW-Authenticate": "Bearer"})  # fmt: skip
        return user

    return known


def _reader(parts: Parts) -> Callable[[Request], User]:
    known = _user(parts)

    def reader(request: Request) -> User:
        user = known(request)
        if user.role not in READERS:
            raise NotAllowedError(f"{user.name} is {user.role}: days and disputes are not for this role")
        return user

    return reader


def _day_routes(parts: Parts, books: Callable[[], AbstractContextManager[BookDatabase]]) -> APIRouter:
    router = APIRouter(prefix="/v1/days", dependencies=[Depends(_reader(parts))])

    @router.get("/{provider}")
    def days(provider: str, first: date = date.min, last: date = date.max) -> list[dict[str, Any]]:
        """Closed days of a provider, without items."""
        low, high = max(first, date(1970, 1, 1)), min(last, date(2149, 1, 1))
        with books() as database:
            return [day_view(one) for one in closings.closed_days(database, provider, low, high, with_items=False)]

    @router.get("/{provider}/{day}")
    def day(provider: str, day: date, *, items: bool = False) -> dict[str, Any]:
        """One closed day; `?items=true` with its items. 404 while it is open."""
        with books() as database:
            found = closings.closed_day(database, provider, day, with_items=items)
        if found is None:
            raise HTTPException(404, f"{day} of {provider} is not closed")
        return day_view(found)

    return router


def _dispute_routes(parts: Parts, books: Callable[[], AbstractContextManager[BookDatabase]]) -> APIRouter:
    router = APIRouter(prefix="/v1/disputes")
    reader, known = _reader(parts), _user(parts)

    @router.get("", dependencies=[Depends(reader)])
    def listed(provider: str | None = None, day: date | None = None, state: str = "pending") -> list[dict[str, Any]]:
        """Disputes in a state: open, assigned, proposed, decided, settled, pending (the first three) or all."""
        with books() as database:
            found = disputes.disputes(database, provider, day)
        return [dispute_view(one, _now_us(), parts.deadline_days) for one in found if matches(one, state)]

    @router.get("/{name}", dependencies=[Depends(reader)])
    def one(name: str) -> dict[str, Any]:
        """One dispute with everything that was done."""
        with books() as database:
            return dispute_view(disputes.dispute(database, name), _now_us(), parts.deadline_days)

    @router.post("/{name}/{kind}")
    def act(name: str, kind: str, wanted: Act, request: Request) -> dict[str, Any]:
        """assign, evidence, propose, withdraw, approve or reject. 403: no right; 409: not possible now."""
        with books() as database:
            found = perform(database, name, known(request), kind, wanted.model_dump(), _now_us())
            REQUESTS.labels("200").inc()
            return dispute_view(found, _now_us(), parts.deadline_days)

    return router


def _tree_routes(parts: Parts) -> APIRouter:
    router = APIRouter(prefix="/v1/trees")
    known = _user(parts)

    def tree(provider: str, day: date, request: Request) -> KeyTree:
        user = known(request)
        if parts.books is not None and user.role == PEER and not same_person(user.name, provider):
            raise NotAllowedError(f"{user.name} may compare its own days alone, not those of {provider}")
        found = parts.trees(provider, day)
        if found is None:
            raise HTTPException(404, f"nothing to compare for {provider} {day}: the day is not closed here")
        return found

    @router.post("/{provider}/{day}/nodes")
    def nodes(provider: str, day: date, asked: Ranges, request: Request) -> dict[str, Any]:
        """Hashes of ranges; no rows."""
        told = answers(tree(provider, day, request), asked.ranges, asked.levels)
        return {"nodes": {prefix: [node.kind, node.hash, node.place] for prefix, node in told.items()}}

    @router.post("/{provider}/{day}/keys")
    def keys(provider: str, day: date, asked: Places, request: Request) -> dict[str, Any]:
        """Keys of rows that only this side has, by place: names of passages and charges, no content."""
        found = tree(provider, day, request)
        named = {place: found.key_at(place) for place in asked.places}
        return {"keys": {place: key for place, key in named.items() if key is not None}}

    return router


def _machine_routes() -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    def health() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/metrics")
    def metrics() -> Response:
        """Prometheus text."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _now_us() -> int:
    return time.time_ns() // 1000
