"""The gallery's messages and what stands where nothing stands."""

import reflex as rx

from components.button import button
from components.callout import callout
from components.card import card, columns, stack
from components.states import (
    denied_state,
    empty_state,
    error_state,
    no_match_state,
    not_found_state,
    session_expired_state,
)


def situations() -> rx.Component:
    """Show the states of a page."""
    return rx.el.section(
        rx.el.h2("Messages and states", class_name="gallery-title"),
        stack(
            callout("A new version is installed tonight at 22:00.", title="Maintenance."),
            callout("Everything was imported.", tone="success"),
            callout(
                "The certificate ends in 3 days.",
                tone="warning",
                action=button("Renew", size="s"),
            ),
            callout("The mail server does not answer.", title="No mail.", tone="danger"),
        ),
        columns(
            card(
                empty_state(
                    "No roles yet",
                    "A role says what people may do. Start with one for editors.",
                    icon="shield",
                    action=button("New role", variant="primary", icon="plus"),
                )
            ),
            card(
                no_match_state(
                    "No user has the role Editor and the status suspended.",
                    on_clear=rx.prevent_default,
                )
            ),
            card(
                error_state(
                    "The list of users did not arrive.",
                    request_id="01HZX5",
                    on_retry=rx.prevent_default,
                )
            ),
            card(
                denied_state(
                    "user.update", granted_by="Anna Berg or any Administrator", heading="h2"
                )
            ),
            card(session_expired_state()),
            card(not_found_state(heading="h2")),
        ),
        class_name="gallery-section",
    )
