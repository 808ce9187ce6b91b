"""Reflex's settings. Everything about the application itself lives in `app.settings`."""

import os

import reflex as rx

from app.ui.bundling import SmallModulesTogether

# A server with more than one worker shares its UI state through Redis and says so in REDIS_URL.
redis_url = os.environ.get("REDIS_URL") or None

config = rx.Config(
    app_name="app",
    app_module_import="app.app",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    # Plain CSS only: Radix and Tailwind would add about 160 kB to the first page.
    plugins=[SmallModulesTogether()],
    # Nearly every page is behind the sign-in; there is nothing to announce to search engines.
    disable_plugins=[rx.plugins.SitemapPlugin],
    frontend_compression_formats=["gzip", "brotli"],
    # Not part of any page: the build copies it for the API's documentation at /docs.
    frontend_packages=["swagger-ui-dist@5.35.0"],
    redis_url=redis_url,
    state_manager_mode=rx.constants.StateManagerMode.REDIS
    if redis_url
    # Never Reflex's default, disk: it pickles the visitor's request headers into `.states`.
    else rx.constants.StateManagerMode.MEMORY,
)
