"""The overview page."""

from typing import Any

import reflex as rx

from app.features.audit.pages import entry_timeline
from app.features.audit.permissions import AuditPermission
from app.features.dashboard.permissions import DashboardPermission
from app.features.dashboard.state import ComponentRow, Overview
from app.features.users.permissions import UserPermission
from app.ui.page_state import Console
from components.badge import STATUSES, badge, status_badge
from components.button import link_button
from components.card import card, columns, stack
from components.chart import bar_chart, sparkline
from components.description_list import description_list
from components.icon_button import icon_button
from components.number import grouped
from components.page_header import page_header
from components.progress import skeleton
from components.refresh import refresh
from components.stat_tile import stat_tile
from components.states import empty_state, error_state

_HEALTH = {
    "up": ("Up", "success", "circle_check"),
    "degraded": ("Degraded", "warning", "triangle_alert"),
    "down": ("Down", "danger", "circle_x"),
}


def overview_page() -> rx.Component:
    """Answer what people ask each morning; everybody gets the answers that concern them."""
    problem = Overview.problem
    return rx.fragment(
        page_header(
            "Overview",
            rx.cond(
                (Console.email == "") | Console.may[AuditPermission.READ],
                "What happened, and whether all is well.",
                "What you did last, and who you are here.",
            ),
        ),
        rx.cond(
            problem.message != "",
            error_state(problem.message, request_id=problem.request_id, on_retry=Overview.load),
            rx.cond(Console.email == "", _waiting(), _content()),
        ),
        refresh(Overview.refresh),
    )


def _waiting() -> rx.Component:
    """Hold the place until it is known what the person may see."""
    return stack(columns(*(card(skeleton(lines=2)) for _ in range(4))), card(skeleton(lines=6)))


def _content() -> rx.Component:
    may = Console.may
    users = rx.cond(may[UserPermission.READ], _active_users())
    health = rx.cond(may[DashboardPermission.HEALTH], _health())
    return rx.cond(
        may[AuditPermission.READ],
        stack(
            columns(users, *_activity_numbers(), rx.foreach(Overview.tiles, _tile)),
            _beside(_sign_ins(), health),
            _recent(),
        ),
        stack(_tiles(), _beside(_own_activity(), stack(users, health, _account()), even=False)),
    )


def _tiles() -> rx.Component:
    """What modules show."""
    return rx.cond(Overview.tiles.length() > 0, columns(rx.foreach(Overview.tiles, _tile)))


def _tile(tile: rx.Var[Any]) -> rx.Component:
    def draw(**more: Any) -> rx.Component:
        return stat_tile(
            tile.title.to(str), _once_loaded(tile.number), change=tile.sentence.to(str), **more
        )

    def with_mood(**more: Any) -> rx.Component:
        return rx.cond(tile.mood == "", draw(**more), draw(good=tile.mood == "good", **more))

    return rx.cond(tile.path == "", with_mood(), with_mood(href=tile.path.to(str)))


def _beside(main: rx.Component, aside: Any, *, even: bool = True) -> rx.Component:
    return rx.el.div(main, aside, class_name="beside" if even else "beside beside-top")


def _active_users() -> rx.Component:
    return stat_tile(
        "Active users",
        _once_loaded(Overview.active_users),
        href="/users?status=active",
        change=Overview.suspended,
    )


def _activity_numbers() -> list[rx.Component]:
    return [
        stat_tile(
            "People who signed in",
            _once_loaded(grouped(Overview.people)),
            href=Overview.succeeded_href,
            change="Last 30 days",
            chart=sparkline(Overview.people_by_day, label="People who signed in per day"),
        ),
        stat_tile(
            "Failed sign-ins",
            _once_loaded(grouped(Overview.failures)),
            href=Overview.failed_href,
            change=rx.cond(Overview.failure_rate, Overview.failure_rate, "Last 30 days"),
        ),
        stat_tile(
            "Denied actions",
            _once_loaded(grouped(Overview.denied)),
            href="/audit?outcome=denied&since=24h",
            change="Last 24 hours",
        ),
    ]


def _once_loaded(value: Any) -> rx.Component:
    return rx.cond(Overview.loading, rx.el.span("…", class_name="quiet"), value)


def _sign_ins() -> rx.Component:
    return card(
        rx.cond(
            Overview.loading,
            skeleton(lines=4),
            bar_chart(
                Overview.days,
                [
                    {"key": "succeeded", "title": "signed in", "tone": "accent"},
                    {"key": "failed", "title": "failed", "tone": STATUSES["failed"][1]},
                ],
                label="Sign-ins per day",
                label_title="Day",
            ),
        ),
        title="Sign-ins",
        sentence="To console and API, in the last 30 days (UTC).",
        actions=(_see_all(Overview.sign_ins_href),),
    )


def _see_all(href: Any) -> rx.Component:
    return link_button("See all", href=href, size="s")


def _health() -> rx.Component:
    return card(
        rx.cond(
            Overview.loading,
            skeleton(lines=3),
            rx.el.dl(rx.foreach(Overview.components, _component), class_name="facts facts-ends"),
        ),
        title="Health",
        sentence=rx.cond(
            Overview.is_healthy, "All components answer.", "A component needs attention."
        ),
        actions=(
            icon_button("rotate_cw", "Check again", size="s", on_click=Overview.check_health),
        ),
    )


def _component(row: ComponentRow) -> rx.Component:
    return rx.el.div(
        rx.el.dt(row.name),
        rx.el.dd(
            rx.el.span(row.detail, class_name="quiet"),
            status_badge(row.state, _HEALTH),
            class_name="line",
        ),
    )


def _recent() -> rx.Component:
    return card(
        _timeline(),
        title="Recent activity",
        sentence="The last things that were done or tried.",
        actions=(_see_all("/audit"),),
    )


def _own_activity() -> rx.Component:
    return card(
        _timeline(with_origin=True),
        title="Your recent activity",
        sentence="If something here was not you, change your password.",
    )


def _timeline(*, with_origin: bool = False) -> rx.Component:
    return rx.cond(
        Overview.loading,
        skeleton(lines=6),
        rx.cond(
            Overview.recent.length() > 0,
            entry_timeline(Overview.recent, with_origin=with_origin),
            empty_state("Nothing happened yet", "What is done stands here.", icon="history"),
        ),
    )


def _account() -> rx.Component:
    return card(
        description_list(
            [
                ("Name", Console.name),
                ("E-mail", Console.email),
                (
                    "Roles",
                    rx.cond(
                        Console.roles.length() > 0,
                        rx.el.span(rx.foreach(Console.roles, _role), class_name="line"),
                        "none",
                    ),
                ),
            ]
        ),
        link_button("Your profile", href="/profile", icon="user"),
        title="Your account",
    )


def _role(name: Any) -> rx.Component:
    return badge(name)
