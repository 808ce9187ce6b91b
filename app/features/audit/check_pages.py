"""The dialog that verifies the audit trail, and the one that asks to explain what it found."""

from typing import Any

import reflex as rx

from app.core.audit import REASON_LENGTH
from app.features.audit.check_state import TrailCheck
from app.features.audit.permissions import AuditPermission
from app.ui.page_state import Console
from components.button import button
from components.callout import callout
from components.code import copyable
from components.form import form
from components.form_dialog import form_dialog
from components.form_field import form_actions, form_field
from components.link import link
from components.modal import close_button, modal
from components.progress import progress
from components.relative_time import relative_time
from components.text_input import text_input


def check_dialogs() -> rx.Component:
    """Show how far the verification is, what came of it, and what can be done about it."""
    check = TrailCheck
    return rx.fragment(
        modal(
            "Verify the audit trail",
            rx.cond(
                check.is_running,
                progress(check.done, label="Verifying", total=1000, sentence=check.sentence),
                rx.fragment(_result(), _found(), _acknowledgements(), _remarks(), _head()),
            ),
            # Not at first: the focus is on *Stop* then.
            rx.cond(~check.is_running | (check.head != ""), _expectation()),
            open=check.is_open,
            sentence="Compares every entry with its seal, and the seals with their signed "
            "checkpoints.",
            footer=(close_button(rx.cond(check.is_running, "Stop", "Close")),),
            wide=True,
            dismissable=False,
            on_close=check.close,
        ),
        _acknowledge_dialog(),
    )


def _result() -> rx.Component:
    check = TrailCheck
    return rx.cond(
        check.faults > 0,
        callout(check.sentence, title=check.title, tone="danger", announce=True),
        callout(check.sentence, title=check.title, tone="success", announce=True),
    )


def _section(title: Any, *content: Any) -> rx.Component:
    return rx.el.section(rx.el.h3(title, class_name="section-title"), *content)


def _found() -> rx.Component:
    check = TrailCheck
    listed = check.findings.length()
    return rx.cond(
        check.faults > 0,
        _section(
            "What was found",
            rx.el.ul(rx.foreach(check.findings, _finding), class_name="findings"),
            rx.cond(
                check.faults > listed,
                rx.el.p(f"The first {listed} of {check.faults}.", class_name="quiet"),
            ),
            rx.cond(
                Console.may[AuditPermission.ACKNOWLEDGE] & (check.irregularities > 1),
                button(
                    f"Acknowledge all {check.irregularities} irregularities of time…",
                    on_click=check.ask(""),
                ),
            ),
        ),
    )


def _finding(finding: Any) -> rx.Component:
    words = finding["words"]
    return rx.el.li(
        rx.cond(finding["href"], _opened(words, finding["href"]), rx.el.span(words)),
        rx.cond(
            Console.may[AuditPermission.ACKNOWLEDGE] & (finding["place"] != ""),
            button("Acknowledge…", size="s", on_click=TrailCheck.ask(finding["place"])),
        ),
    )


def _opened(words: Any, href: Any) -> rx.Component:
    # The entry opens on the page behind the dialog.
    return rx.el.span(link(words, href=href), on_click=TrailCheck.close)


def _acknowledgements() -> rx.Component:
    check = TrailCheck

    def line(known: Any) -> rx.Component:
        return rx.el.li(
            rx.el.p(known["words"]),
            rx.el.p(
                _opened(rx.fragment(known["by"]), known["href"]),
                ", ",
                relative_time(known["at"].to(str), exact=True),
                ": ",
                known["reason"],
                class_name="quiet",
            ),
        )

    return rx.cond(
        check.acknowledged.length() > 0,
        _section(
            "What was acknowledged",
            rx.el.ul(rx.foreach(check.acknowledged, line), class_name="findings"),
        ),
    )


def _remarks() -> rx.Component:
    return rx.cond(
        TrailCheck.remarks.length() > 0,
        _section(
            "What one should know",
            rx.el.ul(rx.foreach(TrailCheck.remarks, rx.el.li), class_name="findings"),
        ),
    )


def _head() -> rx.Component:
    return rx.cond(
        TrailCheck.head,
        _section(
            "Head of the trail",
            copyable(TrailCheck.head, label="Copy the head", wraps=True),
            rx.el.p(
                "Note it elsewhere. A later verification that expects it fails if another history "
                "was put in the place of this one.",
                class_name="quiet",
            ),
        ),
    )


def _expectation() -> rx.Component:
    check = TrailCheck
    return form(
        form_field(
            "Expected head",
            text_input("expect", mono=True, max_length=200, autocomplete="off"),
            help="One that you noted after an earlier verification: the trail must still hold it.",
            error=check.field_errors.get("expect", "").to(str),
            optional=True,
        ),
        form_actions(button("Verify again", type="submit", loading=check.is_running)),
        on_submit=check.expect,
        errors=check.field_errors,
        keeps=False,
        label="Verify again",
    )


def _acknowledge_dialog() -> rx.Component:
    check = TrailCheck
    return form_dialog(
        "Acknowledge irregularities of time",
        rx.el.ul(rx.foreach(check.asked, rx.el.li), class_name="findings"),
        form_field(
            "Reason",
            text_input("reason", max_length=REASON_LENGTH, autocomplete="off", autofocus=True),
            help="What had happened, such as: the clock was two hours ahead and was set right.",
            error=check.field_errors.get("reason", "").to(str),
            required=True,
        ),
        open=check.asked.length() > 0,
        sentence="A signed entry of the audit trail says who explained it, when and why. From then "
        "on verification counts it as a fault no more.",
        on_submit=check.acknowledge,
        on_close=check.leave,
        submit_label="Acknowledge",
        errors=check.field_errors,
        error=check.form_error,
    )
