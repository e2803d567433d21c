"""The router of the live page: HTML, its files, JSON, server-sent events and operator actions.

In: a `LiveView`. Out: an APIRouter for the back office's server. Every answer carries strict security headers; a
request that changes something must come from this page (same origin, JSON). No path that a client sends
ever reaches the file system.
"""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from backoffice.storage.live_view import LiveView
from backoffice.web.commands import CommandRequest, lane_command
from backoffice.web.events import event_stream, snapshot
from backoffice.web.views import account_json, passage_detail_json, passage_json
from lane_controller.stream.port import StreamError

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
}

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

RECENT_MAX: Final = 200


def static_files() -> dict[str, bytes]:
    """Every file that a browser may load, by name."""
    folder = resources.files("backoffice.web") / "static"
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


def secured(response: Response) -> None:
    """Dependency: security headers on every answer of the router."""
    response.headers.update(SECURITY_HEADERS)


def from_this_page(request: Request) -> None:
    """Dependency of everything that changes something: refuse what another site's page could make a browser send."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, f"requests from {origin[:100]!r} are refused: open the page of this plaza")
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send the request as application/json")


def make_router(live: LiveView) -> APIRouter:
    """All routes of the live page over `live`; evidence images come from the server that the router is put into."""
    router = APIRouter(dependencies=[Depends(secured)])
    _add_page(router)
    _add_reading(router, live)
    _add_commands(router, live)
    return router


def _add_page(router: APIRouter) -> None:
    files = static_files()

    @router.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        """The live page."""
        return HTMLResponse(files["index.html"], headers={**SECURITY_HEADERS, "Cache-Control": "no-cache"})

    @router.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        """A stylesheet, a script, the catalogue of texts or a picture."""
        suffix = "." + name.rpartition(".")[2]
        if name not in files or suffix not in MEDIA_TYPES:
            raise HTTPException(404, f"there is no file {name[:80]!r}")
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
        return Response(files[name], media_type=MEDIA_TYPES[suffix], headers=headers)


def _add_reading(router: APIRouter, live: LiveView) -> None:
    @router.get("/live/snapshot")
    async def whole_picture() -> dict[str, Any]:
        """Lanes, alarms, completeness, totals and the newest passages."""
        return await snapshot(live)

    @router.get("/live/events")
    async def events() -> StreamingResponse:
        """The same as server-sent events: snapshot first, then lanes, passage, alarms, totals and tick."""
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(event_stream(live), media_type="text/event-stream", headers=headers)

    @router.get("/live/passages")
    async def passages(
        limit: Annotated[int, Query(ge=1, le=RECENT_MAX)] = 40, lane: str | None = None
    ) -> list[dict[str, Any]]:
        """The newest passages, of one lane or all."""
        return [passage_json(passage) for passage in await live.recent_passages(limit, lane)]

    @router.get("/live/passages/{passage_id}")
    async def passage(passage_id: str) -> dict[str, Any]:
        """One passage with its explanation."""
        found = await live.passage(passage_id)
        if found is None:
            raise HTTPException(404, f"no passage {passage_id[:80]!r} is known here")
        return passage_detail_json(found)

    @router.get("/live/accounts")
    async def accounts(text: Annotated[str, Query(min_length=2, max_length=64)]) -> list[dict[str, Any]]:
        """Accounts by number, EPC or plate."""
        return [account_json(account) for account in await live.find_accounts(text)]


def _add_commands(router: APIRouter, live: LiveView) -> None:
    @router.post("/lanes/{lane}/commands", status_code=202, dependencies=[Depends(from_this_page)])
    async def command(lane: str, request: CommandRequest) -> dict[str, str]:
        """Ask something of a lane; the answer comes under /commands/{command_id}."""
        view = next((one for one in live.lanes() if one.status.lane == lane), None)
        if view is None:
            raise HTTPException(404, f"lane {lane[:40]!r} has not been heard of; known: {_names(live)}")
        order = lane_command(view.status.plaza, lane, request)
        try:
            await live.send_command(order)
        except StreamError as error:
            raise HTTPException(503, f"not sent, try again: {error}") from error
        return {"command_id": order.command_id}

    @router.get("/commands/{command_id}")
    def answer(command_id: str) -> dict[str, str | None]:
        """What the lane answered: result is null while it has not."""
        result, detail = live.command_answer(command_id) or (None, None)
        return {"command_id": command_id, "result": result, "detail": detail}


def _names(live: LiveView) -> str:
    return ", ".join(one.status.lane for one in live.lanes()) or "none"
