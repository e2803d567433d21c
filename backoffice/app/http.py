"""The HTTP side: live pages, evidence, metrics, health.

In: a LiveView, an evidence store. Out: a FastAPI application. An upload is answered only when it is durable and
indexed; until then the lane sends it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest

from backoffice.storage.database import DatabaseError
from backoffice.storage.evidence import EvidenceRefusedError, EvidenceStore
from backoffice.storage.live_view import LiveView
from backoffice.web.pages import make_router
from lane_controller.stream.port import StreamError

UPLOADS = Counter("evidence_uploads_total", "Evidence files sent by lanes", ["result"])

Index = Callable[[str, int, str], Awaitable[None]]
"""Writes the index row of a file: hash, size, media type."""


def make_app(live: LiveView, evidence: EvidenceStore, index: Index) -> FastAPI:
    """The application; it serves no documentation pages, because those load files from the internet."""
    app = FastAPI(title="etc-plaza back office", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(DatabaseError, _away)
    app.add_exception_handler(StreamError, _away)
    app.include_router(_evidence_routes(evidence, index))
    app.include_router(_machine_routes(live))
    app.include_router(make_router(live))
    return app


async def _away(request: Request, error: Exception) -> JSONResponse:
    """Database or stream cannot answer now: the page shows that and asks again; the text holds no password."""
    return JSONResponse({"detail": str(error)}, status_code=503, headers={"Retry-After": "2"})


def _evidence_routes(evidence: EvidenceStore, index: Index) -> APIRouter:
    router = APIRouter()

    @router.put("/evidence/{sha256}")
    async def put(sha256: str, request: Request) -> JSONResponse:
        """Keep a file. 201: kept; 200: it was here; 400: not the announced bytes; 413: too large; 503: try again."""
        known = evidence.path(sha256)
        media_type = request.headers.get("content-type", "application/octet-stream")[:100]
        try:
            size = known.stat().st_size if known else await evidence.put(sha256, request.stream())
            await index(sha256, size, media_type)
        except EvidenceRefusedError as error:
            UPLOADS.labels("refused").inc()
            raise HTTPException(413 if error.too_large else 400, str(error)) from error
        except (OSError, DatabaseError) as error:
            UPLOADS.labels("failed").inc()
            raise HTTPException(503, "the file cannot be kept now; send it again later") from error
        UPLOADS.labels("known" if known else "kept").inc()
        return JSONResponse({"sha256": sha256, "size_bytes": size}, status_code=200 if known else 201)

    @router.get("/evidence/{sha256}")
    async def get(sha256: str) -> FileResponse:
        """The file; its name never changes its content, so that it may be cached for ever."""
        path = evidence.path(sha256)
        if path is None:
            raise HTTPException(404, "no such evidence")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return FileResponse(path, media_type=_media_type(_first_bytes(path)), headers=headers)

    return router


def _media_type(first: bytes) -> str:
    """From the content, never from what a client said: a page must not be served from here."""
    return "image/jpeg" if first[:3] == b"\xff\xd8\xff" else "application/octet-stream"


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _machine_routes(live: LiveView) -> APIRouter:
    router = APIRouter()

    @router.get("/metrics")
    async def metrics() -> Response:
        """Prometheus text."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/health")
    async def health() -> JSONResponse:
        """200 without critical alarms, else 503; the body names them."""
        critical = [alarm.text_en for alarm in live.alarms() if alarm.severity == "critical"]
        return JSONResponse({"critical": critical}, status_code=503 if critical else 200)

    return router
