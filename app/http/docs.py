"""The API's documentation: Swagger UI from our own files."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · Atrium</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/theme.css">
<link rel="stylesheet" href="/vendor/swagger-ui.css">
<link rel="stylesheet" href="/api-docs.css">
<script src="/api-docs-theme.js"></script>
</head>
<body>
<header class="bar">
<a class="bar-brand" href="/"><img src="/favicon.svg" alt="">Atrium</a>
<a href="/openapi.json">OpenAPI document</a>
<a href="/">Back to the console</a>
</header>
<div id="docs">
<noscript>The document itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>
</div>
<script src="/vendor/swagger-ui.js"></script>
<script src="/api-docs.js"></script>
</body>
</html>
"""
# Swagger UI sets styles on its elements and draws its icons as data: images.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


@router.get("/docs")
async def documentation() -> HTMLResponse:
    """Show the API's documentation."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _CSP})
