"""What a browser shows when a page could not even be sent."""

from html import escape

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Something went wrong · Atrium</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/theme.css">
<link rel="stylesheet" href="/console.css">
</head>
<body>
<main class="state state-danger" role="alert">
<h1 class="state-title">Something went wrong on our side</h1>
<p class="state-text">Nothing was changed. Try again; if it happens once more, tell an operator
the request's id.</p>
<p class="state-id">Request <code class="mono">{request_id}</code></p>
<div class="state-actions"><a class="button button-secondary" href="">Try again</a>
<a class="button button-ghost" href="/">Back to overview</a></div>
</main>
</body>
</html>
"""


def failure_page(request_id: str) -> bytes:
    """The page for an internal error; it needs no script and none of the built pages."""
    return _PAGE.format(request_id=escape(request_id)).encode()
